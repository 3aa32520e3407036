"""How many calls came to our doors and led to nothing, by day: a number and no row, so that nobody can fill a table."""

import uuid
from datetime import datetime

from django.utils import timezone
from redis import Redis

from connector_site.lib import brief_redis
from connector_site.lib.brief_redis import RedisAway

REFUSED = "refused"
NOT_UNDERSTOOD = "not understood"
UNKNOWN_ADDRESS = "unknown address"
KEPT_SECONDS = 8 * 24 * 3600
"""A week can be looked back on."""


def count(what: str, hook_code: uuid.UUID | None = None) -> None:
    """Add one, best effort: without Redis it is not counted."""
    key = _key(what, hook_code, timezone.now())
    try:
        brief_redis.ask(lambda pool: _add_one(Redis(connection_pool=pool), key))
    except RedisAway:
        return


def counted(what: str, hook_code: uuid.UUID | None = None, *, at: datetime) -> int:
    """How many there were on that day (UTC); 0 without Redis."""
    try:
        return int(brief_redis.ask(lambda pool: Redis(connection_pool=pool).get(_key(what, hook_code, at))) or 0)
    except RedisAway:
        return 0


def _add_one(redis: Redis, key: str) -> None:
    with redis.pipeline(transaction=False) as both:
        both.incr(key)
        both.expire(key, KEPT_SECONDS)
        both.execute()


def _key(what: str, hook_code: uuid.UUID | None, at: datetime) -> str:
    return f"hooks:{what.replace(' ', '-')}:{hook_code or 'any'}:{at:%Y%m%d}"
