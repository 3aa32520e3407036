"""The site as an app: it has no tables, only checks of its settings."""

from django.apps import AppConfig
from django.core.checks import register

from connector_site.checks import alarms_reach_somebody


class SiteConfig(AppConfig):
    """Plugs the parts together."""

    name = "connector_site"

    def ready(self) -> None:
        """Every management command tells what is missing, the release's migrations first."""
        register(alarms_reach_somebody)
