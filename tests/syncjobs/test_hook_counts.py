"""Calls that led to nothing are counted by door and day, and counting never gets in anybody's way."""

import socket
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from connector_site.lib import brief_redis
from syncjobs.hook_counts import NOT_UNDERSTOOD, REFUSED, count, counted

pytestmark = pytest.mark.database
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    brief_redis.forget()
    yield
    brief_redis.forget()


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[str]:
    """A Redis that takes every call and answers none."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "redis.sock"))
        listener.listen()
        yield f"unix://{tmp_path}/redis.sock"


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


def test_without_redis_nothing_is_counted_and_nothing_fails(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = NOBODY_LISTENS
    door = uuid.uuid4()

    count(REFUSED, door)

    assert counted(REFUSED, door, at=timezone.now()) == 0
    assert [record.message for record in caplog.records] == [
        "Redis is away (ConnectionError): what can do without it does"
    ]
    assert str(door) not in caplog.text


def test_a_redis_that_hangs_is_waited_for_once_and_not_for_long(settings: Settings, hung: str) -> None:
    settings.REDIS_URL = hung
    started, door = time.monotonic(), uuid.uuid4()

    count(REFUSED, door)

    assert [counted(REFUSED, door, at=timezone.now()) for _ in range(20)] == [0] * 20
    assert time.monotonic() - started < 4 * brief_redis.ANSWER_SECONDS
