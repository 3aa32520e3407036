"""Asking UPS about labels that we voided: nobody follows them any more, and one that travels is charged for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from exact.models import Connection
from syncjobs.doubts.witnesses import was_scanned
from syncjobs.models import Parcel
from syncjobs.steps.context import Step
from tenants.context import tenant_context
from ups.errors import UpsError

PARCELS_AT_ONCE = 20
"""One call each (`ups.md` 8: there is no batch); the last ones voided come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """Numbers of voided shipments that UPS has had in its hands; `is_whole` when it answered about all of them."""

    numbers: frozenset[str]
    is_whole: bool


def scanned_after_void(
    connection: Connection, subjects: Collection[UUID], step: Step, *, since_at: datetime
) -> Scanned:
    """Ask about the labels voided in the period, and those that findings are about (`subjects`)."""
    with tenant_context(connection.tenant_id):
        rows = Parcel.objects.select_related("shipment__attempt__account").filter(
            Q(shipment__voided_at__gte=since_at) | Q(shipment__delivery__code__in=list(subjects)),
            tenant_id=connection.tenant_id,
            shipment__delivery__connection=connection,
            shipment__voided_at__isnull=False,
        )
        parcels = list(rows.order_by("-shipment__voided_at", "pk")[: PARCELS_AT_ONCE + 1])
    seen: set[str] = set()
    for parcel in parcels[:PARCELS_AT_ONCE]:
        number = parcel.tracking_number
        try:
            is_scanned = was_scanned(parcel.shipment.attempt, number, step)
        except UpsError:
            return Scanned(numbers=frozenset(seen), is_whole=False)
        if is_scanned:
            seen.add(number)
    return Scanned(numbers=frozenset(seen), is_whole=len(parcels) <= PARCELS_AT_ONCE)
