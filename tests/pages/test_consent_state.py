"""The state of a consent under way."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exact import consent_state
from exact.consent_state import Pending, WrongState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PERSON = uuid.uuid4()


def begun(**changes: object) -> Pending:
    made = consent_state.begin(site="nl", tenant_code=uuid.uuid4(), user_code=PERSON, at=NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_what_was_kept_proves_its_answer() -> None:
    pending = begun()

    assert consent_state.proven(pending.as_json(), state=pending.state, user_code=PERSON, at=NOW) == pending


def test_a_state_has_256_bits_and_is_new_each_time() -> None:
    states = {begun().state for _ in range(50)}

    assert len(states) == 50
    assert {len(state) for state in states} == {43}


def test_ten_minutes_are_enough_and_more_are_too_many() -> None:
    pending = begun()
    kept = pending.as_json()

    consent_state.proven(kept, state=pending.state, user_code=PERSON, at=NOW + timedelta(minutes=10))

    with pytest.raises(WrongState):
        consent_state.proven(kept, state=pending.state, user_code=PERSON, at=NOW + timedelta(minutes=10, seconds=1))


@pytest.mark.parametrize("state", ["", "x", "é" * 43])
def test_another_state_proves_nothing(state: str) -> None:
    with pytest.raises(WrongState):
        consent_state.proven(begun().as_json(), state=state, user_code=PERSON, at=NOW)


def test_nothing_kept_proves_nothing() -> None:
    with pytest.raises(WrongState):
        consent_state.proven(None, state="x", user_code=PERSON, at=NOW)


def test_another_person_proves_nothing() -> None:
    pending = begun()

    with pytest.raises(WrongState):
        consent_state.proven(pending.as_json(), state=pending.state, user_code=uuid.uuid4(), at=NOW)
