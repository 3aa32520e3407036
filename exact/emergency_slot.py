"""The emergency slot: a token pair kept aside between Exact's answer and our commit (`reliability.md` 2.1, T3)."""

import json
import logging
from datetime import datetime
from uuid import UUID

import redis
from cryptography.fernet import InvalidToken

from connector_site.lib.secrets import SealedField, Secret, seal, unseal
from exact.quick_store import quick_store
from exact.token_calls import TokenPair

SLOT_SECONDS = 3_600
_PURPOSE = "emergency slot"
_cipher = SealedField()
logger = logging.getLogger(__name__)


class SlotAway(Exception):
    """The broker is away: whether a pair is kept cannot be told, so the old token must not be sent."""


def put(grant_code: UUID, *, generation: int, pair: TokenPair, received_at: datetime) -> None:
    """Keep a pair for an hour; without Redis the commit alone must do."""
    value = {
        "generation": generation,
        "access": pair.access.reveal(),
        "refresh": pair.refresh.reveal(),
        "received_at": received_at.isoformat(),
    }
    sealed = _cipher.fernet.encrypt(json.dumps(seal(value, owner=grant_code, purpose=_PURPOSE)).encode())
    try:
        quick_store().set(_name(grant_code), sealed, ex=SLOT_SECONDS)
    except redis.RedisError:
        logger.warning("emergency slot not written: the broker is away", extra={"grant": str(grant_code)})


def take_out(grant_code: UUID, *, generation: int) -> tuple[TokenPair, datetime] | None:
    """The pair kept for this generation, and when Exact gave it. The slot stays until `clear`. Raises `SlotAway`."""
    try:
        sealed = quick_store().get(_name(grant_code))
    except redis.RedisError as error:
        raise SlotAway from error
    if not sealed:
        return None
    try:
        envelope = json.loads(_cipher.fernet.decrypt(str(sealed).encode()))
    except InvalidToken:
        return None
    value = unseal(envelope, owner=grant_code, purpose=_PURPOSE)
    if value["generation"] != generation:
        return None
    pair = TokenPair(access=Secret(value["access"]), refresh=Secret(value["refresh"]))
    return pair, datetime.fromisoformat(value["received_at"])


def clear(grant_code: UUID) -> None:
    """Empty the slot; one that stays is harmless, its generation is over."""
    try:
        quick_store().delete(_name(grant_code))
    except redis.RedisError:
        logger.warning("emergency slot not cleared: the broker is away", extra={"grant": str(grant_code)})


def _name(grant_code: UUID) -> str:
    return f"exact:slot:{grant_code}"
