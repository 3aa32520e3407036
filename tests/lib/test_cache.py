"""The cache goes on without Redis."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from connector_site.lib import brief_redis
from connector_site.lib.cache import SteadyCache

NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture
def lonely(settings: Settings) -> Iterator[SteadyCache]:
    """A cache whose Redis is away."""
    settings.REDIS_URL = NOBODY
    brief_redis.forget()
    cache = SteadyCache(NOBODY, {})
    cache.clear()
    yield cache
    brief_redis.forget()


def test_without_redis_the_process_remembers_by_itself(lonely: SteadyCache) -> None:
    lonely.set("count", 1)

    assert (lonely.add("count", 5), lonely.incr("count"), lonely.get("count")) == (False, 2, 2)
    assert (lonely.delete("count"), lonely.get("count", "nothing")) == (True, "nothing")
