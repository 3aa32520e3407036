"""How every delivery must end once the outside world is calm again and time has passed."""

from collections.abc import Iterator
from typing import Any

from audit.models import Event
from syncjobs import engine
from syncjobs.doubts.options import cases
from syncjobs.models import Attempt, Delivery, SyncJob
from tenants.context import tenant_context
from tests.crash import oracle
from tests.machine.world import FOREIGN, World

PAUSES = (3, 6, 16, 16, 61, 24 * 60, 50 * 60)
"""Minutes: past a lease, through the questions about a doubt, then past each late watch (`reliability.md` 1.4)."""
DRAWN_IN = (0, 4, 6)
"""The pauses before which the nets are drawn in, as they are by themselves day and night."""
NETS = [kind for kind in (SyncJob.Kind.CHANGES, SyncJob.Kind.RECONCILE) if kind in engine.STEPS]
D = Delivery.State
A = Attempt.State
SHIPPED = frozenset({D.REPORTED, D.IN_TRANSIT, D.DELIVERED, D.CLOSED})
STOPPED = frozenset({D.HOLD, D.REVIEW, D.CANCELLED, D.SKIPPED})


def heal(world: World) -> Iterator[int]:
    """Trouble ends, people renew what they must, and only time passes; yields after each pause."""
    world.calm()
    world.journey.check_ups_account()
    for turn, minutes in enumerate(PAUSES):
        if oracle.needs_reconnect(world.scene):
            world.reconnect()
        for kind in NETS if turn in DRAWN_IN else ():
            world.ask(kind)
        world.live(minutes)
        yield minutes


def passed_through(world: World) -> set[str]:
    """Where attempts have stood, by the audit trail: what the run has tried out."""
    with tenant_context(world.journey.tenant.id):
        moves = Event.objects.filter(tenant_id=world.journey.tenant.id, kind=Event.Kind.MOVED)
        return set(moves.values_list("to_state", flat=True))


def unhappy(world: World) -> list[str]:
    """Deliveries without a good end, in words."""
    known = {str(delivery.exact_entry_id): delivery for delivery in world.deliveries()}
    missing = [entry_id for entry_id in world.booked if entry_id not in known and entry_id not in world.deleted]
    found = [f"delivery {entry_id} was never found" for entry_id in missing]
    for entry_id, delivery in known.items():
        found += [f"delivery {entry_id}: {what}" for what in _ends_badly(world, entry_id, delivery)]
    return found


def _ends_badly(world: World, entry_id: str, delivery: Delivery) -> Iterator[str]:
    attempts = world.attempts(delivery)
    live = [row for row in world.shipments(entry_id) if not row["voided"]]
    if delivery.state not in SHIPPED | STOPPED:
        yield f"is still on its way: {_story(delivery, attempts)}"
    elif delivery.state in STOPPED and not _is_told(delivery):
        yield f"is {delivery.state}, and nobody is told why"
    elif delivery.state in SHIPPED and entry_id not in world.voided_by_hand:
        yield from _shipped_badly(world, entry_id, live, attempts)
    if len(_not_asked_about(live, attempts)) > 1:
        yield f"has {len(live)} live shipments: {_story(delivery, attempts)}"
    if delivery.state == D.CANCELLED and _not_asked_about(live, attempts) and entry_id not in world.chosen:
        yield f"is cancelled and has a live shipment: {_story(delivery, attempts)}"


def _is_told(delivery: Delivery) -> bool:
    with tenant_context(delivery.tenant_id):
        is_asked = bool(cases(delivery.tenant_id, delivery))
    return is_asked if delivery.state == D.REVIEW else bool(delivery.problems)


def _shipped_badly(world: World, entry_id: str, live: list[dict[str, Any]], attempts: list[Attempt]) -> Iterator[str]:
    kept = _not_asked_about(live, attempts)
    if len(kept) != 1:
        yield f"counts as shipped with {len(kept)} live shipments"
        return
    if entry_id in world.deleted:
        return
    shown = world.journey.company.delivery(entry_id)["TrackingNumber"]
    wanted = FOREIGN if entry_id in world.foreign else kept[0]["parcels"][0]["tracking_number"]
    if shown != wanted:
        yield f"Exact shows {shown or 'nothing'} instead of {wanted}"


def _not_asked_about(live: list[dict[str, Any]], attempts: list[Attempt]) -> list[dict[str, Any]]:
    """Without those about which a person is asked, or has said that they may stay."""
    left = {
        attempt.reference
        for attempt in attempts
        if attempt.orphaned_at is not None and (attempt.review_reason or (attempt.evidence or {}).get("seen"))
    }
    return [row for row in live if not left & set(row["references"])]


def _story(delivery: Delivery, attempts: list[Attempt]) -> str:
    told = [f"{row.reference[-4:]} {row.state} {row.review_reason} {row.void_id}" for row in attempts]
    with tenant_context(delivery.tenant_id):
        jobs = SyncJob.objects.filter(subject=delivery.code).order_by("pk")
        done = [f"{job.kind} {job.state} {job.failures} {job.due_at:%d %H:%M} {job.last_error}" for job in jobs]
    return f"{delivery.state} {delivery.problems}; attempts {told}; jobs {done}"
