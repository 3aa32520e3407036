"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only events of everything that happened."""

    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"
