"""The UPS app."""

from django.apps import AppConfig


class UpsConfig(AppConfig):
    """UPS accounts, tokens and shipments."""

    name = "ups"
    default_auto_field = "django.db.models.BigAutoField"
