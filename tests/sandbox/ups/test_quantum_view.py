"""Quantum View: which files an answer holds, how they are paged and marked, and what is refused (ups.md 11)."""

import base64

import pytest

from tests.contracts import ups_spec
from tests.sandbox.ups.conftest import Caller, Ups
from tests.sandbox.ups.viewer import (
    EVENTS,
    NAME,
    Viewer,
    error_of,
    events_of,
    files_of,
    named,
    names_of,
    numbers_in,
    question,
    records_of,
)

DAY_HOURS = 24


@pytest.fixture
def viewer(ups: Ups, caller: Caller) -> Viewer:
    viewer = Viewer(ups, caller)
    viewer.subscribe()
    viewer.set(view_delay_seconds=0)
    return viewer


def test_requests_used_here_fit_the_specification(viewer: Viewer) -> None:
    bodies = [
        question(),
        question(viewer.since(20, until=1), bookmark="T1VUQk9VTkROTA=="),
        question(named(FileName=["261012_101500001"])),
    ]

    assert [ups_spec.request_problems(EVENTS, body) for body in bodies] == [[], [], []]


@pytest.mark.parametrize("shape", ["lists", "objects"])
def test_answer_fits_the_specification(viewer: Viewer, shape: str) -> None:
    viewer.travel("failed_attempts", parcels=2)
    viewer.set(view_files_per_page=100, view_shape=shape)
    viewer.wait(80)

    answer = viewer.ask(question()).json()

    assert ups_spec.answer_problems(EVENTS, answer) == []
    assert len(files_of(answer["QuantumViewResponse"])) > 5


def test_pages_together_equal_one_big_answer(viewer: Viewer) -> None:
    viewer.travel("normal")
    viewer.travel("failed_attempts", parcels=2)
    viewer.wait(80)
    period = viewer.since(90, until=0)
    pages = viewer.pages(period)
    viewer.set(view_files_per_page=1000)

    whole = viewer.answer(period)

    assert len(pages) > 2
    assert "Bookmark" not in whole
    assert files_of(*pages) == files_of(whole)


def test_bookmark_is_base64_and_can_be_used_again(viewer: Viewer) -> None:
    viewer.travel("failed_attempts")
    viewer.wait(80)
    bookmark = str(viewer.answer()["Bookmark"])

    pages = [viewer.answer(bookmark=bookmark) for _ in range(2)]

    assert base64.b64decode(bookmark, validate=True)
    assert names_of(pages[0]) == names_of(pages[1]) != []


def test_bookmark_inside_the_subscription_request_counts_too(viewer: Viewer) -> None:
    viewer.travel("failed_attempts")
    viewer.wait(80)
    period = viewer.since(90)
    bookmark = str(viewer.answer(period)["Bookmark"])

    assert names_of(viewer.answer(period | {"Bookmark": bookmark})) == names_of(
        viewer.answer(period, bookmark=bookmark)
    )


def test_unread_files_are_told_once_and_a_period_tells_them_again(viewer: Viewer) -> None:
    viewer.travel("normal")
    viewer.wait(30)
    first = names_of(*viewer.pages())

    again = viewer.answer()
    period = viewer.pages(viewer.since(40))

    assert first
    assert names_of(again) == []
    assert names_of(*period) == first
    assert {str(file["StatusType"]) for file in files_of(*period)} == {"{'Code': 'R', 'Description': 'Read'}"}


def test_reading_a_period_or_a_file_marks_nothing(viewer: Viewer) -> None:
    viewer.travel("normal")
    viewer.wait(30)
    by_period = names_of(*viewer.pages(viewer.since(40)))
    by_file = names_of(viewer.answer(named(FileName=by_period[:2])))

    unread = viewer.pages()

    assert by_file == by_period[:2]
    assert names_of(*unread) == by_period


def test_page_that_was_not_fetched_stays_unread(viewer: Viewer) -> None:
    viewer.travel("failed_attempts")
    viewer.wait(80)
    first = viewer.answer()

    second = viewer.answer()

    assert "Bookmark" in first
    assert set(names_of(first)).isdisjoint(names_of(second))
    assert names_of(second) != []


def test_name_alone_asks_for_its_unread_files(viewer: Viewer) -> None:
    viewer.subscribe("Second")
    viewer.travel("normal")
    viewer.wait(30)
    viewer.set(view_files_per_page=100)

    answers = [viewer.answer(named("Second")), viewer.answer(named("Second")), viewer.answer()]

    assert [[event["Name"] for event in events_of(answer)] for answer in answers] == [["Second"], ["Second"], [NAME]]
    assert [len(files_of(answer)) > 0 for answer in answers] == [True, False, True]


def test_file_is_out_only_after_the_delay(viewer: Viewer) -> None:
    viewer.set(view_delay_seconds=3 * 3600)
    viewer.ship()
    viewer.wait(1)
    early = viewer.answer()

    viewer.wait(3)

    assert names_of(early) == []
    assert len(records_of("Manifest", viewer.answer())) == 1


def test_period_is_held_against_the_time_of_the_file(viewer: Viewer) -> None:
    viewer.ship()
    viewer.wait(5)
    viewer.ship()
    viewer.wait(1)

    [late, early] = [viewer.answer(viewer.since(2, until=0)), viewer.answer(viewer.since(8, until=3))]

    assert [len(records_of("Manifest", each)) for each in (late, early)] == [1, 1]
    assert names_of(early) < names_of(late)


def test_told_file_does_not_grow(viewer: Viewer) -> None:
    viewer.travel("late_scans")
    viewer.wait(20)
    told_before = files_of(*viewer.pages(viewer.since(30)))

    viewer.wait(20)

    later = {str(file["FileName"]): file for file in files_of(*viewer.pages(viewer.since(60)))}
    assert [later[str(file["FileName"])] for file in told_before] == told_before
    assert len(later) > len(told_before)


def test_period_of_almost_seven_days_without_an_end_is_fine(viewer: Viewer) -> None:
    viewer.ship()
    viewer.wait(1)

    answer = viewer.answer(viewer.since(7 * DAY_HOURS - 0.1))

    [event] = events_of(answer)
    assert len(records_of("Manifest", answer)) == 1
    assert sorted(event["DateRange"]) == ["BeginDate", "EndDate"]  # type: ignore[call-overload]


def test_files_are_let_go_after_seven_days(viewer: Viewer) -> None:
    viewer.ship()
    viewer.wait(1)
    [name] = names_of(viewer.answer())

    viewer.wait(7 * DAY_HOURS)

    assert names_of(viewer.answer(named(FileName=[name]))) == []


def test_nothing_new_is_an_answer_without_files_or_a_hard_error(viewer: Viewer) -> None:
    period = viewer.since(1)
    empty = [viewer.answer(), viewer.answer(period)]
    viewer.set(view_no_files="error")

    errors = [error_of(viewer.ask(question())), error_of(viewer.ask(question(period)))]

    assert [files_of(answer) for answer in empty] == [[], []]
    assert ["SubscriptionFile" in event for event in events_of(empty[1])] == [False]
    assert errors == [(200, "Hard", "no files for the given request")] * 2


def test_nobody_sees_files_of_another_account(viewer: Viewer, stranger: Caller) -> None:
    other = Viewer(viewer.ups, stranger)
    other.subscribe("Theirs", "S1S2S3")
    viewer.ship()
    viewer.wait(1)
    stranger.token = ""

    assert names_of(other.answer()) == []
    assert error_of(other.ask(question(named())))[2] == "subscription names do not exist"
    assert len(names_of(viewer.answer())) == 1


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_old_versions_answer_single_objects(viewer: Viewer, version: str) -> None:
    viewer.ship()
    viewer.wait(1)

    answer = viewer.answer(version=version)

    event = answer["QuantumViewEvents"]["SubscriptionEvents"]  # type: ignore[index]
    assert event["Name"] == NAME
    assert event["SubscriptionFile"]["Manifest"]["Package"]["TrackingNumber"].startswith("1ZA1B2C3")


def test_second_version_forgets_the_bookmark(viewer: Viewer) -> None:
    viewer.travel("failed_attempts")
    viewer.wait(80)
    period = viewer.since(90)

    answers = [viewer.answer(period, version=version) for version in ("v1", "v2", "v3")]

    assert ["Bookmark" in answer for answer in answers] == [True, False, True]
    assert len(files_of(answers[1])) == 3


def test_subscription_tells_the_chosen_kinds_from_its_first_day_on(viewer: Viewer) -> None:
    viewer.travel("normal")
    viewer.wait(10)
    viewer.subscribe("Deliveries", types=["Delivery"])
    viewer.subscribe("Late")
    viewer.wait(20)
    viewer.set(view_files_per_page=100)

    deliveries, late = viewer.answer(named("Deliveries")), viewer.answer(named("Late"))

    assert [sorted(file.keys() - {"FileName", "StatusType"}) for file in files_of(deliveries)] == [["Delivery"]]
    assert records_of("Manifest", late) == []
    assert len(records_of("Delivery", late)) == 1


def test_suspended_subscription_tells_its_status_and_no_files(viewer: Viewer) -> None:
    viewer.ship()
    viewer.wait(1)
    viewer.subscribe(status="S")

    [event] = events_of(viewer.answer(named()))

    assert event["SubscriptionStatus"] == {"Code": "S", "Description": "Suspended"}
    assert "SubscriptionFile" not in event


def test_foreign_shipments_stand_in_the_files_without_a_reference_of_ours(viewer: Viewer) -> None:
    [ours] = viewer.travel("normal")
    viewer.ups.control("foreign-shipments", {"shipper_number": "A1B2C3", "count": 3})
    viewer.wait(30)

    pages = viewer.pages()

    codes = [
        [reference["Code"] for reference in manifest["ReferenceNumber"]]  # type: ignore[attr-defined]
        for manifest in records_of("Manifest", *pages)
    ]
    assert codes == [["TN", "PO"], ["PO"], ["PO"], ["PO"]]
    delivered = numbers_in(records_of("Delivery", *pages))
    assert len(delivered) == 4
    assert ours in delivered
