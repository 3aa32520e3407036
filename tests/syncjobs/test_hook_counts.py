"""Calls that led to nothing are counted by door and day, and counting never gets in anybody's way."""

import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from redis import RedisError

from syncjobs.hook_counts import NOT_UNDERSTOOD, REFUSED, count, counted


def test_calls_are_counted_for_each_door_and_each_reason() -> None:
    ours, theirs, at = uuid.uuid4(), uuid.uuid4(), timezone.now()

    count(REFUSED, ours)
    count(REFUSED, ours)
    count(REFUSED, theirs)
    count(NOT_UNDERSTOOD, ours)

    assert (counted(REFUSED, ours, at=at), counted(REFUSED, theirs, at=at)) == (2, 1)
    assert (counted(NOT_UNDERSTOOD, ours, at=at), counted(NOT_UNDERSTOOD, theirs, at=at)) == (1, 0)


def test_each_day_has_its_own_count() -> None:
    door, at = uuid.uuid4(), timezone.now()

    count(REFUSED, door)

    assert counted(REFUSED, door, at=at - timedelta(days=1)) == 0


@pytest.mark.parametrize("operation", ["add", "incr"])
def test_without_redis_nothing_is_counted_and_nothing_fails(
    operation: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RedisError("gone")

    door = uuid.uuid4()
    count(REFUSED, door)
    monkeypatch.setattr(cache, operation, refuse)

    count(REFUSED, door)

    assert [record.message for record in caplog.records] == ["A refused call could not be counted: RedisError"]
    assert str(door) not in caplog.text


def test_without_redis_the_count_reads_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RedisError("gone")

    monkeypatch.setattr(cache, "get", refuse)

    assert counted(REFUSED, at=timezone.now()) == 0
