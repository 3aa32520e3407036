"""What must hold after every step, told by the stand-ins' stores and logs and compared with our rows."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from audit.chain import verify
from syncjobs.models import Attempt, Delivery, Shipment
from tenants.context import tenant_context
from tests.crash import oracle
from tests.machine.world import FOREIGN, World

QUIET = timedelta(minutes=15)
"""What lands no later than this after it was sent must never meet a second shipment (`reliability.md` 1.4)."""
CALLS_A_MINUTE = 60
"""Of one company and clock minute (`exact.md` 5)."""
A = Attempt.State
TOLD_OF = frozenset({A.ORPHAN, A.VOIDING, A.VOID_REFUSED})
"""A shipment too many that we know of: it is being voided, or a person is asked."""
UNSETTLED = frozenset({A.SENDING, A.IN_DOUBT, A.REVIEW})
Made = dict[str, Any]


def broken(world: World) -> list[str]:
    """Every promise that does not hold now, in words."""
    return list(_all(world))


def _all(world: World) -> Iterator[str]:
    ups_now, made = world.ups_now(), world.journey.shipments_at_ups()
    deliveries = world.deliveries()
    placed: set[str] = set()
    for delivery in deliveries:
        attempts = {attempt.reference: attempt for attempt in world.attempts(delivery)}
        mine = [(row, attempts[name]) for row in made for name in row["references"] if name in attempts]
        placed |= {row["number"] for row, _ in mine}
        yield from _too_many(world, delivery, mine, ups_now)
        yield from _unknown(world, mine)
        yield from _exact_shows(world, delivery, mine)
        if oracle.is_forgotten(world.scene, delivery):
            yield f"nothing will move {delivery.code}, which is {delivery.state}"
    yield from (f"shipment {row['number']} belongs to nothing we know" for row in made if row["number"] not in placed)
    yield from _calls(world)
    yield from _rows(world)


def _too_many(world: World, delivery: Delivery, mine: list[tuple[Made, Attempt]], ups_now: datetime) -> Iterator[str]:
    """One live shipment; others only if we know that they are too many, if one came late, or if a person dared it."""
    live = [(row, attempt) for row, attempt in mine if not row["voided"] and attempt.state not in TOLD_OF]
    if len(live) <= 1 or str(delivery.exact_entry_id) in world.chosen:
        return
    late = [row for row, attempt in live if _came_late(row, attempt, ups_now)]
    if len(live) - len(late) > 1 or len(late) == len(live):
        told = ", ".join(f"{row['number']} of an attempt that is {attempt.state}" for row, attempt in live)
        yield f"{len(live)} live shipments for one delivery: {told}"


def _came_late(row: Made, attempt: Attempt, ups_now: datetime) -> bool:
    """It was made after the quiet time, and is still looked for."""
    assert attempt.sent_at is not None
    age_at_ups = ups_now - datetime.fromisoformat(row["created_at"])
    lateness = timezone.now() - attempt.sent_at - age_at_ups
    return lateness > QUIET and attempt.state == A.ABSENT and attempt.due_at is not None


def _unknown(world: World, mine: list[tuple[Made, Attempt]]) -> Iterator[str]:
    """Each shipment is kept, in doubt, looked for, or known to be one too many."""
    with tenant_context(world.journey.tenant.id):
        kept = set(Shipment.objects.values_list("ups_shipment_id", flat=True))
    for row, attempt in mine:
        is_looked_for = attempt.state in UNSETTLED or (attempt.state == A.ABSENT and attempt.due_at is not None)
        is_known = row["number"] in kept or attempt.void_id == row["number"] or attempt.late_answer is not None
        if not (is_known or is_looked_for or row["voided"]):
            yield f"shipment {row['number']} of an attempt that is {attempt.state} is not known to us"


def _exact_shows(world: World, delivery: Delivery, mine: list[tuple[Made, Attempt]]) -> Iterator[str]:
    entry_id = str(delivery.exact_entry_id)
    if entry_id in world.deleted:
        return
    shown = world.journey.company.delivery(entry_id)["TrackingNumber"] or ""
    if entry_id in world.foreign:
        if shown != FOREIGN:
            yield f"we wrote {shown} over a number of somebody else's"
        return
    ours = {parcel["tracking_number"] for row, _ in mine for parcel in row["parcels"]}
    if shown and shown not in ours:
        yield f"Exact shows {shown}, which nobody made for this delivery"


def _calls(world: World) -> Iterator[str]:
    for reference, times in oracle.references_sent_twice(world.scene).items():
        yield f"reference {reference} was sent {times} times"
    again = oracle.spent_tokens_sent(world.scene)
    if len(again) > len(world.cut_off_generations) + world.renewals_spoilt:
        yield f"{len(again)} spent tokens were sent again, {len(world.cut_off_generations)} of them in good faith"
    minutes = Counter(call["at"][:16] for call in world.journey.exact_calls())
    yield from (f"{count} calls in minute {minute}" for minute, count in minutes.items() if count > CALLS_A_MINUTE)


def _rows(world: World) -> Iterator[str]:
    yield from (f"{row} waits for nothing" for row in oracle.open_rows_without_a_moment(world.scene))
    with tenant_context(world.journey.tenant.id):
        broken_at = verify(world.journey.tenant.id).broken_at
    if broken_at is not None:
        yield f"the audit chain is broken at {broken_at}"
