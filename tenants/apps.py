"""The tenants app."""

from importlib import import_module

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Users, tenants and who may see what."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the way in, and bind second factors to their person, once models are there."""
        import_module("tenants.sign_in_log").connect()
        import_module("tenants.mfa").connect()
