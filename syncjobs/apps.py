"""The syncjobs app."""

from django.apps import AppConfig


class SyncjobsConfig(AppConfig):
    """Deliveries, shipments, receipts and the jobs that move them."""

    name = "syncjobs"
    default_auto_field = "django.db.models.BigAutoField"
