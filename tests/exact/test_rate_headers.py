"""Reading Exact's limit headers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exact import rate_headers
from tests.exact import samples

AT = datetime(2026, 5, 4, 9, 15, 27, tzinfo=UTC)


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@samples.NEEDS_SAMPLES
@pytest.mark.parametrize("payload", samples.payloads("limits"))
def test_recorded_headers_are_read(payload: dict[str, Any]) -> None:
    expect = payload["expect"]

    read = rate_headers.read(payload["headers"])

    if "daily_reset" in expect:
        assert read.day_reset_at == moment(expect["daily_reset"])
    if "minutely_reset" in expect:
        assert read.minute_reset_at == moment(expect["minutely_reset"])
    if "wait_until" in expect:
        reset_at = moment(expect["wait_until"])
        assert reset_at is not None
        assert rate_headers.blocked_until(read, AT) == reset_at + timedelta(seconds=2)
    assert (read.day_limit is not None) == expect.get("daily_known", True)


def test_absent_is_not_zero() -> None:
    read = rate_headers.read({"X-RateLimit-Minutely-Limit": "60", "X-RateLimit-Minutely-Remaining": "0"})

    assert (read.day_limit, read.day_remaining, read.minute_remaining) == (None, None, 0)
    assert rate_headers.blocked_until(read, AT) == AT + timedelta(seconds=60)


def test_nothing_to_go_by_says_nothing() -> None:
    assert rate_headers.blocked_until(rate_headers.read({}), AT) is None


def test_the_later_of_reset_and_retry_after_counts() -> None:
    reset = int((AT + timedelta(seconds=20)).timestamp() * 1000)
    headers = {"X-RateLimit-Minutely-Remaining": "0", "X-RateLimit-Minutely-Reset": str(reset), "Retry-After": "90"}

    assert rate_headers.blocked_until(rate_headers.read(headers), AT) == AT + timedelta(seconds=90)


@pytest.mark.parametrize("value", ["", "soon", "-1", "1e9", "٣"])
def test_unreadable_values_count_as_absent(value: str) -> None:
    read = rate_headers.read({"X-RateLimit-Limit": value, "X-RateLimit-Reset": value, "Retry-After": value})

    assert (read.day_limit, read.day_reset_at, read.retry_after) == (None, None, None)


def test_a_retry_after_of_years_is_capped_at_a_day() -> None:
    assert rate_headers.read({"Retry-After": "99999999"}).retry_after == timedelta(days=1)
