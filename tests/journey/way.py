"""Letting parcels travel in the UPS stand-in, and the product taking in what is told of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from syncjobs import progress, ticks
from syncjobs.models import Delivery, Parcel, SyncJob, TrackingEvent
from tenants.context import tenant_context
from tests.journey.conftest import Journey, wait_for

HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A journey with its parcels under way. The stand-in's clock runs ahead of ours; ours stands still."""

    journey: Journey

    def ship(self, **wishes: object) -> tuple[str, Delivery]:
        """Book, ship, write the number, and subscribe to UPS's news."""
        entry_id, delivery = self.journey.ship(**wishes)
        self.subscribe()
        return entry_id, delivery

    def subscribe(self) -> None:
        """Let the moment of waiting subscriptions come."""
        self.make_due(SyncJob.Kind.ALERT)
        self.journey.work()

    def make_due(self, *kinds: SyncJob.Kind) -> None:
        """Let the moment of these jobs come."""
        with tenant_context(self.journey.tenant.id):
            SyncJob.objects.filter(tenant=self.journey.tenant, state="due", kind__in=kinds).update(
                due_at=timezone.now()
            )

    def parcels(self, delivery: Delivery) -> list[Parcel]:
        """Its parcels in their order."""
        with tenant_context(self.journey.tenant.id):
            return list(Parcel.objects.filter(shipment__delivery=delivery).order_by("position"))

    def events(self, parcel: Parcel) -> list[TrackingEvent]:
        """The history of a parcel, oldest first."""
        with tenant_context(self.journey.tenant.id):
            return list(TrackingEvent.objects.filter(parcel=parcel).order_by("happened_at", "pk"))

    def travel(self, parcel: Parcel, script: str, *, pushes: str = "all") -> None:
        """Send a parcel off."""
        self.journey.ups.control(
            "POST", f"parcels/{parcel.tracking_number}/travel", {"script": script, "pushes": pushes}
        )

    def advance(self, hours: float) -> None:
        """Let time pass at UPS."""
        self.journey.ups.control("POST", "clock", {"advance_seconds": hours * HOUR_SECONDS})

    def pushes(self, parcel: Parcel) -> list[dict[str, Any]]:
        """What UPS pushed about a parcel."""
        found: list[dict[str, Any]] = self.journey.ups.control(
            "GET", f"pushes?tracking_number={parcel.tracking_number}"
        )["pushes"]
        return found

    def await_pushes(self, parcel: Parcel, count: int) -> list[dict[str, Any]]:
        """Wait until so many pushes were answered."""
        found = wait_for(lambda: len(done := self.pushes(parcel)) >= count and done)
        assert found, f"{count} pushes were expected, there are {len(self.pushes(parcel))}"
        return found

    def take_in(self) -> None:
        """Work off what came, without waiting for the moments at which things are written together."""
        self.journey.work()
        self.make_due(SyncJob.Kind.EVENTS, SyncJob.Kind.LOOK, SyncJob.Kind.STATUS, SyncJob.Kind.PROOF)
        self.journey.work()

    def look_now(self, delivery: Delivery) -> None:
        """Let the moment come at which the Tracking API is asked about each parcel that is followed."""
        with tenant_context(self.journey.tenant.id):
            rows = Parcel.objects.filter(shipment__delivery=delivery, look_at__isnull=False)
            rows.update(look_at=timezone.now() - timedelta(seconds=1))
        ticks.turn_due()
        self.take_in()

    def in_exact(self, entry_id: str) -> dict[str, Any]:
        """The delivery as Exact shows it."""
        return self.journey.company.delivery(entry_id)


@pytest.fixture
def way(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> Way:
    """Parcels that may travel; what the stand-in's clock says lies in our future and is believed."""
    monkeypatch.setattr(progress, "FROM_THE_FUTURE", timedelta(days=3650))
    journey.ups.control("POST", "settings", {"token_seconds": 10_000_000})
    return Way(journey=journey)
