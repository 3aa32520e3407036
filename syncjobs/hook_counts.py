"""How many calls came to our doors and led to nothing, by day: a number and no row, so that nobody can fill a table."""

import logging
import uuid
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone
from redis import RedisError

logger = logging.getLogger(__name__)

REFUSED = "refused"
NOT_UNDERSTOOD = "not understood"
UNKNOWN_ADDRESS = "unknown address"
KEPT_SECONDS = 8 * 24 * 3600
"""A week can be looked back on."""


def count(what: str, hook_code: uuid.UUID | None = None) -> None:
    """Add one, best effort: without Redis it is not counted."""
    key = _key(what, hook_code, timezone.now())
    try:
        if not cache.add(key, 1, KEPT_SECONDS):
            cache.incr(key)
    except (RedisError, ValueError) as error:
        logger.warning("A refused call could not be counted: %s", type(error).__name__)


def counted(what: str, hook_code: uuid.UUID | None = None, *, at: datetime) -> int:
    """How many there were on that day (UTC); 0 without Redis."""
    try:
        return int(cache.get(_key(what, hook_code, at), 0))
    except RedisError:
        return 0


def _key(what: str, hook_code: uuid.UUID | None, at: datetime) -> str:
    return f"hooks:{what.replace(' ', '-')}:{hook_code or 'any'}:{at:%Y%m%d}"
