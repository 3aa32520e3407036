"""The cache, in Redis while it is there: a lost Redis makes nothing fail.

Without Redis each process remembers for itself, so a limit on wrong passwords holds per process until it is back.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

from connector_site.lib import brief_redis
from connector_site.lib.brief_redis import ANSWER_SECONDS, RedisAway

OWN_ENTRIES = 10_000
"""So many a process remembers by itself; the oldest go first."""
_BRIEF = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}

Result = TypeVar("Result")


class SteadyCache(BaseCache):
    """Django's Redis cache with short timeouts, and its memory cache behind it."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = {**params.get("OPTIONS", {}), **_BRIEF}
        self._shared = RedisCache(server, {**params, "OPTIONS": options})
        self._own = LocMemCache("steady", {**params, "OPTIONS": {"MAX_ENTRIES": OWN_ENTRIES}})

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set what is not there yet; whether it was not."""
        return self._ask(lambda cache: cache.add(key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """What is there."""
        return self._ask(lambda cache: cache.get(key, default, version))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Set it."""
        self._ask(lambda cache: cache.set(key, value, timeout, version))

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Let it live longer; whether it is there."""
        return self._ask(lambda cache: cache.touch(key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Take it out; whether it was there."""
        return self._ask(lambda cache: cache.delete(key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Count up; raises ValueError when it is not there."""
        return self._ask(lambda cache: cache.incr(key, delta, version))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Whether it is there."""
        return self._ask(lambda cache: cache.has_key(key, version))

    def clear(self) -> None:
        """Forget everything."""
        self._own.clear()
        self._ask(lambda cache: cache.clear())

    def _ask(self, question: Callable[[BaseCache], Result]) -> Result:
        try:
            return brief_redis.ask(lambda _pool: question(self._shared))
        except RedisAway:
            return question(self._own)
