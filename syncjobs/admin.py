"""Deliveries, shipments, messages and jobs, to look at; and the one action that looks again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from connector_site.lib.admin import LookingAdmin, is_operating
from syncjobs import replay
from syncjobs.models import (
    Alarm,
    Attempt,
    Delivery,
    DryRun,
    Export,
    ExportPart,
    Finding,
    Heartbeat,
    Label,
    Manifest,
    Parcel,
    PartyAddress,
    Receipt,
    Reconciliation,
    Reporting,
    ShipFrom,
    Shipment,
    ShippingRule,
    SyncJob,
    SystemAlarm,
    TrackingEvent,
    ViewFile,
    ViewPage,
)
from tenants.gate import actor_of, signed_in


@admin.register(Delivery)
class DeliveryAdmin(LookingAdmin):
    """Goods deliveries of every customer."""

    list_display = ("delivery_number", "tenant", "state", "milestone", "order_numbers", "created_at", "changed_at")
    list_filter = ("state", "milestone")
    list_select_related = ("tenant",)
    search_fields = ("delivery_number", "order_numbers", "code", "exact_entry_id", "tenant__name")
    ordering = ("-created_at",)
    actions = ("run_again",)

    @admin.action(description="Run again from the step that stopped", permissions=["run_again"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Each delivery on its own; what may not be run again is named with the reason."""
        actor = actor_of(signed_in(request))
        for delivery in queryset:
            try:
                replay.run_again(
                    actor=actor, tenant_id=delivery.tenant_id, delivery_code=delivery.code, at=timezone.now()
                )
            except replay.NotAllowedNow as refused:
                self.message_user(request, f"{delivery}: {refused}", messages.WARNING)
            else:
                self.message_user(request, f"{delivery} is looked at again.", messages.SUCCESS)

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        """The operating team."""
        return is_operating(request.user)


@admin.register(PartyAddress)
class PartyAddressAdmin(LookingAdmin):
    """That an address is held; the address itself is not shown."""

    list_display = ("code", "delivery", "tenant", "changed_at")
    list_select_related = ("delivery", "tenant")
    ordering = ("-changed_at",)


@admin.register(Attempt)
class AttemptAdmin(LookingAdmin):
    """Requests to UPS."""

    list_display = ("reference", "tenant", "delivery", "state", "environment", "sent_at", "settled_at")
    list_filter = ("state", "environment")
    list_select_related = ("delivery", "tenant")
    search_fields = ("reference", "code", "delivery__delivery_number")
    ordering = ("-planned_at",)


@admin.register(Shipment)
class ShipmentAdmin(LookingAdmin):
    """Shipments that UPS made."""

    list_display = (
        "ups_shipment_id",
        "tenant",
        "delivery",
        "service_code",
        "charge_amount",
        "charge_currency",
        "created_at",
    )
    list_select_related = ("delivery", "tenant")
    search_fields = ("ups_shipment_id", "code")
    ordering = ("-created_at",)


@admin.register(Parcel)
class ParcelAdmin(LookingAdmin):
    """Packages with their numbers."""

    list_display = ("tracking_number", "tenant", "shipment", "position", "milestone", "reason", "attention", "look_at")
    list_filter = ("milestone", "attention")
    list_select_related = ("shipment", "tenant")
    search_fields = ("tracking_number",)
    ordering = ("-pk",)


@admin.register(Label)
class LabelAdmin(LookingAdmin):
    """That a label is held; the label itself shows a name and an address and is not shown."""

    list_display = ("code", "tenant", "parcel", "image_format", "created_at")
    list_filter = ("image_format",)
    list_select_related = ("parcel", "tenant")
    ordering = ("-created_at",)


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


@admin.register(DryRun)
class DryRunAdmin(LookingAdmin):
    """Looks at what would happen; what they show is not shown here."""

    list_display = ("asked_at", "tenant", "connection", "finished_at", "problem")
    list_select_related = ("tenant", "connection")
    ordering = ("-asked_at",)


@admin.register(Export)
class ExportAdmin(LookingAdmin):
    """That a customer asked for a copy of her data."""

    list_display = ("asked_at", "tenant", "finished_at", "expires_at", "size_bytes")
    list_select_related = ("tenant",)
    ordering = ("-asked_at",)


@admin.register(ExportPart)
class ExportPartAdmin(LookingAdmin):
    """The files of such a copy, without what is in them."""

    list_display = ("name", "tenant", "export", "table", "rows")
    list_select_related = ("tenant", "export")
    ordering = ("-pk",)


@admin.register(Receipt)
class ReceiptAdmin(LookingAdmin):
    """Messages that came in; the bytes are not shown."""

    list_display = ("received_at", "tenant", "source", "topic", "action", "subject", "repeats", "dead_letter")
    list_filter = ("source", "topic", "dead_letter")
    list_select_related = ("tenant",)
    search_fields = ("subject", "fingerprint")
    ordering = ("-received_at",)


@admin.register(SyncJob)
class SyncJobAdmin(LookingAdmin):
    """Work that is due, at work, done or given up."""

    list_display = ("kind", "tenant", "subject", "state", "due_at", "starts", "failures", "last_error")
    list_filter = ("state", "kind", "queue")
    list_select_related = ("tenant",)
    search_fields = ("subject", "code")
    ordering = ("-created_at",)


@admin.register(TrackingEvent)
class TrackingEventAdmin(LookingAdmin):
    """What UPS told of parcels; the raw event may name who signed and is not shown."""

    list_display = ("happened_at", "tenant", "parcel", "sources", "type", "event_code", "status_code", "milestone")
    list_filter = ("milestone", "type")
    list_select_related = ("tenant", "parcel")
    search_fields = ("parcel__tracking_number",)
    ordering = ("-pk",)


@admin.register(Reporting)
class ReportingAdmin(LookingAdmin):
    """What the customers have written into Exact."""

    list_display = ("tenant", "connection", "milestones", "writes_proof", "document_type", "types_read_at")
    list_filter = ("writes_proof",)
    list_select_related = ("tenant", "connection")
    ordering = ("tenant__name",)


@admin.register(ViewPage)
class ViewPageAdmin(LookingAdmin):
    """Answers of Quantum View; the bytes are not shown."""

    list_display = ("received_at", "tenant", "feed", "used_at", "problem")
    list_select_related = ("tenant", "feed")
    ordering = ("-pk",)


@admin.register(ViewFile)
class ViewFileAdmin(LookingAdmin):
    """Files of Quantum View that were used."""

    list_display = ("used_at", "tenant", "feed", "fingerprint")
    list_select_related = ("tenant", "feed")
    ordering = ("-pk",)


@admin.register(Manifest)
class ManifestAdmin(LookingAdmin):
    """Parcels that UPS says were announced under our references."""

    list_display = ("tracking_number", "tenant", "account", "reference", "shipped_date", "first_seen_at")
    list_select_related = ("tenant", "account")
    search_fields = ("tracking_number", "reference")
    ordering = ("-pk",)


@admin.register(SystemAlarm)
class SystemAlarmAdmin(LookingAdmin):
    """What is or was wrong with the service itself."""

    list_display = ("kind", "subject", "details", "raised_at", "seen_at", "cleared_at", "mailed_at")
    list_filter = ("kind",)
    search_fields = ("subject",)
    ordering = ("-raised_at",)


@admin.register(Alarm)
class AlarmAdmin(LookingAdmin):
    """What is or was wrong at the customers."""

    list_display = ("kind", "tenant", "subject", "details", "raised_at", "cleared_at", "mailed_at")
    list_filter = ("kind",)
    list_select_related = ("tenant",)
    search_fields = ("subject", "tenant__name")
    ordering = ("-raised_at",)


@admin.register(Heartbeat)
class HeartbeatAdmin(LookingAdmin):
    """The last sign of life of the clock and of each queue."""

    list_display = ("name", "seen_at")
    ordering = ("name",)


@admin.register(Reconciliation)
class ReconciliationAdmin(LookingAdmin):
    """Runs of the nightly comparison."""

    list_display = ("began_at", "tenant", "connection", "ended_at", "exact_deliveries", "our_deliveries", "problem")
    list_select_related = ("tenant", "connection")
    ordering = ("-began_at",)


@admin.register(Finding)
class FindingAdmin(LookingAdmin):
    """Differences that the comparison found."""

    list_display = ("kind", "tenant", "subject", "found_at", "seen_at", "repair_asked_at", "resolved_at", "resolution")
    list_filter = ("kind", "resolution")
    list_select_related = ("tenant",)
    search_fields = ("subject", "tenant__name")
    ordering = ("-found_at",)
