"""The Exact Online app."""

from django.apps import AppConfig


class ExactConfig(AppConfig):
    """Exact Online: grants, connections, calls, and the messages Exact sends."""

    name = "exact"
    verbose_name = "Exact Online"
    default_auto_field = "django.db.models.BigAutoField"
