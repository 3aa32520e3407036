"""The control routes."""

import pytest

from tests.sandbox.core.conftest import Counter


def test_calls_are_listed_by_sequence_and_limit_and_cleared(counter: Counter) -> None:
    for _ in range(3):
        counter.call()

    listed = counter.get("/sandbox/calls?since=1&limit=1&operation=count")["calls"]
    assert isinstance(listed, list)
    assert [call["sequence"] for call in listed] == [2]

    counter.session.delete(counter.base + "/sandbox/calls", timeout=5)
    assert counter.calls() == []


def test_clock_is_shown_advanced_and_sped_up(counter: Counter) -> None:
    before = counter.get("/sandbox/clock")

    answer = counter.session.post(
        counter.base + "/sandbox/clock", json={"advance_seconds": 86400, "speed": 0}, timeout=5
    ).json()

    assert answer["speed"] == 0
    assert 86400 <= answer["elapsed_seconds"] - float(str(before["elapsed_seconds"])) < 86410


@pytest.mark.parametrize("body", [{"advance_seconds": -5}, {"speed": "fast"}, {"hours": 1}, {"speed": True}])
def test_clock_refuses_what_it_does_not_understand(counter: Counter, body: dict[str, object]) -> None:
    answer = counter.session.post(counter.base + "/sandbox/clock", json=body, timeout=5)

    assert answer.status_code == 400
    assert counter.get("/sandbox/clock")["speed"] == 1


def test_wrong_setting_is_refused_and_none_is_changed(counter: Counter) -> None:
    answer = counter.session.post(
        counter.base + "/sandbox/settings", json={"added_delay_ms": 5, "colour": "red"}, timeout=5
    )

    assert (answer.status_code, answer.json()) == (400, {"error": "There is no setting called colour."})
    assert counter.get("/sandbox/settings") == {"added_delay_ms": 0}


@pytest.mark.parametrize("raw", [b"{", b"[1]"])
def test_body_that_is_no_object_is_refused_in_words(counter: Counter, raw: bytes) -> None:
    answer = counter.session.post(counter.base + "/sandbox/settings", data=raw, timeout=5)

    assert answer.status_code == 400
    assert str(answer.json()["error"]).startswith("The body is not")


def test_faults_are_listed_and_taken_back_one_by_one(counter: Counter) -> None:
    counter.order(action="reset_before")
    counter.order(action="html_200")

    answer = counter.session.delete(counter.base + "/sandbox/faults/1", timeout=5).json()

    assert [(fault["id"], fault["action"]) for fault in answer["faults"]] == [(2, "html_200")]
    assert counter.session.delete(counter.base + "/sandbox/faults/1", timeout=5).status_code == 404


def test_reset_empties_log_faults_and_settings(counter: Counter) -> None:
    counter.call()
    counter.order(action="reset_before")
    counter.session.post(counter.base + "/sandbox/settings", json={"added_delay_ms": 5}, timeout=5)

    counter.session.post(counter.base + "/sandbox/reset", timeout=5)

    assert counter.calls() == []
    assert counter.get("/sandbox/faults") == {"faults": []}
    assert counter.get("/sandbox/settings") == {"added_delay_ms": 0}


def test_style_is_served(counter: Counter) -> None:
    answer = counter.session.get(counter.base + "/sandbox/style.css", timeout=5)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
