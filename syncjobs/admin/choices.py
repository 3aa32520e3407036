"""What the customers chose and count, to look at."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from connector_site.lib.admin import LookingAdmin
from syncjobs.models import Reporting, ShipFrom, ShippingRule


@admin.register(ShippingRule)
class ShippingRuleAdmin(LookingAdmin):
    """What the customers chose."""

    list_display = ("exact_method_id", "tenant", "service_code", "packaging_code", "label_format", "position")
    list_filter = ("label_format",)
    list_select_related = ("tenant",)
    ordering = ("tenant__name", "position")


@admin.register(ShipFrom)
class ShipFromAdmin(LookingAdmin):
    """Where the customers' parcels leave from; whom UPS asks for there is not shown."""

    list_display = ("tenant", "warehouse_code", "city", "country", "checked_at", "check_problem")
    list_select_related = ("tenant",)
    ordering = ("tenant__name", "warehouse_code")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All but the person."""
        return [name for name in super().get_fields(request, obj) if name not in {"attention_name", "phone", "email"}]


@admin.register(Reporting)
class ReportingAdmin(LookingAdmin):
    """What the customers have written into Exact."""

    list_display = ("tenant", "connection", "milestones", "writes_proof", "document_type", "types_read_at")
    list_filter = ("writes_proof",)
    list_select_related = ("tenant", "connection")
    ordering = ("tenant__name",)
