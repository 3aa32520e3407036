"""Which step comes next, from facts alone."""

from dataclasses import replace

import pytest

from tenants.onboarding import Facts, StepKey, StepState, missing, next_step, steps_of

K = StepKey
NEW = Facts(
    is_connected=False, ups_works=False, has_ship_from=False, has_ups_rule=False, has_dry_run=False, is_live=False
)
READY = replace(NEW, is_connected=True, ups_works=True, has_ship_from=True, has_ups_rule=True)


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        (NEW, K.EXACT),
        (replace(NEW, is_connected=True), K.UPS),
        (replace(NEW, is_connected=True, ups_works=True), K.SHIP_FROM),
        (replace(NEW, is_connected=True, ups_works=True, has_ship_from=True), K.RULES),
        (READY, K.DRY_RUN),
        (replace(READY, has_dry_run=True), K.GO_LIVE),
        (replace(READY, has_dry_run=True, is_live=True), None),
        (replace(READY, is_connected=False, has_dry_run=True), K.EXACT),
    ],
)
def test_the_first_open_step_comes_next(facts: Facts, key: StepKey | None) -> None:
    assert next_step(facts) == key


def test_a_step_that_waits_for_another_is_blocked() -> None:
    states = {step.key: step.state for step in steps_of(replace(NEW, is_connected=True))}

    assert states == {
        K.COMPANY: StepState.DONE,
        K.EXACT: StepState.DONE,
        K.UPS: StepState.OPEN,
        K.SHIP_FROM: StepState.BLOCKED,
        K.RULES: StepState.BLOCKED,
        K.DRY_RUN: StepState.BLOCKED,
        K.GO_LIVE: StepState.BLOCKED,
    }


def test_going_live_does_not_wait_for_the_dry_run() -> None:
    assert missing(READY) == ()
    assert {step.key: step.state for step in steps_of(READY)}[K.GO_LIVE] == StepState.OPEN
    assert missing(replace(READY, ups_works=False)) == (K.UPS,)
