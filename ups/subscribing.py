"""Subscriptions of parcels to Track Alert: asked for, renewed before they end, ended (`ups.md` 10.2)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ups.models import Account
from ups.tracking_client import TrackingClient

LIFE_DAYS = 14
"""`ups.md` 10.2: from the call, per tracking number; there is no other way of renewing than subscribing again."""
RENEW_AFTER_DAYS = 12
"""`ups.md` 10.2 and `reliability.md` 3: at day 12 of 14."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run; each pair is a tracking number and why, in words for people.

    `more`: other parcels of the account are due now.
    """

    active: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    postponed: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStanding:
    """Whether UPS tells of a parcel by itself; if not, why not."""

    is_active: bool
    problem: str = ""
    expires_at: datetime | None = None


def want(tenant_id: uuid.UUID, account_id: int, numbers: Iterable[str], *, at: datetime) -> None:
    """Ask for these parcels' subscriptions, within the tenant's transaction that is open; ended ones begin again."""
    raise NotImplementedError(tenant_id, account_id, numbers, at)


def end(tenant_id: uuid.UUID, numbers: Iterable[str]) -> None:
    """These parcels are finished and renewed no more; within the tenant's transaction that is open."""
    raise NotImplementedError(tenant_id, numbers)


def reopen(tenant_id: uuid.UUID, numbers: Iterable[str], *, at: datetime) -> None:
    """A correction: these parcels are under way after all; within the tenant's transaction that is open."""
    raise NotImplementedError(tenant_id, numbers, at)


def subscribe_due(account: Account, client: TrackingClient, *, at: datetime) -> Outcome:
    """Subscribe up to 100 parcels of the account that are due, by one call; opens its own transactions around it."""
    raise NotImplementedError(account, client, at)


def standing_of(tenant_id: uuid.UUID, numbers: Iterable[str], *, at: datetime) -> dict[str, AlertStanding]:
    """How these parcels stand, within the tenant's transaction that is open; a parcel without a row is not there."""
    raise NotImplementedError(tenant_id, numbers, at)
