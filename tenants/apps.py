"""The tenants app."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Users, tenants and who may see what."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"
