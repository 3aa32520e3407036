"""Deliveries and what became of them, to look at; and the one action that looks again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from connector_site.lib.admin import LargeAdmin, confirmed, is_operating, one_of
from syncjobs import replay
from syncjobs.actions import rules
from syncjobs.models import (
    Attempt,
    Delivery,
    Label,
    Manifest,
    Parcel,
    PartyAddress,
    Shipment,
    SyncJob,
    TrackingEvent,
    ViewFile,
    ViewPage,
)
from tenants.context import tenant_context
from tenants.gate import actor_of, signed_in

AT_ONCE = 50
"""Our own bound, one page of the list."""
_WHAT_RUNS: dict[SyncJob.Kind | None, str] = {
    SyncJob.Kind.READ: "read from Exact once more; what may be shipped then is shipped, and paid.",
    SyncJob.Kind.REPORT: "what Exact refused is written there once more. Nothing is paid.",
    SyncJob.Kind.PROOF: "its proof of delivery is filed in Exact once more. Nothing is paid.",
}


@admin.register(Delivery)
class DeliveryAdmin(LargeAdmin):
    """Goods deliveries of every customer."""

    list_display = ("delivery_number", "tenant", "state", "milestone", "order_numbers", "created_at", "changed_at")
    list_filter = ("state", one_of("milestone", Parcel.Milestone.choices))
    list_select_related = ("tenant",)
    search_fields = ("code", "delivery_number", "order_numbers")
    actions = ("run_again",)

    @admin.action(description="Run again from the step that stopped", permissions=["run_again"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> Any:
        """Each delivery on its own; what may not be run again is named with the reason, before and after."""
        if len(queryset[: AT_ONCE + 1]) > AT_ONCE:
            self.message_user(request, f"Choose at most {AT_ONCE} deliveries. Nothing was done.", messages.WARNING)
            return None
        question = "Run these deliveries again, each from the step that stopped?"
        asked = confirmed(request, self, queryset, action="run_again", question=question, consequence=_what_runs)
        if asked is not None:
            return asked
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
        return None

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        """The operating team."""
        return is_operating(request.user)


def _what_runs(delivery: Delivery) -> str:
    """What running it again does, or why it may not be."""
    with tenant_context(delivery.tenant_id):
        facts = rules.read_facts(delivery.tenant_id, delivery.code)
        return rules.why_not(rules.Action.REPLAY, facts) or _WHAT_RUNS[replay.step_to_run(facts.delivery)]


@admin.register(PartyAddress)
class PartyAddressAdmin(LargeAdmin):
    """That an address is held; the address itself is not shown."""

    list_display = ("code", "delivery", "tenant", "changed_at")
    list_select_related = ("delivery", "tenant")
    search_fields = ("code", "delivery__delivery_number")


@admin.register(Attempt)
class AttemptAdmin(LargeAdmin):
    """Requests to UPS."""

    list_display = ("reference", "tenant", "delivery", "state", "environment", "sent_at", "settled_at")
    list_filter = ("state",)
    list_select_related = ("delivery", "tenant")
    search_fields = ("code", "reference")


@admin.register(Shipment)
class ShipmentAdmin(LargeAdmin):
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
    search_fields = ("code", "ups_shipment_id")


@admin.register(Parcel)
class ParcelAdmin(LargeAdmin):
    """Packages with their numbers."""

    list_display = ("tracking_number", "tenant", "shipment", "position", "milestone", "reason", "attention", "look_at")
    list_filter = (one_of("milestone", Parcel.Milestone.choices), one_of("attention", Parcel.Attention.choices))
    list_select_related = ("shipment", "tenant")
    search_fields = ("code", "tracking_number")


@admin.register(Label)
class LabelAdmin(LargeAdmin):
    """That a label is held; the label itself shows a name and an address and is not shown."""

    list_display = ("code", "tenant", "parcel", "image_format", "created_at")
    list_select_related = ("parcel", "tenant")


@admin.register(TrackingEvent)
class TrackingEventAdmin(LargeAdmin):
    """What UPS told of parcels; the raw event may name who signed and is not shown."""

    list_display = ("happened_at", "tenant", "parcel", "sources", "type", "event_code", "status_code", "milestone")
    list_filter = (one_of("milestone", Parcel.Milestone.choices),)
    list_select_related = ("tenant", "parcel")
    search_fields = ("code", "parcel__tracking_number")


@admin.register(ViewPage)
class ViewPageAdmin(LargeAdmin):
    """Answers of Quantum View; the bytes are not shown."""

    list_display = ("received_at", "tenant", "feed", "used_at", "problem")
    list_select_related = ("tenant", "feed")


@admin.register(ViewFile)
class ViewFileAdmin(LargeAdmin):
    """Files of Quantum View that were used."""

    list_display = ("used_at", "tenant", "feed", "fingerprint")
    list_select_related = ("tenant", "feed")


@admin.register(Manifest)
class ManifestAdmin(LargeAdmin):
    """Parcels that UPS says were announced under our references."""

    list_display = ("tracking_number", "tenant", "account", "reference", "shipped_date", "first_seen_at")
    list_select_related = ("tenant", "account")
    search_fields = ("code", "reference")
