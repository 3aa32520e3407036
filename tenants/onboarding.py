"""What a new company has done and what comes next. Pure: facts in, steps out."""

from dataclasses import dataclass
from enum import StrEnum


class StepKey(StrEnum):
    """The steps, in the order in which they are taken."""

    COMPANY = "company"
    EXACT = "exact"
    UPS = "ups"
    SHIP_FROM = "ship_from"
    RULES = "rules"
    DRY_RUN = "dry_run"
    GO_LIVE = "go_live"


class StepState(StrEnum):
    """A blocked step waits for another one."""

    DONE = "done"
    OPEN = "open"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a company; each was tested live when it came to be true."""

    is_connected: bool
    ups_works: bool
    has_ship_from: bool
    has_ups_rule: bool
    has_dry_run: bool
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. An optional one is offered in its turn, and nothing waits for it."""

    key: StepKey
    state: StepState
    is_optional: bool = False


NEEDS: dict[StepKey, tuple[StepKey, ...]] = {
    StepKey.COMPANY: (),
    StepKey.EXACT: (),
    StepKey.UPS: (),
    StepKey.SHIP_FROM: (StepKey.EXACT, StepKey.UPS),
    StepKey.RULES: (StepKey.EXACT, StepKey.UPS),
    StepKey.DRY_RUN: (StepKey.EXACT, StepKey.UPS, StepKey.SHIP_FROM, StepKey.RULES),
    StepKey.GO_LIVE: (StepKey.EXACT, StepKey.UPS, StepKey.SHIP_FROM, StepKey.RULES),
}
"""What must be done before a step can be."""
OPTIONAL = frozenset({StepKey.DRY_RUN})


def steps_of(facts: Facts) -> tuple[Step, ...]:
    """All steps, each with its state."""
    done = {key for key, is_done in _done(facts).items() if is_done}
    return tuple(Step(key=key, state=_state(key, done), is_optional=key in OPTIONAL) for key in StepKey)


def next_step(facts: Facts) -> StepKey | None:
    """The first step that is open, the optional one among them; None when nothing is left."""
    return next((step.key for step in steps_of(facts) if step.state == StepState.OPEN), None)


def missing(facts: Facts) -> tuple[StepKey, ...]:
    """What keeps the company from going live, in the order in which it is done."""
    done = _done(facts)
    return tuple(key for key in NEEDS[StepKey.GO_LIVE] if not done[key])


def _done(facts: Facts) -> dict[StepKey, bool]:
    return {
        StepKey.COMPANY: True,
        StepKey.EXACT: facts.is_connected,
        StepKey.UPS: facts.ups_works,
        StepKey.SHIP_FROM: facts.has_ship_from,
        StepKey.RULES: facts.has_ups_rule,
        StepKey.DRY_RUN: facts.has_dry_run,
        StepKey.GO_LIVE: facts.is_live,
    }


def _state(key: StepKey, done: set[StepKey]) -> StepState:
    if key in done:
        return StepState.DONE
    return StepState.OPEN if done.issuperset(NEEDS[key]) else StepState.BLOCKED
