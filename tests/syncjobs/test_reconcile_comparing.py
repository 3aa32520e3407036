"""What the comparison finds, and what it leaves alone because it may still be on its way."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncjobs.models import Attempt, Delivery, Parcel, SyncJob
from syncjobs.reconciling.comparing import Difference, compare
from syncjobs.reconciling.kinds import KINDS, FindingKind, Repair, advice_of, text_of
from syncjobs.reconciling.sides import (
    ExactDelivery,
    ExactSide,
    ManifestSeen,
    OurAttempt,
    OurDelivery,
    OurParcel,
    OurShipment,
    Sides,
)

D = Delivery.State
A = Attempt.State
K = FindingKind
AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
UPS_METHOD, OTHER_METHOD = uuid.uuid4(), uuid.uuid4()
NUMBER, OTHER_NUMBER = "1ZA1B2C36800000016", "1ZA1B2C36800000025"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def shown(**changes: Any) -> ExactDelivery:
    """A goods delivery of UPS's, booked two days ago."""
    facts: dict[str, Any] = {
        "entry_id": uuid.uuid4(),
        "number": "60012",
        "tracking_number": "",
        "method_id": UPS_METHOD,
        "method_code": "UPSSTD",
        "modified_at": AT - 2 * DAY,
        "booked_at": AT - 2 * DAY,
    }
    return ExactDelivery(**(facts | changes))


def parcel(number: str = NUMBER, milestone: str = "in_transit", *, is_followed: bool = True) -> OurParcel:
    return OurParcel(tracking_number=number, milestone=milestone, is_followed=is_followed)


def shipment(*parcels: OurParcel, age: timedelta = 2 * DAY, is_live: bool = True, no: int = 1) -> OurShipment:
    return OurShipment(
        shipment_no=no, created_at=AT - age, is_live=is_live, is_voided=not is_live, parcels=parcels or (parcel(),)
    )


def ours(**changes: Any) -> OurDelivery:
    """A delivery of ours that was reported two days ago."""
    facts: dict[str, Any] = {
        "code": uuid.uuid4(),
        "entry_id": uuid.uuid4(),
        "number": "60012",
        "state": D.REPORTED,
        "problems": frozenset(),
        "created_at": AT - 2 * DAY,
        "changed_at": AT - 2 * DAY,
        "method_code": "UPSSTD",
        "facts_read_at": AT - 2 * DAY,
        "written_at": AT - 2 * DAY,
        "shipments": (shipment(),),
    }
    return OurDelivery(**(facts | changes))


def unshipped(state: D, **changes: Any) -> OurDelivery:
    return ours(state=state, shipments=(), written_at=None, **changes)


def sides(
    *deliveries: OurDelivery,
    exact: tuple[ExactDelivery, ...] = (),
    asked: frozenset[uuid.UUID] = frozenset(),
    manifests: tuple[ManifestSeen, ...] = (),
) -> Sides:
    return Sides(
        exact=ExactSide(read_at=AT, shown={one.entry_id: one for one in exact}, asked=asked),
        deliveries=deliveries,
        known_entries=frozenset(one.entry_id for one in deliveries),
        manifests=manifests,
        ups_methods=frozenset({UPS_METHOD}),
        booked_since=AT - 30 * DAY,
    )


def found(*deliveries: OurDelivery, **others: Any) -> list[Difference]:
    return compare(sides(*deliveries, **others), at=AT)


def kinds(*deliveries: OurDelivery, **others: Any) -> list[FindingKind]:
    return [one.kind for one in found(*deliveries, **others)]


def against(delivery: OurDelivery, **facts: Any) -> list[FindingKind]:
    """What is found when Exact shows this delivery so."""
    return kinds(delivery, exact=(shown(entry_id=delivery.entry_id, **facts),))


def test_sides_that_agree_have_no_difference() -> None:
    assert against(ours(), tracking_number=NUMBER) == []


def test_a_delivery_of_exact_that_we_do_not_know_is_found_with_its_number() -> None:
    missing = shown(number="60099")

    (one,) = found(exact=(missing,))

    assert (one.kind, one.subject) == (K.UNKNOWN_DELIVERY, missing.entry_id)
    assert text_of(one.kind, one.details) == "Goods delivery 60099 stands in Exact Online and is not with us."
    assert KINDS[one.kind].repair is Repair.TAKE_IN


@pytest.mark.parametrize(
    "facts",
    [
        {"booked_at": AT - 31 * DAY},
        {"booked_at": AT - 5 * MINUTE},
        {"booked_at": None},
        {"method_id": OTHER_METHOD},
        {"tracking_number": "DHL-1"},
    ],
    ids=["before we were connected", "a moment ago", "who knows when", "another carrier", "sent by somebody else"],
)
def test_what_is_not_ours_in_exact_is_left_alone(facts: dict[str, Any]) -> None:
    assert kinds(exact=(shown(**facts),)) == []


def test_a_delivery_without_a_method_of_its_own_may_be_ours() -> None:
    assert kinds(exact=(shown(method_id=None, method_code=""),)) == [K.UNKNOWN_DELIVERY]


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        (D.RECEIVED, K.GONE),
        (D.HOLD, K.GONE),
        (D.REPORTED, K.GONE),
        (D.IN_TRANSIT, K.GONE_UNDER_WAY),
        (D.DELIVERED, K.GONE_UNDER_WAY),
    ],
)
def test_what_exact_no_longer_has_is_found_where_it_is_open_with_us(state: D, wanted: FindingKind) -> None:
    jobs = frozenset({SyncJob.Kind.READ, SyncJob.Kind.PROOF})
    delivery = ours(state=state, open_jobs=jobs)

    assert kinds(delivery, asked=frozenset({delivery.entry_id})) == [wanted]


@pytest.mark.parametrize(
    "delivery",
    [
        ours(state=D.CLOSED),
        unshipped(D.SKIPPED),
        unshipped(D.RECEIVED, created_at=AT - MINUTE, changed_at=AT - MINUTE),
        ours(state=D.REVIEW, problems=frozenset({"deleted_after_label"})),
    ],
    ids=["closed", "skipped", "too young to be readable", "waits for a person already"],
)
def test_a_deletion_that_needs_nothing_is_left_alone(delivery: OurDelivery) -> None:
    assert kinds(delivery, asked=frozenset({delivery.entry_id})) == []


def test_what_was_not_asked_for_is_never_taken_for_gone() -> None:
    assert kinds(ours()) == []


def test_a_number_that_was_cleared_in_exact_can_be_written_again() -> None:
    assert against(ours(), tracking_number="") == [K.NUMBER_MISSING]
    assert KINDS[K.NUMBER_MISSING].repair is Repair.WRITE


def test_a_number_that_we_wrote_while_exact_was_being_read_is_not_missing() -> None:
    assert against(ours(written_at=AT + MINUTE), tracking_number="") == []


def test_a_foreign_number_is_shown_and_has_no_repair() -> None:
    delivery = ours()

    (one,) = found(delivery, exact=(shown(entry_id=delivery.entry_id, tracking_number="DHL-1"),))

    assert (one.kind, one.details["shown"], one.details["tracking"]) == (K.FOREIGN_NUMBER, "DHL-1", NUMBER)
    assert KINDS[one.kind].repair is None


def test_a_foreign_number_that_waits_under_to_do_is_not_told_twice() -> None:
    held = ours(state=D.HOLD, problems=frozenset({"foreign_tracking_number"}))

    assert against(held, tracking_number="DHL-1") == []


def test_our_number_at_another_delivery_is_found() -> None:
    delivery = ours()
    own = shown(entry_id=delivery.entry_id, tracking_number=NUMBER)
    copy = shown(number="60013", tracking_number=NUMBER)

    (one,) = found(delivery, exact=(own, copy))

    assert (one.kind, one.subject, one.details["other"]) == (K.BORROWED_NUMBER, copy.entry_id, "60013")


def test_another_shipping_method_that_nobody_told_of_is_read_again() -> None:
    skipped = unshipped(D.SKIPPED, method_code="PICKUP")

    assert against(skipped, modified_at=AT - DAY) == [K.OUTDATED]
    assert against(replace(skipped, facts_read_at=AT - HOUR), modified_at=AT - DAY) == []
    assert against(skipped, modified_at=AT - MINUTE) == []
    assert against(replace(skipped, method_code="UPSSTD"), modified_at=AT - DAY) == []


def test_a_cancelled_delivery_that_exact_shows_is_found_only_where_exact_cancelled_it() -> None:
    cancelled = unshipped(D.CANCELLED, problems=frozenset({"deleted_in_exact"}))

    assert against(cancelled) == [K.CANCELLED_BUT_THERE]
    assert against(replace(cancelled, problems=frozenset({"cancelled_by_person"}))) == []


@pytest.mark.parametrize(
    ("state", "jobs", "wanted"),
    [
        (D.RECEIVED, set(), [K.STUCK]),
        (D.RECEIVED, {SyncJob.Kind.READ}, []),
        (D.READY, {SyncJob.Kind.STATUS}, [K.STUCK]),
        (D.READY, {SyncJob.Kind.SHIP}, []),
        (D.SHIPPING, {SyncJob.Kind.SETTLE}, []),
        (D.DELIVERED, set(), [K.STUCK]),
        (D.HOLD, set(), []),
        (D.SKIPPED, set(), []),
    ],
)
def test_nothing_waits_silently(state: D, jobs: set[str], wanted: list[FindingKind]) -> None:
    assert kinds(unshipped(state, open_jobs=frozenset(jobs))) == wanted
    assert kinds(unshipped(state, changed_at=AT - MINUTE)) == []


def test_a_delivery_whose_doubt_is_watched_is_not_stuck() -> None:
    watched = OurAttempt(state=A.IN_DOUBT, reference="P1", doubt_at=AT - HOUR, is_watched=True)

    assert kinds(unshipped(D.SHIPPING, attempts=(watched,))) == []
    assert kinds(unshipped(D.SHIPPING)) == [K.STUCK]


def test_a_label_that_is_not_reported_for_an_hour_is_found_though_it_is_tried_again() -> None:
    labelled = ours(state=D.LABELLED, changed_at=AT - 61 * MINUTE, open_jobs=frozenset({SyncJob.Kind.REPORT}))

    assert kinds(labelled) == [K.NOT_REPORTED]
    assert kinds(replace(labelled, changed_at=AT - 59 * MINUTE)) == []
    assert kinds(replace(labelled, open_jobs=frozenset())) == [K.STUCK]


def test_parcels_that_nobody_asks_about_are_found() -> None:
    forgotten = shipment(parcel(is_followed=False))

    assert kinds(ours(shipments=(forgotten,))) == [K.NOT_FOLLOWED]
    assert kinds(ours(shipments=(forgotten,), open_jobs=frozenset({SyncJob.Kind.LOOK}))) == []
    assert kinds(ours(shipments=(shipment(parcel(milestone="delivered", is_followed=False)),))) == []
    assert kinds(ours(shipments=(replace(forgotten, created_at=AT - 61 * DAY),))) == []


@pytest.mark.parametrize("state", [A.IN_DOUBT, A.REVIEW])
def test_a_doubt_older_than_a_day_is_found(state: A) -> None:
    old = OurAttempt(state=state, reference="P1", doubt_at=AT - 25 * HOUR, is_watched=True)

    assert kinds(unshipped(D.SHIPPING, attempts=(old,))) == [K.LONG_DOUBT]
    assert kinds(unshipped(D.SHIPPING, attempts=(replace(old, doubt_at=AT - 23 * HOUR),))) == []


def test_two_live_shipments_of_one_delivery_are_loud() -> None:
    first, second = shipment(parcel()), shipment(parcel(OTHER_NUMBER))

    (one,) = found(ours(shipments=(first, second)))

    assert (one.kind, one.details["tracking"]) == (K.TWO_SHIPMENTS, f"{NUMBER}, {OTHER_NUMBER}")
    assert KINDS[one.kind].is_serious
    assert kinds(ours(shipments=(first, shipment(parcel(OTHER_NUMBER), no=2)))) == []
    assert kinds(ours(shipments=(first, shipment(parcel(OTHER_NUMBER, "voided"), is_live=False)))) == []


def test_a_voided_label_that_travels_is_found() -> None:
    live, voided = shipment(parcel(OTHER_NUMBER)), shipment(parcel(milestone="picked_up"), is_live=False)

    assert kinds(ours(shipments=(voided, live))) == [K.VOIDED_BUT_MOVING]


def test_a_voided_label_that_only_the_tracking_api_saw_is_found() -> None:
    delivery = ours(shipments=(shipment(parcel(OTHER_NUMBER)), shipment(parcel(milestone="voided"), is_live=False)))

    assert kinds(delivery) == []
    seen = compare(replace(sides(delivery), scanned=frozenset({NUMBER})), at=AT)
    assert [one.kind for one in seen] == [K.VOIDED_BUT_MOVING]


def test_a_live_label_of_a_delivery_that_does_not_leave_is_found() -> None:
    assert kinds(ours(state=D.CANCELLED)) == [K.LABEL_OF_CANCELLED]
    assert kinds(ours(state=D.CANCELLED, shipments=(shipment(is_live=False, age=DAY),))) == [K.VOIDED_BUT_MOVING]
    assert kinds(ours(state=D.CANCELLED, changed_at=AT - MINUTE)) == []


def test_a_label_that_ups_has_not_seen_for_a_week_is_found() -> None:
    unseen = parcel(milestone="label_created")

    assert kinds(ours(shipments=(shipment(unseen, age=8 * DAY),))) == [K.UNSEEN_LABEL]
    assert kinds(ours(shipments=(shipment(unseen, age=6 * DAY),))) == []


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("", [K.UNKNOWN_REFERENCE]),
        (A.IN_DOUBT, [K.MADE_AFTER_ALL]),
        (A.REVIEW, [K.MADE_AFTER_ALL]),
        (A.ABSENT, [K.ORPHAN]),
        (A.REFUSED, [K.REFUSED_BUT_MADE]),
        (A.NOT_SENT, [K.REFUSED_BUT_MADE]),
        (A.CREATED, [K.OTHER_NUMBER]),
        (A.SENDING, []),
        (A.VOIDING, []),
        (A.VOIDED, []),
        (A.VOIDED_THERE, []),
        (A.ORPHAN, []),
    ],
)
def test_every_parcel_that_ups_announced_under_our_reference_must_be_one_of_ours(
    state: str, wanted: list[FindingKind]
) -> None:
    announced = ManifestSeen(
        code=uuid.uuid4(),
        reference="T01JEXAMPLE0000000000000000",
        tracking_number=NUMBER,
        attempt_state=state,
        delivery=uuid.uuid4() if state else None,
        number="60012" if state else "",
        is_adopted=False,
    )

    assert kinds(manifests=(announced,)) == wanted
    assert kinds(manifests=(replace(announced, is_adopted=True),)) == []


@pytest.mark.parametrize("kind", list(FindingKind))
def test_every_kind_is_told_in_whole_sentences_and_offers_a_button_exactly_where_there_is_a_repair(
    kind: FindingKind,
) -> None:
    names = ("number", "tracking", "shown", "other", "state", "reference")
    details = {name: f"<{name}>" for name in names}

    told = (text_of(kind, details), advice_of(kind, details))

    assert all(text[0].isupper() and text[-1] in ".?" and "{" not in text for text in told)
    assert bool(KINDS[kind].button) == (KINDS[kind].repair is not None)
    assert len(kind.value) <= 30


def test_every_milestone_is_judged_for_a_voided_label() -> None:
    still = {"label_created", "unknown", "voided", "exception"}

    moving = {
        milestone.value
        for milestone in Parcel.Milestone
        if kinds(ours(shipments=(shipment(parcel(milestone=milestone), is_live=False),))) == [K.VOIDED_BUT_MOVING]
    }

    assert moving == {milestone.value for milestone in Parcel.Milestone} - still
