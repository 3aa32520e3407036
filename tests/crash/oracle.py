"""What must hold in the end, told by the stand-ins' own stores and logs; our rows are only compared with them."""

from collections import Counter
from enum import Enum
from typing import Any

from audit.chain import verify
from exact.models import Connection, Grant
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.models.shipments import WATCHED_ATTEMPT_STATES
from tenants.context import tenant_context
from tests.crash.scene import Scene


class End(Enum):
    """How a delivery may honestly end."""

    SHIPPED = "one live shipment, its number in Exact"
    TWIN_VOIDED = "the same, and a late twin that was voided"
    HOLD = "nothing at UPS, and a person is told what to fix"
    REVIEW = "nothing is sent any more, and a person is asked to decide"


OPEN = frozenset(
    {Delivery.State.RECEIVED, Delivery.State.READY, Delivery.State.SHIPPING, Delivery.State.LABELLED},
)
"""Somebody must be about to move a delivery that stands here."""
HOLD_MINUTES = 70
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
    if end is End.HOLD:
        return now.state == Delivery.State.HOLD
    if end is End.REVIEW:
        return any(attempt.review_reason for attempt in attempts)
    if now.state != Delivery.State.REPORTED or any(attempt.state in WATCHED_ATTEMPT_STATES for attempt in attempts):
        return False
    return end is End.SHIPPED or any(attempt.state == Attempt.State.VOIDED for attempt in attempts)


def assert_end(scene: Scene, delivery: Delivery, end: End) -> None:
    """The end is true at UPS and in Exact, and stays so while time passes."""
    if end is End.HOLD:
        _assert_stopped(scene, delivery)
    elif end is End.REVIEW:
        _assert_asked_about(scene, delivery)
    else:
        assert_shipped(scene, delivery, twins=int(end is End.TWIN_VOIDED))


def is_shipped(scene: Scene, delivery: Delivery) -> bool:
    """The plain end."""
    return is_at(scene, delivery, End.SHIPPED)


def assert_shipped(scene: Scene, delivery: Delivery, *, twins: int = 0) -> None:
    """Exactly one live shipment at UPS, known to us, its number in Exact; and the promises."""
    alive = live(scene, delivery)
    assert len(alive) == 1, f"{len(alive)} live shipments; {_story(scene, delivery)}"
    assert len(shipments(scene, delivery)) == 1 + twins, _story(scene, delivery)
    assert number_in_exact(scene, delivery) == alive[0]["number"], _story(scene, delivery)
    assert scene.now(delivery).state == Delivery.State.REPORTED, _story(scene, delivery)
    made = [attempt for attempt in scene.attempts(delivery) if attempt.state == Attempt.State.CREATED]
    assert [attempt.reference in alive[0]["references"] for attempt in made] == [True]
    assert_promises(scene, delivery)


def _assert_stopped(scene: Scene, delivery: Delivery) -> None:
    """Held with a reason, nothing at UPS, and not sent again by itself."""
    sent = len(scene.journey.ups.calls("ship"))
    scene.pass_time(HOLD_MINUTES)
    scene.survivors_work()
    held = scene.now(delivery)
    assert held.state == Delivery.State.HOLD, _story(scene, delivery)
    assert held.problems
    assert shipments(scene, delivery) == []
    assert number_in_exact(scene, delivery) == ""
    assert len(scene.journey.ups.calls("ship")) == sent, "a refused request was sent again"
    assert_promises(scene, delivery)


def _assert_asked_about(scene: Scene, delivery: Delivery) -> None:
    """A person is asked, at most one shipment lives, and nothing more is sent."""
    sent = len(scene.journey.ups.calls("ship"))
    scene.pass_time(HOLD_MINUTES)
    scene.survivors_work()
    assert any(attempt.review_reason for attempt in scene.attempts(delivery)), _story(scene, delivery)
    assert len(live(scene, delivery)) <= 1
    assert number_in_exact(scene, delivery) == ""
    assert len(scene.journey.ups.calls("ship")) == sent, "a doubtful request was sent again"
    assert_promises(scene, delivery)


def assert_promises(scene: Scene, delivery: Delivery, *, lost_token_answers: int = 0) -> None:
    """What holds at every moment, whatever the end (`reliability.md` R1, R7, R9 and 2.1)."""
    assert references_sent_twice(scene) == {}
    assert sum(tokens_sent_again(scene).values()) <= lost_token_answers
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


def tokens_sent_again(scene: Scene) -> dict[str, int]:
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
        connection = Connection.objects.get(pk=scene.journey.connection.pk)
    return Grant.objects.get(pk=connection.grant_id).needs_reconnect_at is not None


def _story(scene: Scene, delivery: Delivery) -> str:
    """What became of it, for a failed test's message."""
    now = scene.now(delivery)
    with tenant_context(scene.journey.tenant.id):
        jobs = [f"{job.kind} {job.state} {job.last_error}" for job in SyncJob.objects.order_by("pk")]
    attempts = [
        f"{row.reference[-4:]} {row.state} {row.review_reason} {row.evidence}" for row in scene.attempts(delivery)
    ]
    return f"delivery {now.state} {now.problems}; attempts {attempts}; jobs {jobs}"
