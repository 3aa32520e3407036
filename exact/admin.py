"""The Exact side's tables, to look at."""

from django.contrib import admin

from connector_site.lib.admin import LargeAdmin, LookingAdmin
from exact.models import (
    Breaker,
    CallBudget,
    Connection,
    ConsentLink,
    Grant,
    MasterRecord,
    ShippingMethod,
    SyncCursor,
    Warehouse,
    WebhookSubscription,
)


@admin.register(Grant)
class GrantAdmin(LookingAdmin):
    """Permissions of Exact users; the tokens are not shown."""

    list_display = ("code", "site", "generation", "consented_at", "received_at", "failures", "needs_reconnect_at")
    list_filter = ("site",)
    search_fields = ("code", "exact_user_id")
    ordering = ("-received_at",)


@admin.register(Connection)
class ConnectionAdmin(LookingAdmin):
    """Connected companies."""

    list_display = (
        "division_name",
        "division",
        "site",
        "tenant",
        "connected_at",
        "disconnected_at",
        "blocked_until_at",
    )
    list_filter = ("site",)
    list_select_related = ("tenant",)
    search_fields = ("division_name", "division", "code", "tenant__name")
    ordering = ("-connected_at",)


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(LookingAdmin):
    """What Exact notifies us of."""

    list_display = ("topic", "connection", "tenant", "confirmed_at")
    list_select_related = ("connection", "tenant")
    ordering = ("-confirmed_at",)


@admin.register(SyncCursor)
class SyncCursorAdmin(LookingAdmin):
    """How far changes were read."""

    list_display = ("endpoint", "connection", "tenant", "timestamp", "read_at")
    list_select_related = ("connection", "tenant")
    ordering = ("-read_at",)


@admin.register(ShippingMethod)
class ShippingMethodAdmin(LookingAdmin):
    """Shipping methods as last read."""

    list_display = ("exact_code", "description", "active", "connection", "tenant", "read_at")
    list_filter = ("active",)
    list_select_related = ("connection", "tenant")
    search_fields = ("exact_code", "description")
    ordering = ("exact_code",)


@admin.register(Warehouse)
class WarehouseAdmin(LookingAdmin):
    """Warehouses as last read; their addresses are not shown."""

    list_display = ("exact_code", "description", "is_main", "connection", "tenant", "read_at")
    list_select_related = ("connection", "tenant")
    search_fields = ("exact_code", "description")
    ordering = ("exact_code",)


@admin.register(ConsentLink)
class ConsentLinkAdmin(LookingAdmin):
    """Links for colleagues with the Exact rights; what was allowed by them is not shown."""

    list_display = ("code", "site", "tenant", "made_at", "given_at", "expires_at", "ended_at")
    list_filter = ("site",)
    list_select_related = ("tenant",)
    search_fields = ("code", "tenant__name")
    ordering = ("-made_at",)


@admin.register(MasterRecord)
class MasterRecordAdmin(LargeAdmin):
    """Which records are held; their content is about people and is not shown."""

    list_display = ("resource", "key", "connection", "tenant", "read_at")
    list_select_related = ("connection", "tenant")


@admin.register(CallBudget)
class CallBudgetAdmin(LookingAdmin):
    """Calls spent."""

    list_display = ("connection", "tenant", "opened_minute", "day_number")
    list_select_related = ("connection", "tenant")
    ordering = ("pk",)


@admin.register(Breaker)
class BreakerAdmin(LookingAdmin):
    """Endpoints that were refused, or that we stopped calling."""

    list_display = ("endpoint", "connection", "tenant", "opened_at", "probe_at")
    list_select_related = ("connection", "tenant")
    ordering = ("endpoint",)
