"""Trouble by chance: the same seed strikes the same calls, whatever happens around them."""

from collections import Counter as Tally

import pytest

from sandbox.core.faults import InvalidFaultError
from sandbox.core.storm import Storm
from tests.sandbox.core.conftest import Counter

WEATHER = {
    "ship": {
        "share": 0.5,
        "faults": [
            {"action": "reset_after", "weight": 3},
            {"action": "late_effect", "seconds": 1, "seconds_most": 4, "name": "late"},
        ],
    }
}


def storm(seed: object = 42, **names: object) -> Storm:
    made = Storm()
    made.begin({"seed": seed, "weather": WEATHER, "names": names})
    return made


def fates(of: Storm, subjects: list[str]) -> list[tuple[str, float] | None]:
    taken = [of.take("ship", subject) for subject in subjects]
    return [(fault.name, fault.seconds) if fault else None for fault in taken]


def test_a_seed_gives_each_call_about_a_delivery_the_same_fate_in_any_order() -> None:
    calls = [f"A/{number}" for number in range(50)] * 3

    forwards, backwards = fates(storm(), calls), fates(storm(), calls[::-1])

    assert sorted(map(str, forwards)) == sorted(map(str, backwards))
    assert forwards[:3] == fates(storm(), ["A/0", "A/1", "A/2"])
    assert forwards != fates(storm(seed=43), calls)


def test_owners_that_are_called_the_same_meet_the_same_weather_whatever_their_numbers() -> None:
    today = storm(B12={"name": "one", "first": 700})
    tomorrow = storm(C99={"name": "one", "first": 31000})

    calls = [fates(today, [f"B12/{700 + at}"]) for at in range(30)]

    assert calls == [fates(tomorrow, [f"C99/{31000 + at}"]) for at in range(30)]


def test_share_weights_and_lengths_are_as_ordered() -> None:
    taken = [fate for fate in fates(storm(), [f"A/{number}" for number in range(4_000)]) if fate]

    assert len(taken) == pytest.approx(2_000, rel=0.1)
    assert Tally(name for name, _ in taken)["late"] == pytest.approx(500, rel=0.2)
    lengths = [seconds for name, seconds in taken if name == "late"]
    assert 1 <= min(lengths) < 1.2
    assert 3.8 < max(lengths) <= 4


def test_what_has_no_weather_is_never_hit_and_an_ended_storm_hits_nothing() -> None:
    calm = storm()

    assert [calm.take("void", f"A/{number}") for number in range(50)] == [None] * 50
    calm.end()
    assert [calm.take("ship", f"A/{number}") for number in range(50)] == [None] * 50


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"weather": {"ship": {"share": 0.5, "faults": []}}},
        {"weather": {"ship": {"share": 0.5, "faults": [{"action": "rain"}]}}},
        {"weather": {"ship": {"share": 0.5, "faults": [{"action": "status", "weight": 0}]}}},
        {"weather": {"ship": {"share": 0.5, "faults": [{"action": "late_effect", "seconds": 3, "seconds_most": 2}]}}},
    ],
)
def test_an_order_that_cannot_be_understood_is_refused(order: dict[str, object]) -> None:
    with pytest.raises(InvalidFaultError):
        Storm().begin(order)


def test_a_storm_begins_and_ends_by_the_control_routes_and_tells_what_it_did(counter: Counter) -> None:
    always = {"count": {"share": 1, "faults": [{"action": "status", "status": 500, "name": "broken"}]}}
    begun = counter.session.post(counter.base + "/sandbox/storm", json={"seed": 7, "weather": always}, timeout=5)

    answers = [counter.call().status_code for _ in range(2)]
    told = counter.get("/sandbox/storm")
    counter.session.delete(counter.base + "/sandbox/storm", timeout=5)

    assert (begun.status_code, answers, counter.effects) == (201, [500, 500], [])
    assert told == {"seed": "7", "calls": {"count": 2}, "strikes": {"count": {"broken": 2}}}
    assert [call["fault"] for call in counter.calls()] == ["broken", "broken"]
    assert counter.call().status_code == 200
