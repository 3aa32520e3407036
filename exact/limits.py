"""The budget of calls of one company, shared by every process (`reliability.md` 2.2 and 2.3).

Exact counts per app and company: calls a minute, calls a day, and refusals an hour. A call costs one round trip to
Redis; what must survive Redis stands in rows (`exact.limit_rows`). Without Redis there are few calls, never too many.
"""

import functools
import json
import logging
import os
import random
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import redis
from redis.commands.core import Script

from connector_site.lib.wording import said
from exact import limit_rows, limit_scripts, rate_headers
from exact.errors import ExactBudgetSpent, ExactUnavailable
from exact.limit_rows import OPEN_AFTER_REFUSALS
from exact.quick_store import quick_store

DEFAULT_MINUTE_LIMIT = 60
DEFAULT_DAY_LIMIT = 5_000
"""Exact's limits until its headers say otherwise (`exact.md` 5)."""
LOW_REMAINING = 4
"""We leave a sixth of each minute; so few left means that others use the app too: wait for the next minute."""
OTHERS_NOTICED = 25
"""A difference between Exact's count of the day and ours that calls in flight do not explain."""
BARE_WAITS = (timedelta(seconds=60), timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8))
"""For a 429 without headers; after these, the next UTC midnight (`exact.md` 7)."""
_COUNTED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""The answers Exact counts as errors (`exact.md` 5)."""
_SPREAD_SECONDS = 3.0
logger = logging.getLogger(__name__)


class BudgetClass(StrEnum):
    """What a call is for. Each class has its share of the day, so that none starves another."""

    SHIP = "ship"
    STATUS = "status"
    COMPARE = "compare"
    RESERVE = "reserve"


SHARES = {BudgetClass.SHIP: 60, BudgetClass.STATUS: 20, BudgetClass.COMPARE: 10, BudgetClass.RESERVE: 10}
"""Hundredths of the day's calls (`reliability.md` 2.2); the reserve is for what a person asks for."""
LENDERS = {BudgetClass.STATUS: BudgetClass.SHIP}
"""News may use what shipping has left of the part of the day that is over; what shipping may need until midnight stays
its own. A delivery's way costs about nine calls after its label, which a fifth of the day alone allows a hundred of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Whose budget it is. Before a company is connected there are no rows for it.

    Calls that belong to no company (`current/Me`) are counted for the grant they are made with.
    """

    client_id: str
    site: str
    division: int
    tenant_id: uuid.UUID | None = None
    connection_id: int | None = None
    minute_limit: int | None = None
    day_limit: int | None = None
    blocked_until_at: datetime | None = None
    grant_id: int | None = None

    @property
    def name(self) -> str:
        """The company, or in its place the grant."""
        return str(self.division) if self.grant_id is None else f"grant-{self.grant_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What Redis said when it gave the last call."""

    is_probe: bool = False
    minute_limit: int = 0
    day_limit: int = 0
    day_total: int | None = None
    others: int = 0


class CallBudgetGate:
    """Gives calls to one company and learns from the answers."""

    def __init__(self, company: Company, *, purpose: BudgetClass) -> None:
        self._company = company
        self._purpose = purpose
        self._base = _base_of(company)
        self._standing = _Standing()

    def enter(self, endpoint: str) -> None:
        """Take one call; raises `ExactBudgetSpent`, or `ExactUnavailable` for an endpoint that refused too often."""
        blocked = self._company.blocked_until_at
        if blocked is not None and blocked > datetime.now(UTC):
            raise _spent("limit_of_exact", blocked)
        try:
            verdict = self._ask(endpoint)
            if verdict[0] == "cold":
                self._warm(verdict)
                verdict = self._ask(endpoint)
        except redis.RedisError:
            logger.warning("call budget: Redis is away, using the spare budget")
            self._spend_spare(endpoint)
            return
        if verdict[0] == "cold":
            self._spend_spare(endpoint)
            return
        self._obey(verdict)

    def learn(self, endpoint: str, *, status: int, headers: Mapping[str, str], at: datetime) -> datetime | None:
        """Count a refusal, keep the limits named, and return when Exact wants the next call."""
        limits = rate_headers.read(headers)
        if status in _COUNTED:
            self._count_refusal(endpoint)
        elif self._standing.is_probe:
            self._close(endpoint)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            until_at = rate_headers.blocked_until(limits, at) or self._bare_wait(at)
            self._block(until_at, is_durable=True)
            return until_at
        if limits.retry_after is not None:
            return at + limits.retry_after
        self._note(limits)
        if limits.minute_remaining is not None and limits.minute_remaining <= LOW_REMAINING and limits.minute_reset_at:
            self._block(limits.minute_reset_at + rate_headers.RESET_SLACK, is_durable=False)
        return None

    def _ask(self, endpoint: str) -> list[Any]:
        company = self._company
        verdict: list[Any] = _scripts(os.getpid())["enter"](
            keys=[self._base],
            args=[
                self._purpose.value,
                endpoint,
                SHARES[self._purpose],
                company.minute_limit or DEFAULT_MINUTE_LIMIT,
                company.day_limit or DEFAULT_DAY_LIMIT,
                LENDERS.get(self._purpose, ""),
                SHARES[LENDERS[self._purpose]] if self._purpose in LENDERS else 0,
            ],
            client=quick_store(),
        )
        return verdict

    def _warm(self, verdict: list[Any]) -> None:
        """Open a clock minute, in the rows first, then in Redis; one that was opened before stays shut."""
        minute, day, flat = int(verdict[2]), int(verdict[3]), verdict[4]
        counts = {flat[at]: int(flat[at + 1]) for at in range(0, len(flat), 2)}
        seed = limit_rows.Seed(day_calls=counts, opened={})
        if self._company.tenant_id is not None and self._company.connection_id is not None:
            opened = limit_rows.open_minute(
                self._company.tenant_id, self._company.connection_id, minute=minute, day=day, day_calls=counts
            )
            if opened is None:
                return
            seed = opened
        until_at = seed.blocked_until_at
        known = {
            "minute": self._company.minute_limit,
            "day": self._company.day_limit,
            "blocked": int(until_at.timestamp()) + 1 if until_at else None,
        }
        content = {
            "calls": seed.day_calls,
            "opened": seed.opened,
            "limits": {name: value for name, value in known.items() if value is not None},
        }
        _scripts(os.getpid())["warm"](keys=[self._base], args=[minute, day, json.dumps(content)], client=quick_store())

    def _obey(self, verdict: list[Any]) -> None:
        kind, value = verdict[0], int(verdict[1])
        if kind == "go":
            self._standing = _Standing(
                is_probe=bool(value),
                minute_limit=int(verdict[4]),
                day_limit=int(verdict[5]),
                day_total=int(verdict[6]),
                others=int(verdict[7]),
            )
            return
        retry_at = datetime.fromtimestamp(value, UTC)
        if kind == "open":
            raise _resting(retry_at)
        raise _spent({"minute": "our_minute", "day": "our_day", "blocked": "limit_of_exact"}[kind], retry_at)

    def _spend_spare(self, endpoint: str) -> None:
        company = self._company
        self._standing = _Standing()
        if company.tenant_id is None or company.connection_id is None:
            raise _spent("limiter_away", datetime.now(UTC) + timedelta(seconds=60))
        retry_at = limit_rows.spend_spare(
            company.tenant_id,
            company.connection_id,
            endpoint=endpoint,
            minute_limit=company.minute_limit or DEFAULT_MINUTE_LIMIT,
            day_limit=company.day_limit or DEFAULT_DAY_LIMIT,
            share=SHARES[self._purpose],
            budget=self._purpose.value,
        )
        if retry_at is not None:
            raise _spent("spare_budget", retry_at)

    def _count_refusal(self, endpoint: str) -> None:
        company = self._company
        try:
            opened = int(
                _scripts(os.getpid())["refused"](
                    keys=[self._base], args=[endpoint, uuid.uuid4().hex, OPEN_AFTER_REFUSALS], client=quick_store()
                )
            )
        except redis.RedisError:
            if company.tenant_id is not None and company.connection_id is not None:
                limit_rows.count_refusal(company.tenant_id, company.connection_id, endpoint)
            return
        if opened and company.tenant_id is not None and company.connection_id is not None:
            logger.error("breaker open: %s refuses too often", endpoint, extra={"exact_division": company.division})
            opened_at = datetime.fromtimestamp(opened, UTC)
            limit_rows.open_breaker(company.tenant_id, company.connection_id, endpoint, opened_at=opened_at)

    def _close(self, endpoint: str) -> None:
        company = self._company
        try:
            quick_store().delete(*(f"{self._base}:{kind}:{endpoint}" for kind in ("open", "probe", "refused")))
        except redis.RedisError:
            logger.warning("call budget: Redis is away and still holds %s for refused", endpoint)
        if company.tenant_id is not None and company.connection_id is not None:
            limit_rows.close_breaker(company.tenant_id, company.connection_id, endpoint)

    def _bare_wait(self, at: datetime) -> datetime:
        try:
            count = int(_scripts(os.getpid())["bare"](keys=[self._base], client=quick_store()))
        except redis.RedisError:
            count = 1
        if count <= len(BARE_WAITS):
            return at + BARE_WAITS[count - 1]
        midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=1) + rate_headers.RESET_SLACK

    def _block(self, until_at: datetime, *, is_durable: bool) -> None:
        company = self._company
        if is_durable and company.tenant_id is not None and company.connection_id is not None:
            limit_rows.note_block(company.tenant_id, company.connection_id, until_at)
        self._remember(blocked=int(until_at.timestamp()) + 1)

    def _note(self, limits: rate_headers.RateHeaders) -> None:
        """Keep limits that differ from those known, and notice calls that others make with our app."""
        known = self._standing
        if known.day_total is None:
            return
        self._keep_limits(limits)
        if limits.day_limit is None or limits.day_remaining is None or limits.day_reset_at is None:
            return
        others = max(limits.day_limit - limits.day_remaining - known.day_total, 0)
        if abs(others - known.others) >= OTHERS_NOTICED:
            self._remember(others=others, others_day=int(limits.day_reset_at.timestamp()) // 86_400 - 1)

    def _keep_limits(self, limits: rate_headers.RateHeaders) -> None:
        """In Redis, and in the row, which may not know what Redis learnt before the company was connected."""
        known, company = self._standing, self._company
        minute = limits.minute_limit if limits.minute_limit != known.minute_limit else None
        day = limits.day_limit if limits.day_limit != known.day_limit else None
        changed = {name: value for name, value in (("minute", minute), ("day", day)) if value}
        if changed:
            self._remember(**changed)
        kept = company.minute_limit or DEFAULT_MINUTE_LIMIT, company.day_limit or DEFAULT_DAY_LIMIT
        told = limits.minute_limit or kept[0], limits.day_limit or kept[1]
        if told == kept or company.tenant_id is None or company.connection_id is None:
            return
        limit_rows.note_limits(company.tenant_id, company.connection_id, minute_limit=told[0], day_limit=told[1])
        self._company = replace(company, minute_limit=told[0], day_limit=told[1])

    def _remember(self, **values: int) -> None:
        """Tell Redis something about limits that it may miss."""
        try:
            for name, value in values.items():
                quick_store().hset(f"{self._base}:limits", name, str(value))
        except redis.RedisError:
            logger.warning("call budget: Redis is away and was not told about %s", ", ".join(values))


def forget_refusals(company: Company, endpoints: Iterable[str], *, before: datetime) -> None:
    """Refusals belong to a consent, and a new one starts anew: forget those from before it, in rows and in Redis.

    Of a company without rows only these endpoints are known.
    """
    names = set(endpoints)
    if company.tenant_id is not None and company.connection_id is not None:
        names |= limit_rows.forget_breakers(company.tenant_id, company.connection_id, before=before)
    arguments: list[str | int] = [int(before.timestamp()) + 1, *sorted(names)]
    try:
        _scripts(os.getpid())["forget"](keys=[_base_of(company)], args=arguments, client=quick_store())
    except redis.RedisError:
        logger.warning("call budget: Redis is away and still holds earlier refusals")


def _base_of(company: Company) -> str:
    """What the keys of a company begin with (`exact.limit_scripts`)."""
    return f"exact:calls:{company.client_id}:{company.site}:{company.name}"


@functools.cache
def _scripts(process_id: int) -> dict[str, Script]:
    link = quick_store()
    return {
        "enter": link.register_script(limit_scripts.ENTER),
        "warm": link.register_script(limit_scripts.WARM),
        "refused": link.register_script(limit_scripts.REFUSED),
        "forget": link.register_script(limit_scripts.FORGET),
        "bare": link.register_script(limit_scripts.BARE_REFUSAL),
    }


def _spent(reason: str, retry_at: datetime) -> ExactBudgetSpent:
    spread = timedelta(seconds=random.uniform(0, _SPREAD_SECONDS))  # noqa: S311  spreading load, not a secret
    return ExactBudgetSpent(
        said("The calls that Exact Online allows for this company are used up for now; work goes on by itself."),
        operation="budget",
        reason=reason,
        retry_at=retry_at + spread,
    )


def _resting(retry_at: datetime) -> ExactUnavailable:
    return ExactUnavailable(
        said(
            "Exact Online refused this kind of call too often; it is not called until an hour has passed. Check the "
            "rights of the user who connected."
        ),
        operation="budget",
        reason="breaker_open",
        retry_at=retry_at,
    )
