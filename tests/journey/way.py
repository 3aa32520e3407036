"""Letting parcels travel in the UPS stand-in, and the product taking in what is told of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from syncjobs import ticks
from syncjobs.models import Delivery, Parcel, SyncJob, TrackingEvent
from syncjobs.tracking import milestones, progress
from syncjobs.tracking.history_rows import told_of
from syncjobs.tracking.milestones import standing_of
from tenants.context import tenant_context
from tests.journey.conftest import Journey, wait_for
from ups.models import QuantumViewFeed
from ups.statuses import Reason
from ups.tracking_settings import add_feed

HOUR_SECONDS = 3600
UNLIMITED = 1_000_000
WHOLE_SECONDS = len("2026-01-01T00:00:00")
HEAVY_KG = 40
"""Two of these make two parcels."""
SPLIT = "split_over_days"
JUMPS = (9.5, 13.0, 4.7, 4.0, 20.5, 27.0, 180.0)
"""Hours that cut the scripts in the middle of what belongs together; in all more than the longest one takes."""
ENDS = {
    "delivered": ("closed", ()),
    "returned_to_sender": ("review", ("returned",)),
    "exception": ("review", ("lost",)),
    "label_created": ("reported", ()),
    "voided": ("review", ("voided_at_ups",)),
    "in_transit": ("in_transit", ()),
    "out_for_delivery": ("in_transit", ()),
}
"""Where a delivery stands when its parcels have ended so: its state and the codes of its problems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traveller:
    """A delivery whose parcels travel by one of the stand-in's scripts."""

    script: dict[str, Any]
    entry_id: str
    delivery: Delivery
    parcels: tuple[Parcel, ...]

    @property
    def path(self) -> list[tuple[str, ...]]:
        """The milestones that each parcel passes, as the stand-in says."""
        return [tuple(self.script["milestones"])] * len(self.parcels)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a delivery and its parcels ended; reasons of exceptions only."""

    milestones: tuple[str, ...]
    reasons: tuple[str, ...]
    state: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A journey with its parcels under way. The stand-in's clock runs ahead of ours; ours stands still."""

    journey: Journey

    def ship(self, **wishes: object) -> tuple[str, Delivery]:
        """Book, ship, write the number, and subscribe to UPS's news."""
        entry_id, delivery = self.journey.ship(**wishes)
        self.subscribe()
        return entry_id, delivery

    def ship_many(self, count: int, **wishes: object) -> list[tuple[str, Delivery]]:
        """The same for several deliveries together."""
        entry_ids = self._book(count, **wishes)
        found = [(entry_id, self.journey.notified(entry_id)) for entry_id in entry_ids]
        self.journey.work()
        self.subscribe()
        return [(entry_id, self.journey.refreshed(delivery)) for entry_id, delivery in found]

    def send_off(self, *names: str, pushes: str = "all", hours_per_second: float = 0) -> list[Traveller]:
        """Ship a delivery for each of these scripts, or all there are, and let its parcels travel by it."""
        known = self.journey.ups.control("GET", "scripts")["scripts"]
        scripts = [script for script in known if script["name"] in (names or [script["name"]])]
        plain = [script for script in scripts if script["name"] != SPLIT]
        item = self.journey.company.item_with_weight()
        self.journey.company.change("logistics/Items", item["id"], GrossWeight=HEAVY_KG)
        shipped = self.ship_many(len(plain), lines=[{"item_id": item["id"], "quantity": 1}])
        split = [script for script in scripts if script["name"] == SPLIT]
        shipped += self.ship_many(len(split), lines=[{"item_id": item["id"], "quantity": 2}]) if split else []
        travellers = [
            Traveller(script=script, entry_id=entry_id, delivery=delivery, parcels=tuple(self.parcels(delivery)))
            for script, (entry_id, delivery) in zip([*plain, *split], shipped, strict=True)
        ]
        for traveller in travellers:
            for parcel in traveller.parcels:
                self.travel(parcel, traveller.script["name"], pushes=pushes, hours_per_second=hours_per_second)
        return travellers

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

    def parcel(self, delivery: Delivery) -> Parcel:
        """Its only parcel."""
        (found,) = self.parcels(delivery)
        return found

    def events(self, parcel: Parcel) -> list[TrackingEvent]:
        """The history of a parcel, oldest first."""
        with tenant_context(self.journey.tenant.id):
            return list(TrackingEvent.objects.filter(parcel=parcel).order_by("happened_at", "pk"))

    def passed(self, parcel: Parcel) -> tuple[str, ...]:
        """The milestones that its stored history went through, repetitions in a row left out."""
        told = [told_of(row) for row in self.events(parcel)]
        reached = [standing_of(told[: count + 1]).milestone.value for count in range(len(told))]
        return tuple(milestone for milestone, _ in groupby(reached))

    def paths(self, travellers: Sequence[Traveller]) -> dict[str, list[tuple[str, ...]]]:
        """The same for each script's parcels."""
        return {
            traveller.script["name"]: [self.passed(parcel) for parcel in traveller.parcels] for traveller in travellers
        }

    def settings(self, **changes: object) -> None:
        """Change how the UPS stand-in behaves, until the end of the test."""
        self.journey.ups.control("POST", "settings", changes)

    def travel(
        self,
        parcel: Parcel,
        script: str,
        *,
        pushes: str = "all",
        hours_per_second: float = 0,
        starts_in_hours: float = 0,
    ) -> None:
        """Send a parcel off."""
        order = {
            "script": script,
            "pushes": pushes,
            "hours_per_second": hours_per_second,
            "start_in_seconds": starts_in_hours * HOUR_SECONDS,
        }
        self.journey.ups.control("POST", f"parcels/{parcel.tracking_number}/travel", order)

    def travel_all(self, parcels: Sequence[Parcel], script: str, *, pushes: str = "none") -> None:
        """Send several off."""
        for parcel in parcels:
            self.travel(parcel, script, pushes=pushes)

    def hide(self, parcels: Sequence[Parcel], *, is_hidden: bool = True) -> None:
        """Let the Tracking API know nothing of these parcels, or know them again."""
        for parcel in parcels:
            self.journey.ups.control("POST", f"parcels/{parcel.tracking_number}/tracking", {"hidden": is_hidden})

    def advance(self, hours: float) -> None:
        """Let time pass at UPS."""
        self.journey.ups.control("POST", "clock", {"advance_seconds": hours * HOUR_SECONDS})

    def known(self, parcel: Parcel) -> list[dict[str, Any]]:
        """What UPS itself knows of a parcel by now, the label left out."""
        found: list[dict[str, Any]] = self.journey.ups.control("GET", f"parcels/{parcel.tracking_number}")["activities"]
        return [activity for activity in found if activity["code"] != "MP"]

    def missed(self, parcel: Parcel, source: str = "") -> list[dict[str, Any]]:
        """What UPS knows of a parcel and its history does not hold, or does not hold from this source."""
        rows = [row for row in self.events(parcel) if source in ("", *row.sources)]
        held = {(row.type, row.event_code, row.local_at) for row in rows}
        return [
            activity
            for activity in self.known(parcel)
            if (activity["type"], activity["code"], activity["local_at"][:WHOLE_SECONDS]) not in held
        ]

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

    def await_all_pushes(self, travellers: Sequence[Traveller], *, copies: int = 1) -> None:
        """Wait until all that is known was pushed, or got lost on the way."""
        wanted = {
            parcel.tracking_number: len(self.known(parcel)) * copies
            for traveller in travellers
            for parcel in traveller.parcels
        }

        def sent() -> bool:
            records = self.journey.ups.control("GET", "pushes")["pushes"]
            counts = Counter(record["tracking_number"] for record in records)
            return all(counts[number] >= count for number, count in wanted.items())

        assert wait_for(sent, seconds=30, pause_seconds=0.2), "not everything was pushed"

    def take_in(self) -> None:
        """Work off what came, without waiting for the moments at which things are written together."""
        self.journey.work()
        self.make_due(
            SyncJob.Kind.EVENTS, SyncJob.Kind.LOOK, SyncJob.Kind.CONFIRM, SyncJob.Kind.STATUS, SyncJob.Kind.PROOF
        )
        self.journey.work()

    def take_in_pushes(self, travellers: Sequence[Traveller], *, copies: int = 1) -> None:
        """The same when everything was pushed."""
        self.await_all_pushes(travellers, copies=copies)
        self.take_in()

    def take_in_pushes_of(self, parcel: Parcel) -> None:
        """The same for a single parcel."""
        self.await_pushes(parcel, len(self.known(parcel)))
        self.take_in()

    def look_now(self, *deliveries: Delivery) -> None:
        """Let the moment come at which the Tracking API is asked about each parcel that is followed."""
        with tenant_context(self.journey.tenant.id):
            rows = Parcel.objects.filter(shipment__delivery__in=deliveries, look_at__isnull=False)
            rows.update(look_at=timezone.now() - timedelta(seconds=1))
        ticks.turn_due()
        self.make_due(SyncJob.Kind.LOOK)
        self.take_in()

    def offer_view(self, name: str) -> None:
        """Set a subscription of Quantum View up at UPS."""
        order = {"shipper_number": self.journey.account.shipper_number, "name": name}
        self.journey.ups.control("POST", "view-subscriptions", order)

    def read_from(self, name: str) -> QuantumViewFeed:
        """Set one up, and have it read."""
        self.offer_view(name)
        return add_feed(self.journey.account, name)

    def read_view(self) -> None:
        """Let the moment come at which Quantum View is read."""
        with tenant_context(self.journey.tenant.id):
            QuantumViewFeed.objects.filter(tenant=self.journey.tenant).update(poll_at=timezone.now())
        ticks.turn_due()
        self.take_in()

    def let_pass(
        self, travellers: Sequence[Traveller], jumps: Sequence[float], *, then: Callable[[], None]
    ) -> list[set[str]]:
        """Let these hours pass one after the other, and `then` after each.

        Returns for each the scripts whose end the product believed although the Tracking API had not told it of one.
        """
        too_soon: list[set[str]] = []
        for hours in jumps:
            self.advance(hours)
            then()
            too_soon.append(self.believed(travellers) - self.ends_told_by(travellers, "track"))
        return too_soon

    def believed(self, travellers: Sequence[Traveller]) -> set[str]:
        """The scripts that have ended for the product: a parcel at its end, or a delivery that is over or in review."""
        names = {traveller.delivery.pk: traveller.script["name"] for traveller in travellers}
        is_over = Q(state__in=["delivered", "closed", "review"]) | Q(shipments__parcels__confirmed_at__isnull=False)
        with tenant_context(self.journey.tenant.id):
            rows = Delivery.objects.filter(is_over | Q(shipments__parcels__milestone__in=milestones.ENDS), pk__in=names)
            return {names[key] for key in rows.values_list("pk", flat=True)}

    def ends_told_by(self, travellers: Sequence[Traveller], source: str) -> set[str]:
        """The scripts of which this source told an end, or a loss."""
        names = {traveller.delivery.pk: traveller.script["name"] for traveller in travellers}
        is_end = Q(milestone__in=milestones.ENDS) | Q(reason=Reason.LOST_OR_DESTROYED)
        with tenant_context(self.journey.tenant.id):
            rows = TrackingEvent.objects.filter(is_end, parcel__shipment__delivery__in=names, sources__contains=source)
            return {names[key] for key in rows.values_list("parcel__shipment__delivery", flat=True)}

    def claimed(self, travellers: Sequence[Traveller]) -> set[str]:
        """The scripts with a parcel that is said to have ended, which nobody has confirmed."""
        return {
            traveller.script["name"]
            for traveller in travellers
            if any(parcel.claim_at for parcel in self.parcels(traveller.delivery))
        }

    def in_exact(self, entry_id: str) -> dict[str, Any]:
        """The delivery as Exact shows it."""
        return self.journey.company.delivery(entry_id)

    def writes(self) -> Counter[str]:
        """How often each delivery was written to in Exact, by its entry id."""
        calls = self.journey.company.exact.control("GET", "calls?limit=20000")["calls"]
        ours = f"/api/v1/{self.journey.company.division}/salesorder/GoodsDeliveries(guid'"
        return Counter(
            call["path"].partition(ours)[2].rstrip("')").lower()
            for call in calls
            if call["method"] == "PUT" and ours in call["path"]
        )

    def found(self, travellers: Sequence[Traveller]) -> dict[str, End]:
        """How each script ended, as the product has it."""
        return {traveller.script["name"]: self._found(traveller) for traveller in travellers}

    def _found(self, traveller: Traveller) -> End:
        parcels = self.parcels(traveller.delivery)
        delivery = self.journey.refreshed(traveller.delivery)
        return End(
            milestones=tuple(parcel.milestone for parcel in parcels),
            reasons=tuple(parcel.reason for parcel in parcels if parcel.milestone == "exception"),
            state=delivery.state,
            problems=tuple(problem["code"] for problem in delivery.problems),
        )

    def _book(self, count: int, **wishes: object) -> list[str]:
        company = self.journey.company
        order = {
            "account_id": company.account_in("NL")["id"],
            "shipping_method_id": str(company.method("UPSSTD")),
            "count": count,
            "lines": [{"item_id": company.item_with_weight()["id"], "quantity": 2}],
            **wishes,
        }
        booked = company.exact.control("POST", f"companies/{company.division}/deliveries", order)
        return [str(row["EntryID"]) for row in booked["deliveries"]]


def ends_somewhere(traveller: Traveller) -> bool:
    """Whether the parcels of this script come to an end, well or not."""
    script = traveller.script
    return script["final_milestone"] in milestones.ENDS or bool(script["final_reason"])


def truths(travellers: Sequence[Traveller]) -> dict[str, End]:
    """How each script ends, as the stand-in says."""
    return {traveller.script["name"]: _truth(traveller) for traveller in travellers}


def _truth(traveller: Traveller) -> End:
    script, count = traveller.script, len(traveller.parcels)
    milestone, reason = script["final_milestone"], script["final_reason"]
    state, problems = ENDS[milestone]
    return End(
        milestones=(milestone,) * count, reasons=(reason,) * count if reason else (), state=state, problems=problems
    )


@pytest.fixture
def way(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """Parcels that may travel; what the stand-in's clock says lies in our future and is believed.

    Exact takes as many calls as come: how many are made is counted, not awaited.
    """
    monkeypatch.setattr(progress, "FROM_THE_FUTURE", timedelta(days=3650))
    monkeypatch.setattr(progress, "CLOCKS_DIFFER", timedelta(days=3650))
    exact, ups = journey.company.exact, journey.ups
    before = exact.control("GET", "settings"), ups.control("GET", "settings")
    exact.control("POST", "settings", {"minutely_limit": UNLIMITED, "daily_limit": UNLIMITED})
    ups.control("POST", "settings", {"token_seconds": 10_000_000})
    yield Way(journey=journey)
    exact.control("POST", "settings", before[0])
    ups.control("POST", "settings", before[1])
