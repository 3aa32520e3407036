"""How often one address may ask for what anybody may ask for: counted in Redis for all processes together.

Without Redis each process counts for itself, so a visitor may ask a little more often and is never shut out.
"""

import functools
import ipaddress
import math
import os
import time
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import ConnectionPool

from connector_site.lib import brief_redis
from connector_site.lib.brief_redis import RedisAway

IPV6_CUSTOMER_BITS = 64
"""One customer holds a whole network of this size and may come from any address in it (RFC 6177)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """So many requests of one address in so many seconds; `name` keeps the counts of two rules apart."""

    name: str
    requests: int
    seconds: int


def seconds_to_wait(rule: Rule, address: str, *, cost: int = 1) -> int:
    """Count a request as `cost` of them: 0 when it is within the rule, else how long the address should wait."""
    try:
        return brief_redis.ask(lambda pool: _hit(_shared_counts(pool), rule, address, cost))
    except RedisAway:
        return _hit(_own_counts(os.getpid()), rule, address, cost)


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
    brief_redis.forget()
    _own_counts.cache_clear()


def _hit(counts: SlidingWindowCounterRateLimiter, rule: Rule, address: str, cost: int) -> int:
    item = RateLimitItemPerSecond(rule.requests, rule.seconds, namespace=rule.name)
    if counts.hit(item, address, cost=cost):
        return 0
    free_at = counts.get_window_stats(item, address).reset_time
    return min(max(1, math.ceil(free_at - time.time())), rule.seconds)


@functools.cache
def _shared_counts(pool: ConnectionPool) -> SlidingWindowCounterRateLimiter:
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
