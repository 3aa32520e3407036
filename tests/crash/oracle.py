"""What must hold in the end, told by the stand-ins' own stores and logs; our rows are only compared with them."""

from collections import Counter
from typing import Any

from audit.chain import verify
from exact.models import Connection, Grant
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.models.shipments import WATCHED_ATTEMPT_STATES
from tenants.context import tenant_context
from tests.crash.scene import Scene

OPEN = frozenset(
    {Delivery.State.RECEIVED, Delivery.State.READY, Delivery.State.SHIPPING, Delivery.State.LABELLED},
)
"""Somebody must be about to move a delivery that stands here."""


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


def is_shipped(scene: Scene, delivery: Delivery) -> bool:
    """One live shipment, its number in Exact, and nothing of ours unsettled."""
    if scene.now(delivery).state != Delivery.State.REPORTED:
        return False
    return not any(attempt.state in WATCHED_ATTEMPT_STATES for attempt in scene.attempts(delivery))


def assert_shipped(scene: Scene, delivery: Delivery) -> None:
    """Exactly one live shipment at UPS, known to us, its number in Exact; and the promises."""
    alive = live(scene, delivery)
    assert len(alive) == 1, f"{len(alive)} live shipments; {_story(scene, delivery)}"
    assert number_in_exact(scene, delivery) == alive[0]["number"], _story(scene, delivery)
    assert scene.now(delivery).state == Delivery.State.REPORTED, _story(scene, delivery)
    made = [attempt for attempt in scene.attempts(delivery) if attempt.state == Attempt.State.CREATED]
    assert [attempt.reference in alive[0]["references"] for attempt in made] == [True]
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
