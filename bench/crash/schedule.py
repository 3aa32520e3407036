"""What happens when: bookings, kills and the like, all from the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bench.crash.size import Size

BOOKING_SHARE = 0.75
"""Kills go on after the last booking, while doubts are settled."""
MOST_AT_ONCE = 4
WHOLE_WORKER_SHARE = 0.1
AIMED_SHARE = 0.5
"""Kills that wait for a child in the middle of a call to UPS."""
SECONDS_BETWEEN_FLUSHES = 70.0
SECONDS_BETWEEN_RENEWALS = 60.0
SECONDS_BETWEEN_PUSH_TROUBLES = 5.0


class Act(StrEnum):
    """What the run does to the system."""

    BOOK = "book"
    KILL_CHILD = "kill_child"
    KILL_WORKER = "kill_worker"
    EMPTY_REDIS = "empty_redis"
    LET_RENEW = "let_renew"
    TROUBLE_PUSHES = "trouble_pushes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One act, so many seconds after the start. `choice` is a whole number that says which one of several it hits."""

    seconds: float
    act: Act
    choice: int
    count: int = 1
    is_aimed: bool = False


def moments(size: Size) -> list[Moment]:
    """Everything that will happen, in order; the same for the same size and seed."""
    dice = random.Random(f"{size.seed}|schedule")  # noqa: S311  to be repeated, not to be secret
    found = [
        *_bookings(size, dice),
        *_kills(size, dice),
        *_now_and_then(Act.EMPTY_REDIS, SECONDS_BETWEEN_FLUSHES, size, dice),
        *_now_and_then(Act.LET_RENEW, SECONDS_BETWEEN_RENEWALS, size, dice),
        *_now_and_then(Act.TROUBLE_PUSHES, SECONDS_BETWEEN_PUSH_TROUBLES, size, dice),
    ]
    return sorted(found, key=lambda moment: moment.seconds)


def _bookings(size: Size, dice: random.Random) -> Iterator[Moment]:
    left = size.deliveries
    while left:
        count = min(left, dice.randint(1, MOST_AT_ONCE))
        left -= count
        seconds = dice.uniform(0, size.seconds * BOOKING_SHARE)
        yield Moment(seconds=seconds, act=Act.BOOK, choice=dice.randrange(size.tenants), count=count)


def _kills(size: Size, dice: random.Random) -> Iterator[Moment]:
    for _ in range(size.kills):
        act = Act.KILL_WORKER if dice.random() < WHOLE_WORKER_SHARE else Act.KILL_CHILD
        yield Moment(
            seconds=dice.uniform(0, size.seconds),
            act=act,
            choice=dice.randrange(1_000),
            is_aimed=dice.random() < AIMED_SHARE,
        )


def _now_and_then(act: Act, pause_seconds: float, size: Size, dice: random.Random) -> Iterator[Moment]:
    """About once in that time, at least once in a run that is half as long."""
    for _ in range(round(size.seconds / pause_seconds)):
        yield Moment(seconds=dice.uniform(0, size.seconds), act=act, choice=dice.randrange(1_000))
