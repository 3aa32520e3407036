"""Redis for what must not be slow: asked with short timeouts, and left alone for a while after it failed.

What depends on it has an answer without it. All who ask share what one of them found out, process by process.
"""

import functools
import logging
import os
import time
from collections.abc import Callable
from typing import TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.retry import Retry

ANSWER_SECONDS = 0.3
"""Nobody waits longer than this."""
AWAY_SECONDS = 5.0
"""How long Redis is left alone after it failed, so that a hung one does not slow every request."""
logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class RedisAway(Exception):
    """There is no answer now; whoever asks goes on without."""


def ask(question: Callable[[redis.ConnectionPool], Result]) -> Result:
    """The answer, or `RedisAway`: at once while Redis is known to be away, after short timeouts else."""
    place = (os.getpid(), settings.REDIS_URL)
    if time.monotonic() < _away_until.get(place, 0.0):
        raise RedisAway
    try:
        return question(_pool(*place))
    except redis.RedisError as error:
        logger.warning("Redis is away (%s): what can do without it does", type(error).__name__)
        _away_until[place] = time.monotonic() + AWAY_SECONDS
        raise RedisAway from error


def forget() -> None:
    """Drop what this process remembers of Redis."""
    _away_until.clear()


_away_until: dict[tuple[int, str], float] = {}
"""By process and address, for a fork must not inherit what its parent saw."""


@functools.cache
def _pool(process_id: int, url: str) -> redis.ConnectionPool:
    """Connections of this process alone."""
    return redis.ConnectionPool.from_url(
        url.replace("redis+socket://", "unix://"),
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(LostConnection,)),
    )
