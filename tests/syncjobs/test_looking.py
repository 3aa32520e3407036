"""When the Tracking API is asked next, and when a person should know: exact moments, case by case (`ups.md` 8)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from syncjobs.tracking.looking import CLAIM_MINUTES, Watch, attention, next_look
from syncjobs.tracking.milestones import Standing
from tests.syncjobs.tellings import NOON, M, hours

DAY = hours(24)
SOON = timedelta(minutes=1)


def watch(**changes: Any) -> Watch:
    """A parcel whose label was made at noon and that a Track Alert stands behind."""
    values: dict[str, Any] = {"labelled_at": NOON, "looked_at": None, "looks_in_vain": 0, "has_alert": True}
    return Watch(**(values | changes))


def under_way(at: datetime = NOON, milestone: str = M.IN_TRANSIT, **changes: Any) -> Standing:
    return Standing(milestone=M(milestone), milestone_at=at, last_event_at=at, **changes)


@pytest.mark.parametrize(
    ("standing", "seen", "expected"),
    [
        (Standing(), watch(), NOON + DAY),
        (Standing(), watch(has_alert=False), NOON + hours(6)),
        (under_way(NOON + hours(10)), watch(), NOON + hours(34)),
        (under_way(NOON + hours(10)), watch(has_alert=False), NOON + hours(16)),
        (under_way(NOON + hours(10)), watch(looked_at=NOON + hours(30)), NOON + hours(54)),
        (under_way(NOON + hours(10), M.OUT_FOR_DELIVERY), watch(), NOON + hours(13)),
        (under_way(NOON + hours(10), M.OUT_FOR_DELIVERY), watch(has_alert=False), NOON + hours(13)),
        (under_way(NOON + hours(10), M.AVAILABLE_FOR_PICKUP), watch(), NOON + hours(34)),
        (under_way(NOON + hours(10), M.EXCEPTION), watch(), NOON + hours(34)),
    ],
)
def test_a_silent_parcel_is_asked_about_after_its_time(standing: Standing, seen: Watch, expected: datetime) -> None:
    assert next_look(standing, seen, at=NOON + hours(31)) == expected


def test_an_event_ahead_of_our_clock_puts_no_look_off() -> None:
    assert next_look(under_way(NOON + hours(20)), watch(), at=NOON + hours(1)) == NOON + hours(25)


@pytest.mark.parametrize(("in_vain", "minutes"), [*enumerate(CLAIM_MINUTES), (40, CLAIM_MINUTES[-1])])
def test_a_claimed_end_is_looked_into_at_once_and_then_ever_more_seldom(in_vain: int, minutes: float) -> None:
    standing = under_way(claim_at=NOON)

    due = next_look(standing, watch(looked_at=NOON + SOON, looks_in_vain=in_vain), at=NOON + hours(9))

    assert due == NOON + SOON + timedelta(minutes=minutes)


def test_the_first_look_at_a_claim_is_now() -> None:
    assert next_look(under_way(claim_at=NOON), watch(), at=NOON + SOON) == NOON + SOON


def test_an_ended_parcel_is_asked_about_once_or_twice_more_and_then_never() -> None:
    ended = under_way(NOON, M.DELIVERED, is_confirmed=True)

    dues = [
        next_look(ended, watch(looked_at=looked_at), at=NOON + hours(60))
        for looked_at in (None, NOON + SOON, NOON + DAY, NOON + DAY + SOON)
    ]

    assert dues == [NOON + DAY, NOON + DAY + SOON, NOON + 2 * DAY, None]


@pytest.mark.parametrize(
    ("looked_at", "in_vain", "due"),
    [
        (NOON + hours(59), 0, NOON + hours(59)),
        (NOON + hours(60), 1, NOON + hours(60) + SOON),
        (NOON + hours(70), 5, NOON + hours(73)),
        (NOON + hours(106), 5, None),
        (NOON + hours(200), 0, NOON + hours(200)),
    ],
)
def test_a_claim_after_an_end_is_looked_into_for_two_days_and_is_nobodys_matter(
    looked_at: datetime, in_vain: int, due: datetime | None
) -> None:
    """It is looked into once however old it is."""
    claimed = under_way(NOON, M.DELIVERED, is_confirmed=True, claim_at=NOON + hours(60))
    seen = watch(looked_at=looked_at, looks_in_vain=in_vain)

    assert next_look(claimed, seen, at=NOON + hours(110)) == due
    assert attention(claimed, seen, at=NOON + hours(110)) == ""


def test_a_confirmed_loss_is_followed_no_longer_than_any_end() -> None:
    lost = under_way(NOON, M.EXCEPTION, reason="lost_or_destroyed", is_confirmed=True)

    assert next_look(lost, watch(looked_at=NOON + hours(25)), at=NOON + hours(25)) is None


@pytest.mark.parametrize("standing", [Standing(), under_way(), under_way(claim_at=NOON)])
def test_after_sixty_days_nobody_asks_any_more_and_a_person_knows(standing: Standing) -> None:
    last, over = NOON + timedelta(days=60) - SOON, NOON + timedelta(days=60)

    assert next_look(standing, watch(), at=last) is not None
    assert next_look(standing, watch(), at=over) is None
    assert attention(standing, watch(), at=over) == "stopped"


@pytest.mark.parametrize(
    ("standing", "seen", "at", "expected"),
    [
        (Standing(), watch(looked_at=NOON + DAY), NOON + 2 * DAY - SOON, ""),
        (Standing(), watch(looked_at=NOON + DAY), NOON + 2 * DAY, "no_data"),
        (Standing(), watch(), NOON + 2 * DAY, ""),
        (under_way(NOON, M.LABEL_CREATED), watch(looked_at=NOON + DAY), NOON + 2 * DAY, "no_data"),
        (under_way(), watch(looked_at=NOON + DAY), NOON + 5 * DAY - SOON, ""),
        (under_way(), watch(looked_at=NOON + DAY), NOON + 5 * DAY, "silent"),
        (under_way(claim_at=NOON), watch(), NOON + DAY - SOON, ""),
        (under_way(claim_at=NOON), watch(), NOON + DAY, "unconfirmed"),
        (under_way(NOON, M.DELIVERED, is_confirmed=True), watch(), NOON + 59 * DAY, ""),
        (under_way(NOON, M.DELIVERED, is_confirmed=True), watch(), NOON + 61 * DAY, ""),
        (under_way(NOON, M.EXCEPTION, reason="lost_or_destroyed", is_confirmed=True), watch(), NOON + 9 * DAY, ""),
    ],
)
def test_a_person_is_called_when_it_is_time_and_not_before(
    standing: Standing, seen: Watch, at: datetime, expected: str
) -> None:
    assert attention(standing, seen, at=at) == expected


def test_the_demo_lets_the_hours_pass_faster(settings: Settings) -> None:
    settings.TRACKING_HOUR_SECONDS = 1

    assert next_look(Standing(), watch(), at=NOON + hours(1)) == NOON + timedelta(seconds=24)
