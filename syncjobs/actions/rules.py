"""Which actions a delivery allows as it stands, each with what it does, or why not now. Pure: rows are read ahead."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector_site.lib.wording import said
from syncjobs.models import Attempt, Delivery, Parcel, Shipment
from syncjobs.models.shipments import MAY_EXIST
from syncjobs.replay import is_held_by_person, why_not_again
from syncjobs.reporting import waits_for_rewrite
from syncjobs.setup.going_live import content_to_approve
from syncjobs.tracking.courses import LOST, RETURNED
from ups.models import SEALED_OF_ACCOUNT

D, A, M = Delivery.State, Attempt.State, Parcel.Milestone
BEFORE_LABEL = frozenset({D.RECEIVED, D.READY, D.HOLD, D.SKIPPED})
WITH_LABEL = frozenset({D.LABELLED, D.REPORTED, D.IN_TRANSIT, D.DELIVERED, D.CLOSED})
_VOIDABLE = frozenset({D.LABELLED, D.REPORTED, D.HOLD})
_LEAST_OF_SEVERAL = 2
_UNSCANNED = frozenset({M.LABEL_CREATED, M.UNKNOWN})
_CAME_TO_NOTHING = frozenset({RETURNED, LOST})
"""Reviews that a further shipment may answer: the goods came back, or are lost."""


LOOK_FIRST = said("It is a further shipment. Look at its price first, with “Ship again”.")


class Action(StrEnum):
    """What a person may have done with a delivery."""

    REPLAY = "replay"
    SHIP_NOW = "ship_now"
    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"
    VOID = "void"
    VOID_PARCELS = "void_parcels"
    SHIP_AGAIN = "ship_again"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One action: `why_not` is empty where it is allowed, `consequence` says what it does."""

    action: Action
    title: str
    consequence: str
    why_not: str = ""

    @property
    def is_allowed(self) -> bool:
        """Whether it may be asked for now."""
        return not self.why_not


class NotAllowed(Exception):
    """The action is not possible as things stand; the message says why. Nothing has happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A delivery with all that was asked of UPS for it; the shipments with their parcels read ahead."""

    delivery: Delivery
    shipments: tuple[Shipment, ...]
    attempts: tuple[Attempt, ...]

    @property
    def live(self) -> tuple[Shipment, ...]:
        """What UPS made and nobody voided or is voiding, the newest last."""
        made = {attempt.pk: attempt.shipment_no for attempt in self.attempts if attempt.state == A.CREATED}
        rows = [row for row in self.shipments if row.voided_at is None and row.attempt_id in made]
        return tuple(sorted(rows, key=lambda row: (made[row.attempt_id], row.created_at)))

    def attempt_of(self, shipment: Shipment) -> Attempt:
        """The request that it was made for."""
        return next(attempt for attempt in self.attempts if attempt.pk == shipment.attempt_id)

    @property
    def next_shipment_no(self) -> int:
        """The number of a further shipment."""
        return max([self.delivery.shipment_no, *(row.shipment_no for row in self.attempts)]) + 1

    @property
    def has_earlier_label(self) -> bool:
        """Whether a further shipment is under way beside one that stands."""
        numbers = {self.attempt_of(row).shipment_no for row in self.live}
        return bool(numbers) and max(numbers) < self.delivery.shipment_no


def allowed(delivery: Delivery, shipments: Sequence[Shipment], attempts: Sequence[Attempt]) -> tuple[Allowed, ...]:
    """Every action, in the order of the page; `shipments` with their parcels read ahead."""
    facts = Facts(delivery=delivery, shipments=tuple(shipments), attempts=tuple(attempts))
    return tuple(_one(action, facts) for action in Action)


def locked_facts(tenant_id: uuid.UUID, delivery_code: uuid.UUID) -> Facts:
    """The same of a delivery that is locked until the open transaction ends. Raises `Delivery.DoesNotExist`."""
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("connection")
    return _facts_of(rows.get(tenant_id=tenant_id, code=delivery_code))


def read_facts(tenant_id: uuid.UUID, delivery_code: uuid.UUID) -> Facts:
    """The same to look at. Raises `Delivery.DoesNotExist`."""
    rows = Delivery.objects.select_related("connection")
    return _facts_of(rows.get(tenant_id=tenant_id, code=delivery_code))


def why_not(action: Action, facts: Facts) -> str:
    """Why it is not possible now; empty where it is."""
    return _WHY_NOT[action](facts)


def must_allow(action: Action, facts: Facts) -> None:
    """Raise `NotAllowed` with the reason where it is not possible now."""
    refused = why_not(action, facts)
    if refused:
        raise NotAllowed(refused)


def _facts_of(delivery: Delivery) -> Facts:
    mine = {"tenant_id": delivery.tenant_id, "delivery": delivery}
    shipments = Shipment.objects.filter(**mine).prefetch_related("parcels").order_by("created_at")
    attempts = Attempt.objects.filter(**mine).select_related("account").order_by("shipment_no", "attempt_no")
    known = tuple(attempts.defer("request", *SEALED_OF_ACCOUNT))
    for attempt in known:
        attempt.delivery = delivery
    return Facts(delivery=delivery, shipments=tuple(shipments), attempts=known)


def live_parcels_of(shipment: Shipment) -> tuple[Parcel, ...]:
    """Those that were not voided alone, in order."""
    alive = [row for row in shipment.parcels.all() if row.voided_at is None]
    return tuple(sorted(alive, key=lambda row: row.position))


def why_not_void(facts: Facts, shipment: Shipment) -> str:
    """Why this shipment cannot be voided as a whole; empty where it can."""
    is_beside_another = facts.delivery.state == D.IN_TRANSIT and len(facts.live) > 1
    if facts.delivery.state not in _VOIDABLE and not is_beside_another:
        return _not_voidable(facts)
    busy = _busy(facts)
    if busy:
        return busy
    if any(row.milestone not in _UNSCANNED for row in live_parcels_of(shipment)):
        return said("UPS has scanned a parcel of it; what is on its way cannot be voided. Ask UPS to return it.")
    if any(row.void_asked_at is not None for row in live_parcels_of(shipment)):
        return said("UPS is being asked to void a parcel of it; wait for the answer.")
    return ""


def voidable_parcels(facts: Facts, shipment: Shipment) -> tuple[Parcel, ...]:
    """The parcels of a shipment that may be voided alone, as long as one is left."""
    rows = live_parcels_of(shipment)
    if facts.delivery.state not in {D.LABELLED, D.REPORTED, D.IN_TRANSIT} or len(rows) < _LEAST_OF_SEVERAL:
        return ()
    if facts.delivery.return_of_id is not None:
        return ()
    if shipment.country and shipment.country != facts.attempt_of(shipment).account.country:
        return ()
    return tuple(row for row in rows if row.milestone in _UNSCANNED and row.void_asked_at is None)


def _one(action: Action, facts: Facts) -> Allowed:
    title, consequence = _WORDS[action]
    return Allowed(action=action, title=title, consequence=consequence, why_not=_WHY_NOT[action](facts))


def _busy(facts: Facts) -> str:
    """What has to be known before anything else is done."""
    rows = [row for row in facts.attempts if row.orphaned_at is None]
    if any(row.state == A.VOIDING for row in rows):
        return said("UPS is being asked to void its shipment; wait for the answer.")
    if any(row.state in MAY_EXIST for row in rows):
        return said("UPS may have made a shipment for it; nothing else is done until that is known.")
    return ""


def _replay(facts: Facts) -> str:
    return why_not_again(facts.delivery, facts.attempts)


def _ship_now(facts: Facts) -> str:
    delivery = facts.delivery
    if waits_for_rewrite(delivery):
        return said("Its shipment is made already; nothing is sent to UPS a second time.")
    if delivery.state not in {D.HOLD, D.SKIPPED}:
        return why_not_again(delivery, facts.attempts)
    if content_to_approve(delivery):
        return LOOK_FIRST if delivery.shipment_no > 1 else _busy(facts)
    return _release(facts) if is_held_by_person(delivery) else why_not_again(delivery, facts.attempts)


def _hold(facts: Facts) -> str:
    state = facts.delivery.state
    if state in {D.RECEIVED, D.READY}:
        return _busy(facts)
    if state in {D.HOLD, D.SKIPPED, D.CANCELLED, D.REVIEW}:
        return said("It does not go on by itself to UPS as it stands; there is nothing to stop.")
    return _too_late(state)


def _release(facts: Facts) -> str:
    if not is_held_by_person(facts.delivery):
        return said("Nobody has stopped it.")
    return _busy(facts)


def _cancel(facts: Facts) -> str:
    state = facts.delivery.state
    if state == D.REVIEW:
        return said("A person must decide about this delivery first.")
    if state == D.CANCELLED:
        return said("It is cancelled already.")
    if state not in BEFORE_LABEL:
        return _too_late(state)
    if facts.live and not facts.has_earlier_label:
        return said("It has a UPS label. Void the shipment instead.")
    return _busy(facts)


def _void(facts: Facts) -> str:
    if not facts.live:
        return _not_voidable(facts)
    reasons = [why_not_void(facts, row) for row in facts.live]
    return "" if "" in reasons else reasons[-1]


def _void_parcels(facts: Facts) -> str:
    if facts.delivery.return_of_id is not None:
        return said("UPS voids return shipments as a whole only.")
    busy = _busy(facts)
    if busy or not facts.live:
        return busy or _not_voidable(facts)
    return "" if any(voidable_parcels(facts, row) for row in facts.live) else _no_parcel_alone(facts)


def _no_parcel_alone(facts: Facts) -> str:
    if all(len(live_parcels_of(row)) < _LEAST_OF_SEVERAL for row in facts.live):
        return said("It has one parcel only. Void the whole shipment instead.")
    if any(row.country and row.country != facts.attempt_of(row).account.country for row in facts.live):
        return said("UPS voids single parcels of shipments within a country only. Void the whole shipment instead.")
    return said("UPS has scanned its parcels already; what is on its way cannot be voided.")


def _ship_again(facts: Facts) -> str:
    delivery = facts.delivery
    if delivery.return_of_id is not None:
        return said("It is a return. Order another return label from the delivery that went out.")
    busy = _busy(facts)
    if busy or delivery.state in WITH_LABEL or _is_ended_by_person(delivery):
        return busy
    if delivery.state == D.REVIEW:
        codes = {row["code"] for row in delivery.problems}
        return "" if codes and codes <= _CAME_TO_NOTHING else said("A person must decide about this delivery first.")
    if delivery.state == D.CANCELLED:
        return said("The delivery was deleted in Exact; book it again there.")
    if _waits_for_price(facts):
        return ""
    return said("It has no shipment yet; there is nothing to ship again.")


def _waits_for_price(facts: Facts) -> bool:
    """Whether a further shipment was held before it was made: her next look at its price lets it go on."""
    delivery = facts.delivery
    is_made = any(facts.attempt_of(row).shipment_no == delivery.shipment_no for row in facts.live)
    is_held = delivery.state == D.HOLD and not is_held_by_person(delivery)
    return is_held and delivery.shipment_no > 1 and not is_made


def _return(facts: Facts) -> str:
    if facts.delivery.return_of_id is not None:
        return said("It is a return itself.")
    if not facts.live or facts.delivery.state not in {D.REPORTED, D.IN_TRANSIT, D.DELIVERED, D.CLOSED}:
        return said("Nothing of it is on its way or delivered, so nothing can come back.")
    return _busy(facts)


def _is_ended_by_person(delivery: Delivery) -> bool:
    return delivery.state == D.CANCELLED and delivery.stopped_at is not None


def _too_late(state: str) -> str:
    if state == D.SHIPPING:
        return said("UPS is being asked for its label at this moment; wait for the answer.")
    return said("Its label is made already. Void the shipment instead.")


def _not_voidable(facts: Facts) -> str:
    state = facts.delivery.state
    if state == D.REVIEW:
        return said("A person must decide about this delivery first.")
    if state in {D.IN_TRANSIT, D.DELIVERED, D.CLOSED}:
        return said("UPS has its parcels already; what is on its way cannot be voided. Ask UPS to return it.")
    return _busy(facts) or said("It has no UPS label, so there is nothing to void.")


_WHY_NOT: dict[Action, Callable[[Facts], str]] = {
    Action.REPLAY: _replay,
    Action.SHIP_NOW: _ship_now,
    Action.HOLD: _hold,
    Action.RELEASE: _release,
    Action.CANCEL: _cancel,
    Action.VOID: _void,
    Action.VOID_PARCELS: _void_parcels,
    Action.SHIP_AGAIN: _ship_again,
    Action.RETURN: _return,
}
_WORDS: dict[Action, tuple[str, str]] = {
    Action.REPLAY: (
        said("Run again"),
        said("It goes on from the step that stopped. What is done is kept; a label is never bought a second time."),
    ),
    Action.SHIP_NOW: (
        said("Ship now"),
        said("It is read from Exact Online once more and shipped. A shipment is paid."),
    ),
    Action.HOLD: (
        said("Stop this one"),
        said("Nothing is sent to UPS for it until somebody lets it go on. Nothing is paid."),
    ),
    Action.RELEASE: (
        said("Let it go on"),
        said("It is read from Exact Online once more and shipped. A shipment is paid."),
    ),
    Action.CANCEL: (
        said("Cancel"),
        said("Nothing is shipped for it. The goods delivery in Exact Online stays as it is."),
    ),
    Action.VOID: (
        said("Void the label"),
        said("UPS is asked to void the shipment; then it is cancelled or shipped again, as you choose."),
    ),
    Action.VOID_PARCELS: (
        said("Void single parcels"),
        said("UPS is asked to void these parcels; the others go on."),
    ),
    Action.SHIP_AGAIN: (
        said("Ship again"),
        said("A further shipment is made for the same delivery, after you have seen its price. It is paid."),
    ),
    Action.RETURN: (said("Return label"), said("A label is made with which the goods come back to you. It is paid.")),
}
