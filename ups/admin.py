"""The UPS side's tables, to look at."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from connector_site.lib.admin import LargeAdmin, LookingAdmin
from ups.models import Account, AlertSubscription, ProductCheck, QuantumViewFeed


@admin.register(Account)
class AccountAdmin(LookingAdmin):
    """UPS accounts; credentials and tokens are not shown."""

    list_display = (
        "name",
        "shipper_number",
        "environment",
        "tenant",
        "checked_at",
        "stopped_at",
        "stopped_reason",
        "alert_version",
        "alert_problem",
        "alert_silent_at",
        "tracking_problem",
    )
    list_filter = ("environment", "alert_version")
    list_select_related = ("tenant",)
    search_fields = ("name", "shipper_number", "tenant__name")
    ordering = ("tenant__name", "name")

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """What proves UPS to us is of no use to people, not even as a digest."""
        return [name for name in super().get_fields(request, obj) if not name.endswith("_digest")]


@admin.register(AlertSubscription)
class AlertSubscriptionAdmin(LargeAdmin):
    """Parcels that UPS was asked to tell us of."""

    list_display = ("tracking_number", "tenant", "account", "state", "expires_at", "due_at", "problem")
    list_filter = ("state",)
    list_select_related = ("tenant", "account")


@admin.register(QuantumViewFeed)
class QuantumViewFeedAdmin(LookingAdmin):
    """Quantum View subscriptions and how far they were read."""

    list_display = ("name", "tenant", "account", "watermark_at", "read_at", "poll_at", "problem", "missed_until_at")
    list_select_related = ("tenant", "account")
    search_fields = ("name", "tenant__name")
    ordering = ("tenant__name", "name")


@admin.register(ProductCheck)
class ProductCheckAdmin(LookingAdmin):
    """What was found out about the products of customers' apps."""

    list_display = ("product", "outcome", "tenant", "account", "ups_code", "problem", "checked_at")
    list_filter = ("product", "outcome")
    list_select_related = ("tenant", "account")
    search_fields = ("tenant__name", "account__name", "ups_code")
    ordering = ("tenant__name", "account__name", "product")
