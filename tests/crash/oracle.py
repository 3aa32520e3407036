"""What must hold in the end, told by the stand-ins' own stores and logs; our rows are only compared with them."""

from collections import Counter
from enum import Enum
from typing import Any

from audit.chain import verify
from exact.models import Connection
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.models.shipments import WATCHED_ATTEMPT_STATES
from tenants.context import tenant_context
from tests.crash.scene import Scene


class End(Enum):
    """How a delivery may honestly end."""

    SHIPPED = "one live shipment, its number in Exact"
    TWIN_VOIDED = "the same, and a late twin that was voided"
    TWIN_KEPT = "the same, and a late twin that UPS does not void, about which a person is asked"
    VOIDED_THERE = "made, voided by somebody at UPS, and a person is told"
    HOLD = "nothing at UPS, and a person is told what to fix"
    REVIEW = "nothing is sent any more, and a person is asked to decide"


OPEN = frozenset(
    {Delivery.State.RECEIVED, Delivery.State.READY, Delivery.State.SHIPPING, Delivery.State.LABELLED},
)
"""Somebody must be about to move a delivery that stands here."""
STAYING_MINUTES = 70
"""Long enough for a look at a hold, and for the next question about a review."""


def shipments(scene: Scene, delivery: Delivery) -> list[dict[str, Any]]:
    """What UPS has made for this delivery, voided ones too."""
    references = {attempt.reference for attempt in scene.attempts(delivery)}
    return [row for row in scene.journey.shipments_at_ups() if references & set(row["references"])]


def live(scene: Scene, delivery: Delivery) -> list[dict[str, Any]]:
    """What UPS has made for it and would carry."""
    return [row for row in shipments(scene, delivery) if not row["voided"]]


def number_in_exact(scene: Scene, delivery: Delivery) -> str:
    """The tracking number that Exact shows."""
    return scene.journey.company.delivery(str(delivery.exact_entry_id))["TrackingNumber"] or ""


def is_at(scene: Scene, delivery: Delivery, end: End) -> bool:
    """Whether the delivery has come to this end, by our own rows; what is true of it is asserted afterwards."""
    now, attempts = scene.now(delivery), scene.attempts(delivery)
    if end in {End.HOLD, End.VOIDED_THERE}:
        return now.state == Delivery.State.HOLD
    if end in {End.REVIEW, End.TWIN_KEPT}:
        return any(attempt.review_reason for attempt in attempts)
    if now.state != Delivery.State.REPORTED or any(attempt.state in WATCHED_ATTEMPT_STATES for attempt in attempts):
        return False
    return end is not End.TWIN_VOIDED or any(attempt.state == Attempt.State.VOIDED for attempt in attempts)


def assert_end(scene: Scene, delivery: Delivery, end: End, *, tokens_sent_again: int = 0) -> None:
    """The end is true at UPS and in Exact, and stays so while time passes; nothing is sent any more."""
    if end is not End.SHIPPED:
        sent = len(scene.journey.ups.calls("ship"))
        scene.pass_time(STAYING_MINUTES)
        scene.survivors_work()
        assert len(scene.journey.ups.calls("ship")) == sent, f"sent again; {_story(scene, delivery)}"
        assert is_at(scene, delivery, end), _story(scene, delivery)
    made, alive = _COUNTS[end]
    assert len(shipments(scene, delivery)) in made, _story(scene, delivery)
    assert len(live(scene, delivery)) in alive, _story(scene, delivery)
    assert number_in_exact(scene, delivery) == _number_of_created(scene, delivery), _story(scene, delivery)
    assert bool(number_in_exact(scene, delivery)) == (end in {End.SHIPPED, End.TWIN_VOIDED, End.TWIN_KEPT})
    assert_promises(scene, delivery, tokens_sent_again=tokens_sent_again)


_ONE, _NONE, _PERHAPS = {1}, {0}, {0, 1}
_COUNTS = {
    End.SHIPPED: (_ONE, _ONE),
    End.TWIN_VOIDED: ({2}, _ONE),
    End.TWIN_KEPT: ({2}, {2}),
    End.VOIDED_THERE: (_ONE, _PERHAPS),
    End.HOLD: (_NONE, _NONE),
    End.REVIEW: (_PERHAPS, _PERHAPS),
}
"""How many shipments UPS has made for the delivery by then, and how many of them it would carry."""


def _number_of_created(scene: Scene, delivery: Delivery) -> str:
    """The number that UPS has under the reference of the one attempt we count as made."""
    made = [attempt.reference for attempt in scene.attempts(delivery) if attempt.state == Attempt.State.CREATED]
    assert len(made) <= 1
    return next((row["number"] for row in live(scene, delivery) if set(made) & set(row["references"])), "")


def is_shipped(scene: Scene, delivery: Delivery) -> bool:
    """The plain end."""
    return is_at(scene, delivery, End.SHIPPED)


def assert_promises(scene: Scene, delivery: Delivery, *, tokens_sent_again: int = 0) -> None:
    """What holds at every moment, whatever the end (`reliability.md` R1, R7, R9 and 2.1)."""
    assert references_sent_twice(scene) == {}
    assert sum(spent_tokens_sent(scene).values()) <= tokens_sent_again
    assert open_rows_without_a_moment(scene) == []
    assert not is_forgotten(scene, delivery), _story(scene, delivery)
    with tenant_context(scene.journey.tenant.id):
        assert verify(scene.journey.tenant.id).broken_at is None


def references_sent_twice(scene: Scene) -> dict[str, int]:
    """References in more than one ship call, whatever came of the calls."""
    sent: Counter[str] = Counter()
    for call in scene.journey.ups.calls("ship"):
        shipment = call["request_body"]["ShipmentRequest"]["Shipment"]
        sent.update(_references(shipment))
    return {reference: times for reference, times in sent.items() if times > 1}


def _references(shipment: dict[str, Any]) -> set[str]:
    """Our own ones: the first of the shipment, or of each parcel (`reliability.md` 1.1)."""
    holders = [shipment, *shipment.get("Package", [])]
    lists = [holder.get("ReferenceNumber") or [] for holder in holders]
    return {row["Value"] for rows in lists for row in rows if row.get("Code") == "TN"}


def spent_tokens_sent(scene: Scene) -> dict[str, int]:
    """Refresh tokens that were sent once more after Exact had spent them."""
    spent: set[str] = set()
    again: Counter[str] = Counter()
    for call in scene.journey.company.exact.calls():
        form = call["request_body"]
        if not call["path"].endswith("/oauth2/token") or not isinstance(form, dict) or "refresh_token" not in form:
            continue
        token = form["refresh_token"]
        again[token] += token in spent
        answer = call["response_body"]
        if isinstance(answer, dict) and "refresh_token" in answer:
            spent.add(token)
    return {token: times for token, times in again.items() if times}


def open_rows_without_a_moment(scene: Scene) -> list[str]:
    """Rows that wait for nothing."""
    with tenant_context(scene.journey.tenant.id):
        attempts = Attempt.objects.filter(state__in=WATCHED_ATTEMPT_STATES, due_at=None)
        running = SyncJob.objects.filter(state=SyncJob.State.RUNNING, lease_until=None)
        return [str(row) for row in (*attempts, *running)]


def is_forgotten(scene: Scene, delivery: Delivery) -> bool:
    """An open delivery that neither a job nor an attempt will move on."""
    if scene.now(delivery).state not in OPEN:
        return False
    with tenant_context(scene.journey.tenant.id):
        jobs = SyncJob.objects.filter(subject=delivery.code, state__in=[SyncJob.State.DUE, SyncJob.State.RUNNING])
        attempts = Attempt.objects.filter(delivery=delivery, due_at__isnull=False)
        return not jobs.exists() and not attempts.exists()


def needs_reconnect(scene: Scene) -> bool:
    """Whether a person must connect Exact again."""
    with tenant_context(scene.journey.tenant.id):
        connection = Connection.objects.select_related("grant").get(pk=scene.journey.connection.pk)
    return connection.grant is not None and connection.grant.needs_reconnect_at is not None


def _story(scene: Scene, delivery: Delivery) -> str:
    """What became of it, for a failed test's message."""
    now = scene.now(delivery)
    with tenant_context(scene.journey.tenant.id):
        jobs = [f"{job.kind} {job.state} {job.last_error}" for job in SyncJob.objects.order_by("pk")]
    attempts = [
        f"{row.reference[-4:]} {row.state} {row.review_reason} {row.evidence}" for row in scene.attempts(delivery)
    ]
    return f"delivery {now.state} {now.problems}; attempts {attempts}; jobs {jobs}"
