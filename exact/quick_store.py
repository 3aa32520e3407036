"""The Redis that all processes share. Whatever stands there may vanish at any moment and costs time only."""

import functools
import os

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.retry import Retry

ANSWER_SECONDS = 1.0
CONNECT_SECONDS = 0.5


def quick_store() -> redis.Redis:
    """The link of the running process; a dropped connection is made anew once, a slow server is an error."""
    return _link(os.getpid(), settings.REDIS_URL)


@functools.cache
def _link(process_id: int, url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url.replace("redis+socket://", "unix://"),
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(LostConnection,)),
        decode_responses=True,
    )
