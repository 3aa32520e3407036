"""How often one address may ask for what anybody may ask for: counted in Redis for all processes together.

Without Redis each process counts for itself, so a visitor may ask a little more often and is never shut out.
"""

import functools
import ipaddress
import logging
import math
import os
import time
from dataclasses import dataclass

import redis
from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.retry import Retry

ANSWER_SECONDS = 0.3
"""A page waits no longer than this for its count."""
AWAY_SECONDS = 5.0
"""How long Redis is left alone after it failed, so that a hung one does not slow every request."""
IPV6_CUSTOMER_BITS = 64
"""One customer holds a whole network of this size and may come from any address in it (RFC 6177)."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """So many requests of one address in so many seconds; `name` keeps the counts of two rules apart."""

    name: str
    requests: int
    seconds: int


def seconds_to_wait(rule: Rule, address: str) -> int:
    """Count a request: 0 when it is within the rule, else how long the address should wait."""
    if _is_away():
        return _hit(_own_counts(os.getpid()), rule, address)
    try:
        return _hit(_shared_counts(os.getpid(), settings.REDIS_URL), rule, address)
    except redis.RedisError:
        logger.warning("rate limit: Redis is away, counting in this process alone")
        _away_until[os.getpid()] = time.monotonic() + AWAY_SECONDS
        return _hit(_own_counts(os.getpid()), rule, address)


def client_address(request: HttpRequest) -> str:
    """Who asks: the address that the outermost of our own proxies saw, `PROXY_COUNT` from the right.

    What stands further left in the header was written by the asker. An IPv6 address stands for its whole network.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    told = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    count: int = settings.PROXY_COUNT
    seen = told[-count].strip() if 0 < count <= len(told) else direct
    return _network(seen) or _network(direct) or "unknown"


def forget() -> None:
    """Drop what this process counted and remembers of Redis."""
    _away_until.clear()
    _own_counts.cache_clear()


_away_until: dict[int, float] = {}
"""By process, for a fork must not inherit what its parent saw."""


def _is_away() -> bool:
    return time.monotonic() < _away_until.get(os.getpid(), 0.0)


def _hit(counts: SlidingWindowCounterRateLimiter, rule: Rule, address: str) -> int:
    item = RateLimitItemPerSecond(rule.requests, rule.seconds, namespace=rule.name)
    if counts.hit(item, address):
        return 0
    free_at = counts.get_window_stats(item, address).reset_time
    return min(max(1, math.ceil(free_at - time.time())), rule.seconds)


@functools.cache
def _shared_counts(process_id: int, url: str) -> SlidingWindowCounterRateLimiter:
    plain = url.replace("redis+socket://", "unix://")
    pool = redis.ConnectionPool.from_url(
        plain,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(LostConnection,)),
    )
    return SlidingWindowCounterRateLimiter(RedisStorage("redis://", connection_pool=pool, key_prefix="limit"))


@functools.cache
def _own_counts(process_id: int) -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(MemoryStorage())


def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), IPV6_CUSTOMER_BITS), strict=False))
