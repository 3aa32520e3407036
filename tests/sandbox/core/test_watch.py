"""Faults as a caller meets them, and what the log says about them."""

import time

import pytest
import requests

from tests.sandbox.core.conftest import Counter

DEADLINE_SECONDS = 5


def test_call_is_logged_with_bodies_client_and_operation(counter: Counter) -> None:
    counter.call()

    [call] = counter.calls()

    assert (call["operation"], call["status"], call["client"], call["fault"]) == ("count", 200, "client-1", "")
    assert call["request_body"] == {"refresh_token": "fingerprint:92dea3b08e6e"}
    assert call["response_body"] == {
        "effects": 1,
        "rows": [{"GraphicImage": "A" * 40 + "... (2000 characters)"}],
    }


def test_control_routes_are_not_logged(counter: Counter) -> None:
    counter.get("/sandbox/health")
    counter.get("/sandbox/clock")

    assert counter.calls() == []


@pytest.mark.parametrize(("action", "effects"), [("reset_before", 0), ("reset_after", 1)])
def test_reset_drops_the_connection_before_or_after_the_effect(counter: Counter, action: str, effects: int) -> None:
    counter.order(action=action)

    with pytest.raises(requests.ConnectionError):
        counter.call()

    assert len(counter.effects) == effects
    [call] = counter.calls()
    assert (call["status"], call["fault"]) == (None, action)


def test_half_body_breaks_off_after_the_effect(counter: Counter) -> None:
    counter.order(action="half_body")

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        counter.call()

    assert len(counter.effects) == 1


@pytest.mark.parametrize(("after", "effects"), [(False, 0), (True, 1)])
def test_scripted_status_comes_before_or_after_the_effect(
    counter: Counter,
    after: bool,  # noqa: FBT001 - a table
    effects: int,
) -> None:
    counter.order(action="status", status=429, body={"busy": True}, headers={"Retry-After": "7"}, after=after)

    answer = counter.call()

    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (429, {"busy": True}, "7")
    assert len(counter.effects) == effects


def test_html_answer_is_a_success_that_is_not_json(counter: Counter) -> None:
    counter.order(action="html_200")

    answer = counter.call()

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert counter.effects == []


def test_wrong_shape_turns_a_list_of_one_into_an_object(counter: Counter) -> None:
    counter.order(action="wrong_shape")

    assert counter.call().json() == {"effects": 1, "rows": {"GraphicImage": "A" * 2000}}


def test_dropped_label_leaves_the_rest_of_the_answer(counter: Counter) -> None:
    counter.order(action="drop_label")

    assert counter.call().json() == {"effects": 1, "rows": [{}]}


def test_unknown_fields_stand_in_every_object(counter: Counter) -> None:
    counter.order(action="unknown_fields")

    answer = counter.call().json()

    assert answer["NewIn2027"] == {"Code": "01"}
    assert answer["rows"][0]["NewIn2027"] == {"Code": "01"}


@pytest.mark.parametrize(("action", "effects"), [("stall_before", 0), ("stall_after", 1)])
def test_stalled_answer_outlasts_the_callers_patience(counter: Counter, action: str, effects: int) -> None:
    counter.order(action=action, seconds=1.2)

    with pytest.raises(requests.ReadTimeout):
        counter.session.post(counter.base + "/count", timeout=0.5)

    assert len(counter.effects) == effects


def test_late_effect_lands_when_its_time_has_come(counter: Counter) -> None:
    counter.order(action="late_effect", seconds=3600)

    with pytest.raises(requests.ConnectionError):
        counter.call()
    assert counter.effects == []

    counter.session.post(counter.base + "/sandbox/clock", json={"advance_seconds": 3600}, timeout=5)

    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while not counter.effects and time.monotonic() < give_up_at:
        time.sleep(0.005)
    assert counter.effects == ['{"refresh_token": "secret-refresh-token"}']


def test_redirect_of_a_handler_is_passed_on_and_logged(counter: Counter) -> None:
    answer = counter.session.get(counter.base + "/moved", allow_redirects=False, timeout=5)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/elsewhere")
    assert [call["status"] for call in counter.calls()] == [302]


def test_added_delay_slows_every_call(counter: Counter) -> None:
    counter.session.post(counter.base + "/sandbox/settings", json={"added_delay_ms": 80}, timeout=5)

    started = time.monotonic()
    counter.call()

    assert time.monotonic() - started >= 0.08
