"""What Quantum View refuses, and how: a refused question changes nothing (ups.md 11)."""

import pytest

from tests.sandbox.ups.bodies import Json
from tests.sandbox.ups.conftest import CLIENT, SECRET, Caller, Ups, code_of
from tests.sandbox.ups.viewer import NAME, Viewer, error_of, files_of, named, question

DAY_HOURS = 24


@pytest.fixture
def viewer(ups: Ups, caller: Caller) -> Viewer:
    viewer = Viewer(ups, caller)
    viewer.subscribe()
    viewer.set(view_delay_seconds=0)
    return viewer


def test_bookmark_of_another_question_is_refused(viewer: Viewer) -> None:
    viewer.travel("failed_attempts")
    viewer.wait(80)
    period = viewer.since(90)
    bookmark = str(viewer.answer(period)["Bookmark"])
    others = [question(bookmark=bookmark), question(viewer.since(89), bookmark=bookmark), question(bookmark="bm8=")]

    errors = [error_of(viewer.ask(other)) for other in others]

    assert errors == [(200, "Hard", "The bookmark is invalid for this request")] * 3
    assert [file["StatusType"] for file in files_of(viewer.answer())][:1] == [{"Code": "U", "Description": "Unread"}]


def test_bookmark_of_another_app_is_refused(viewer: Viewer, stranger: Caller) -> None:
    viewer.travel("failed_attempts")
    viewer.wait(80)
    bookmark = str(viewer.answer()["Bookmark"])

    answer = Viewer(viewer.ups, stranger).ask(question(bookmark=bookmark))

    assert error_of(answer) == (200, "Hard", "The bookmark is invalid for this request")


@pytest.mark.parametrize("hours", [7 * DAY_HOURS + 0.1, 40 * DAY_HOURS])
def test_period_longer_than_seven_days_back_is_refused(viewer: Viewer, hours: float) -> None:
    viewer.ship()
    viewer.wait(1)

    answer = viewer.ask(question(viewer.since(hours, until=hours - 1)))

    assert error_of(answer) == (200, "Hard", "The date range is longer than 7 days back")
    assert len(files_of(viewer.answer())) == 1


@pytest.mark.parametrize(
    "period",
    [
        {},
        {"BeginDateTime": "20261012"},
        {"BeginDateTime": "20261340000000"},
        {"EndDateTime": "20261012000000"},
    ],
)
def test_period_that_cannot_be_read_is_refused(viewer: Viewer, period: Json) -> None:
    answer = viewer.ask(question(named(DateTimeRange=period)))

    assert error_of(answer) == (200, "Hard", "The date time range is invalid")


def test_period_that_ends_before_it_begins_or_lasts_longer_is_refused(viewer: Viewer) -> None:
    begin = str(viewer.since(1)["DateTimeRange"]["BeginDateTime"])  # type: ignore[index]
    ends = [str(viewer.since(2)["DateTimeRange"]["BeginDateTime"]), "20991012000000"]  # type: ignore[index]
    bodies = [question(named(DateTimeRange={"BeginDateTime": begin, "EndDateTime": end})) for end in ends]

    assert [error_of(viewer.ask(body))[1:] for body in bodies] == [("Hard", "The date time range is invalid")] * 2


def test_unknown_name_is_refused(viewer: Viewer) -> None:
    answer = viewer.ask(question(named("Inbound")))

    assert error_of(answer) == (200, "Hard", "subscription names do not exist")


@pytest.mark.parametrize(
    "wanted",
    [{}, {"FileName": [""]}, named("x" * 22), {"DateTimeRange": {"BeginDateTime": "20261012000000"}}],
)
def test_incomplete_subscription_request_is_refused(viewer: Viewer, wanted: Json) -> None:
    answer = viewer.ask(
        {"QuantumViewRequest": {"Request": {"RequestAction": "QVEvents"}, "SubscriptionRequest": [wanted]}}
    )

    assert error_of(answer) == (200, "Hard", "The subscription request is invalid")


def test_missing_request_action_is_refused(viewer: Viewer) -> None:
    answer = viewer.ask({"QuantumViewRequest": {"Request": {"RequestAction": "Events"}}})

    assert error_of(answer)[1] == "Hard"


def test_transient_trouble_names_the_time_to_come_back_and_marks_nothing(viewer: Viewer) -> None:
    viewer.ship()
    viewer.wait(1)
    viewer.set(view_retry_seconds=120)

    answer = viewer.ask(question())
    viewer.set(view_retry_seconds=0)

    [error] = answer.json()["QuantumViewResponse"]["Response"]["Error"]
    assert (answer.status_code, error["ErrorSeverity"], error["MinimumRetrySeconds"]) == (200, "TransientError", "120")
    assert len(files_of(viewer.answer())) == 1


def test_app_without_the_product_is_refused(viewer: Viewer) -> None:
    account = {"client_id": CLIENT, "client_secret": SECRET, "shipper_number": "A1B2C3", "country": "NL"}
    viewer.ups.control("accounts", account | {"products": ["shipping", "tracking"]})

    answer = viewer.ask(question())

    assert (answer.status_code, code_of(answer)) == (401, "250002")


def test_form_of_the_request_can_be_insisted_on(viewer: Viewer) -> None:
    as_list = question(named())
    as_object = {"QuantumViewRequest": as_list["QuantumViewRequest"] | {"SubscriptionRequest": named()}}  # type: ignore[operator]
    viewer.set(view_request_form="objects")
    list_refused = viewer.ask(as_list)
    viewer.set(view_request_form="lists")
    object_refused = viewer.ask(as_object)
    viewer.set(view_request_form="any")

    assert [code_of(list_refused), code_of(object_refused)] == ["10002", "10002"]
    assert [viewer.ask(body).status_code for body in (as_list, as_object)] == [200, 200]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("view-subscriptions", {"shipper_number": "NOBODY", "name": "x"}),
        ("view-subscriptions", {"shipper_number": "A1B2C3", "name": ""}),
        ("view-subscriptions", {"shipper_number": "A1B2C3", "name": "x", "types": ["Flight"]}),
        ("view-subscriptions", {"shipper_number": "A1B2C3", "name": "x", "status": "?"}),
        ("foreign-shipments", {"shipper_number": "A1B2C3", "count": 0}),
        ("foreign-shipments", {"shipper_number": "A1B2C3", "script": "fly"}),
        ("foreign-shipments", {"shipper_number": "A1B2C3", "hours_per_second": -1}),
    ],
)
def test_impossible_arrangement_is_refused(viewer: Viewer, path: str, body: Json) -> None:
    answer = viewer.ups.session.post(f"{viewer.ups.base}/sandbox/{path}", json=body, timeout=5)

    assert answer.status_code == 400
    assert [each["name"] for each in viewer.ups.listed("view-subscriptions")] == [NAME]
    assert viewer.ups.shipments() == []


def test_refusals_come_with_a_status_of_their_own_if_so_set(viewer: Viewer) -> None:
    viewer.set(view_errors_as_status=True, view_no_files="error")

    unknown, empty = viewer.ask(question(named("Inbound"))), viewer.ask(question(named()))

    assert [(answer.status_code, code_of(answer)) for answer in (unknown, empty)] == [(400, "330006"), (400, "330007")]


def test_a_time_to_come_back_is_told_with_status_200_however_refusals_come(viewer: Viewer) -> None:
    viewer.set(view_errors_as_status=True, view_retry_seconds=240)

    assert error_of(viewer.ask(question()))[:2] == (200, "TransientError")
