"""Reading Quantum View from the stand-in: killed anywhere, late, refused, and with other people's shipments in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from audit.models import Event
from syncjobs import raw_messages, ticks
from syncjobs.models import Attempt, Delivery, Manifest, Parcel, SyncJob, TrackingEvent, ViewFile, ViewPage
from syncjobs.steps import view as view_step
from tenants.context import tenant_context
from tests import standins
from tests.journey.way import HOUR_SECONDS, Way, way
from tests.standins import StandIn
from ups.models import QuantumViewFeed
from ups.tracking_settings import add_feed

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]

PACE = 10.0
"""Hours of a script per second: the stand-in's clock and ours stay near each other."""
SECONDS = 15
"""By then a script is over."""
RETRY_SECONDS = 240
SEVEN_DAYS_BY_ANY_CLOCK = timedelta(days=7, hours=-14)
"""UPS may read our moments by any clock (ups.md 11); none is further ahead of UTC."""
A_MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process ends here: no step and no guard sees it."""


@pytest.fixture(scope="module")
def ups_standin() -> Iterator[StandIn]:
    """One of our own: its clock is not ahead of ours yet."""
    with standins.running("ups") as standin:
        yield standin


@pytest.fixture
def viewed(way: Way) -> Way:
    """Files that are out at once, one to a page."""
    way.settings(view_file_minutes=1 / 60, view_delay_seconds=0, view_files_per_page=1)
    return way


def set_off(way: Way, script: str, count: int = 1, *, foreign: int = 0) -> list[tuple[Delivery, Parcel]]:
    """Ship so much, let somebody else's software ship beside it, and let all of it come to its end."""
    shipped = [(delivery, way.parcel(delivery)) for _, delivery in way.ship_many(count)]
    for _, parcel in shipped:
        way.travel(parcel, script, pushes="none", hours_per_second=PACE)
    add_foreign(way, foreign)
    way.advance(SECONDS / HOUR_SECONDS)
    return shipped


def add_foreign(way: Way, count: int) -> None:
    """Shipments of somebody else's software on the same account."""
    order = {"shipper_number": way.journey.account.shipper_number, "count": count, "hours_per_second": PACE}
    _ = count and way.journey.ups.control("POST", "foreign-shipments", order)


def kill(monkeypatch: pytest.MonkeyPatch, name: str, call: int) -> None:
    """Let the process end when this function of the step is called for so many times; a later one lives."""
    real, calls = getattr(view_step, name), []

    def dying(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        if len(calls) == call:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(view_step, name, dying)


def come_back(way: Way) -> None:
    """Another worker takes over what the killed one had."""
    past = timezone.now() - timedelta(seconds=1)
    with tenant_context(way.journey.tenant.id):
        SyncJob.objects.filter(state=SyncJob.State.RUNNING).update(lease_until=past, due_at=past)
    way.take_in()


def now(feed: QuantumViewFeed) -> QuantumViewFeed:
    """As it is now."""
    with tenant_context(feed.tenant_id):
        return QuantumViewFeed.objects.get(pk=feed.pk)


def counts(feed: QuantumViewFeed) -> tuple[int, int, int]:
    """Records of ours, of others, and files."""
    row = now(feed)
    with tenant_context(feed.tenant_id):
        return row.own_records, row.foreign_records, ViewFile.objects.filter(feed=feed).count()


def history(way: Way) -> list[tuple[str, str, str, str]]:
    """All that is known of all parcels."""
    with tenant_context(way.journey.tenant.id):
        rows = TrackingEvent.objects.filter(tenant=way.journey.tenant)
        return sorted(rows.values_list("parcel__tracking_number", "type", "event_code", "local_at"))


def questions(way: Way) -> list[dict[str, Any]]:
    """What Quantum View was asked."""
    return [call["request_body"]["QuantumViewRequest"] for call in way.journey.ups.calls("quantum_view")]


def begin_of(question: dict[str, Any]) -> datetime:
    """From when on files are asked for."""
    begin = question["SubscriptionRequest"][0]["DateTimeRange"]["BeginDateTime"]
    return datetime.strptime(begin, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("_begin", 1),
        ("_store", 1),
        ("_store", 3),
        ("_use", 1),
        ("_use", 4),
        ("lock", 3),
        ("conclude", 4),
        ("_keep_manifests", 1),
        ("_mark_used", 2),
        ("_end", 1),
    ],
)
def test_a_reading_goes_on_where_it_was_killed_and_takes_nothing_twice(
    viewed: Way, monkeypatch: pytest.MonkeyPatch, name: str, call: int
) -> None:
    feed = viewed.read_from("Killed")
    viewed.offer_view("Undisturbed")
    shipped = set_off(viewed, "normal", 2, foreign=1)

    with monkeypatch.context() as until_dead:
        kill(until_dead, name, call)
        with pytest.raises(Killed):
            viewed.read_view()
    come_back(viewed)
    after_crash = history(viewed)
    undisturbed = add_feed(viewed.journey.account, "Undisturbed")
    viewed.read_view()

    assert counts(feed) == counts(undisturbed)
    assert history(viewed) == after_crash
    assert [viewed.missed(parcel, "track") for _, parcel in shipped] == [[], []]
    assert {viewed.journey.refreshed(delivery).state for delivery, _ in shipped} == {Delivery.State.CLOSED}
    assert (now(feed).bookmark, now(feed).reading_from_at, now(feed).problem) == ("", None, "")
    with tenant_context(viewed.journey.tenant.id):
        assert ViewPage.objects.filter(used_at=None).count() == 0


def test_a_reading_longer_than_one_go_of_the_job_goes_on(viewed: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_step, "PAGES_AT_ONCE", 2)
    feed = viewed.read_from("Everything")
    ((delivery, _),) = set_off(viewed, "normal")

    viewed.read_view()

    assert len(questions(viewed)) > 4
    assert now(feed).watermark_at is not None
    assert viewed.journey.refreshed(delivery).state == Delivery.State.CLOSED


@pytest.mark.parametrize("as_status", [False, True])
def test_a_bookmark_that_ups_no_longer_knows_lets_the_reading_begin_again(viewed: Way, *, as_status: bool) -> None:
    viewed.settings(view_errors_as_status=as_status)
    feed = viewed.read_from("Everything")
    ((delivery, _),) = set_off(viewed, "normal")
    with tenant_context(feed.tenant_id):
        at = timezone.now()
        QuantumViewFeed.objects.update(reading_from_at=at - timedelta(days=1), reading_began_at=at, bookmark="Z29uZQ==")

    viewed.read_view()

    assert [asked.get("Bookmark", "") for asked in questions(viewed)][:2] == ["Z29uZQ==", ""]
    assert now(feed).problem == ""
    assert viewed.journey.refreshed(delivery).state == Delivery.State.CLOSED


def test_what_ups_keeps_no_longer_is_named_as_missed_and_the_rest_is_read(viewed: Way) -> None:
    feed = viewed.read_from("Everything")
    ((delivery, _),) = set_off(viewed, "normal")
    with tenant_context(feed.tenant_id):
        QuantumViewFeed.objects.update(watermark_at=timezone.now() - timedelta(days=9))

    viewed.read_view()

    begins_at = begin_of(questions(viewed)[0])
    missed_until_at = now(feed).missed_until_at
    assert abs(timezone.now() - begins_at - SEVEN_DAYS_BY_ANY_CLOCK) < A_MINUTE
    assert missed_until_at is not None
    assert missed_until_at.replace(microsecond=0) == begins_at
    assert now(feed).problem == ""
    assert viewed.journey.refreshed(delivery).state == Delivery.State.CLOSED


def test_a_first_reading_that_ups_did_not_answer_for_hours_begins_again(viewed: Way) -> None:
    feed = viewed.read_from("Everything")
    ((delivery, _),) = set_off(viewed, "normal")
    viewed.settings(view_retry_seconds=RETRY_SECONDS)
    viewed.read_view()
    with tenant_context(feed.tenant_id):
        QuantumViewFeed.objects.update(reading_from_at=F("reading_from_at") - timedelta(hours=3))

    viewed.settings(view_retry_seconds=0)
    viewed.read_view()

    assert now(feed).problem == ""
    assert viewed.journey.refreshed(delivery).state == Delivery.State.CLOSED


def test_a_later_reading_begins_a_day_before_the_one_before_and_takes_only_what_is_new(viewed: Way) -> None:
    feed = viewed.read_from("Everything")
    set_off(viewed, "normal")
    viewed.read_view()
    before, known = counts(feed), history(viewed)
    viewed.journey.ups.control("DELETE", "calls")

    viewed.read_view()

    begins_at = begin_of(questions(viewed)[0])
    assert timedelta(hours=23.9) < timezone.now() - begins_at < timedelta(hours=24.1)
    assert (counts(feed), history(viewed)) == (before, known)


@pytest.mark.parametrize("shape", ["lists", "objects"])
def test_shipments_of_others_are_counted_and_our_manifests_kept(viewed: Way, shape: str) -> None:
    viewed.settings(view_shape=shape)
    feed = viewed.read_from("Everything")
    shipped = set_off(viewed, "normal", 2, foreign=3)

    viewed.read_view()

    files = viewed.journey.ups.control("GET", f"view-files/{viewed.journey.account.shipper_number}")["files"]
    kinds = ("Origin", "Exception", "Delivery", "Generic")
    own, others, used = counts(feed)
    with tenant_context(feed.tenant_id):
        manifests = set(Manifest.objects.values_list("tracking_number", "reference"))
        references = set(Attempt.objects.values_list("shipment__parcels__tracking_number", "reference"))
    assert own + others >= sum(file.get(kind, 0) for file in files for kind in kinds)
    assert others * 2 == own * 3
    assert used == len(files)
    assert manifests == references
    assert {number for number, *_ in history(viewed)} == {parcel.tracking_number for _, parcel in shipped}


def bodies(viewed: Way) -> list[bytes]:
    """What is kept of UPS's answers."""
    with tenant_context(viewed.journey.tenant.id):
        return [raw_messages.viewed(page) for page in ViewPage.objects.order_by("pk")]


def test_nothing_is_kept_of_answers_that_were_taken_in(viewed: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other people's addresses stand in them."""
    viewed.read_from("Everything")
    set_off(viewed, "normal", foreign=1)
    with monkeypatch.context() as until_dead:
        kill(until_dead, "_keep_manifests", 1)
        with pytest.raises(Killed):
            viewed.read_view()
    assert b"QuantumViewEvents" in bodies(viewed)[0]

    come_back(viewed)

    assert len(bodies(viewed)) > 1
    assert set(bodies(viewed)) == {b""}


def test_an_answer_that_cannot_be_read_is_kept_and_shown(viewed: Way) -> None:
    feed = viewed.read_from("Everything")
    fault = {"operation": "quantum_view", "action": "status", "status": 200, "body": {"Something": "else"}, "times": 1}
    viewed.journey.ups.control("POST", "faults", fault)

    viewed.read_view()

    assert now(feed).problem == "UPS's answer cannot be read."
    assert [b"Something" in body for body in bodies(viewed)] == [True]


def test_a_reading_whose_every_bookmark_is_refused_does_not_go_on_for_ever(viewed: Way) -> None:
    feed = viewed.read_from("Everything")
    set_off(viewed, "normal")
    with tenant_context(feed.tenant_id):
        at = timezone.now()
        QuantumViewFeed.objects.update(reading_from_at=at - timedelta(days=1), reading_began_at=at, bookmark="Z29uZQ==")
        SyncJob.objects.create(
            tenant=viewed.journey.tenant, kind="view", queue="sync", subject=feed.code, due_at=at, failures=3
        )

    viewed.read_view()

    assert [asked["Bookmark"] for asked in questions(viewed)] == ["Z29uZQ=="]
    assert "The bookmark is invalid" in now(feed).problem
    assert now(feed).bookmark == ""


def test_files_that_the_customer_has_not_read_stay_unread(viewed: Way) -> None:
    viewed.read_from("Everything")
    set_off(viewed, "normal")

    viewed.read_view()

    (subscription,) = [
        row
        for row in viewed.journey.ups.control("GET", "view-subscriptions")["subscriptions"]
        if row["shipper_number"] == viewed.journey.account.shipper_number
    ]
    assert subscription["read_files"] == 0


def test_a_passing_trouble_is_waited_for_as_long_as_ups_says(viewed: Way) -> None:
    viewed.settings(view_retry_seconds=RETRY_SECONDS)
    feed = viewed.read_from("Everything")
    ((delivery, _),) = set_off(viewed, "normal")

    viewed.read_view()

    pause = (now(feed).poll_at or timezone.now()) - timezone.now()
    assert timedelta(seconds=RETRY_SECONDS - 30) < pause <= timedelta(seconds=RETRY_SECONDS)
    assert (now(feed).problem, now(feed).watermark_at) == ("", None)

    viewed.settings(view_retry_seconds=0)
    viewed.read_view()

    assert viewed.journey.refreshed(delivery).state == Delivery.State.CLOSED


def test_another_trouble_is_shown_told_once_and_forgotten_when_it_is_over(viewed: Way) -> None:
    feed = viewed.read_from("Everything")
    viewed.settings(view_request_form="objects")

    viewed.read_view()
    viewed.read_view()

    assert "SubscriptionRequest has the wrong form" in now(feed).problem
    with tenant_context(feed.tenant_id):
        assert Event.objects.filter(subject=feed.code, kind=Event.Kind.FAILED).count() == 1

    viewed.settings(view_request_form="lists")
    viewed.read_view()

    assert now(feed).problem == ""


def test_without_the_product_deliveries_are_shipped_all_the_same(viewed: Way) -> None:
    feed = viewed.read_from("Everything")
    account = viewed.journey.account
    viewed.journey.ups.control(
        "POST",
        "accounts",
        {
            "client_id": account.reveal_client_id(),
            "client_secret": account.open_client_secret().reveal(),
            "shipper_number": account.shipper_number,
            "country": "NL",
            "products": ["shipping", "tracking", "track_alert"],
        },
    )

    viewed.read_view()
    _, delivery = viewed.ship()

    assert "Quantum View" in now(feed).problem
    assert delivery.state == Delivery.State.REPORTED


@pytest.mark.parametrize(("answer", "as_status"), [("empty", False), ("error", False), ("error", True)])
def test_no_files_are_no_trouble_however_ups_says_so(viewed: Way, answer: str, *, as_status: bool) -> None:
    viewed.settings(view_no_files=answer, view_errors_as_status=as_status)
    feed = viewed.read_from("Everything")

    viewed.read_view()

    assert now(feed).problem == ""
    assert now(feed).watermark_at is not None
    assert ticks.turn_due().get("view", 0) == 0


@pytest.mark.parametrize("as_status", [False, True])
def test_a_name_that_ups_does_not_know_is_shown_and_read_on_without_a_gap(viewed: Way, *, as_status: bool) -> None:
    """UPS says the same of a name that has no events yet (ups.md 11)."""
    viewed.settings(view_errors_as_status=as_status)
    viewed.offer_view("Everything")
    feed = add_feed(viewed.journey.account, "Nobody")

    viewed.read_view()

    assert "knows no Quantum View subscription of this name" in now(feed).problem
    assert now(feed).watermark_at is not None
    assert ticks.turn_due().get("view", 0) == 0
