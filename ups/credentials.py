"""The token of a UPS account: sealed in its row, fetched by one process at a time, renewed at 80 % of its life.

Whoever finds no fresh token takes the row's lock, writes a marker with a deadline, commits, and only then calls UPS.
The others see the marker: they use the old token while it lives, or look at the row again until the new one is there.
A process that dies leaves a marker that passes (`reliability.md` 2.1, `ups.md` 3).
"""

import base64
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import ValidationError

from audit import record
from audit.models import Event
from connector_site.lib.http import AnswerLost, NeverSent, Reply, Timeouts
from connector_site.lib.outside_calls import Observer
from connector_site.lib.secrets import UNREADABLE, Secret, seal, unseal_secret
from connector_site.lib.wording import said
from tenants.context import tenant_context
from ups.errors import UpsAccountBlocked, UpsCredentialRefused, UpsError, UpsUnavailable
from ups.limits import TOKEN_CALLS_PER_DAY
from ups.models import TOKEN, Account
from ups.payloads import TokenAnswer, json_object, read_errors
from ups.transport import Call, Wire
from ups.verdicts import BAD_REQUEST, FORBIDDEN, TOO_MANY_REQUESTS, UNAUTHORIZED, is_success

TOKEN_PATH = "/security/v1/oauth/token"  # noqa: S105  an address
SUBJECT_KIND = "ups account"
_RENEW_AT_SHARE = 0.8
"""Of a token's life (`reliability.md` 2.1, last bullet)."""
_LAST_MOMENTS = timedelta(seconds=30)
"""A token in its last seconds is not used: it could end on the way."""
_TIMEOUTS = Timeouts(connect_seconds=5, read_seconds=15, total_seconds=20)
_MARKER_SECONDS = 30
"""Longer than a token call can take."""
_WAIT_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.1
_RETRY_SECONDS = 2
_TOKEN_CALL = Call(
    operation="token",
    method="POST",
    path=TOKEN_PATH,
    route=TOKEN_PATH,
    payload=b"grant_type=client_credentials",
    content_type="application/x-www-form-urlencoded",
)
_WRONG_CREDENTIALS = "10401"
_PAUSE_SECONDS = 60
_LONGEST_PAUSE_SECONDS = 3600
"""`ups.md` 3: back off at least 60 s, doubling, at most an hour."""
_FAILURES_COUNTED = 10
_MORE_CALLS_FOR_CHECKS = 10
"""Token calls a day that only a person's check may make, once the workers have used up theirs."""
_REFUSED = said("UPS does not accept the client id and secret. Enter them again in the UPS account settings.")
_BLOCKED = said("UPS has blocked this account or app. Ask your contact at UPS, then check the account here.")
_UNREADABLE_CREDENTIALS = said("The stored client ID and client secret can no longer be opened. Enter both again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A token in hand, with the generation of the row it was read from."""

    token: Secret
    generation: int
    renew_at: datetime
    last_use_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """The right to fetch a token, and what that takes."""

    generation: int
    failures: int
    client_id: str
    client_secret: Secret


class AccountTokens:
    """Tokens for one account. `for_check` is for a person's check: it also tries an account that was stopped."""

    def __init__(
        self,
        account: Account,
        *,
        session: requests.Session,
        base_url: str,
        observe: Observer,
        for_check: bool = False,
        now: Callable[[], datetime] = timezone.now,
    ) -> None:
        self._tenant_id: uuid.UUID = account.tenant_id
        self._account_id = account.pk
        self._account_code: uuid.UUID = account.code
        self._session = session
        self._wire = Wire(base_url=base_url, observe=observe)
        self._for_check = for_check
        self._now = now
        has_secrets = "token" not in account.get_deferred_fields()
        self._held = _held(account) if account.is_usable and has_secrets else None

    def token(self) -> Secret:
        """A fresh token. Raises `UpsCredentialRefused`, `UpsAccountBlocked` or `UpsUnavailable`."""
        if self._held is not None and self._now() < self._held.renew_at:
            return self._held.token
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            step = self._look()
            if isinstance(step, _Claim):
                step = self._fetch(step)
            if isinstance(step, _Held):
                self._held = step
                return step.token
            if time.monotonic() >= deadline:
                raise UpsUnavailable(
                    said("Another process is fetching a token from UPS."),
                    operation="token",
                    retry_after_seconds=_RETRY_SECONDS,
                )
            time.sleep(_LOOK_AGAIN_SECONDS)

    def drop(self, token: Secret) -> None:
        """Forget a refused token, unless somebody has put a newer one in its place."""
        held, self._held = self._held, None
        if held is None or held.token != token:
            return
        with tenant_context(self._tenant_id):
            self._row(held.generation).update(**_no_token(held.generation + 1))

    def stop(self, reason: str) -> None:
        """Hand out no more tokens until a person has looked at the account."""
        self._held = None
        with tenant_context(self._tenant_id):
            stopped = Account.objects.filter(pk=self._account_id, stopped_at=None).update(
                stopped_at=self._now(), stopped_reason=reason
            )
            if stopped:
                event = record.Happening(
                    kind=Event.Kind.DISCONNECTED,
                    subject_kind=SUBJECT_KIND,
                    subject=self._account_code,
                    details={"reason": reason},
                )
                record.happenings(self._tenant_id, [event])

    def _look(self) -> _Held | _Claim | None:
        """The token, or the right to fetch one, or None while somebody else fetches."""
        now = self._now()
        with tenant_context(self._tenant_id):
            row = self._locked()
            if not row.is_usable and not self._for_check:
                raise UpsCredentialRefused(row.stopped_reason, operation="token")
            held = _held(row)
            if held is not None and now < held.renew_at:
                return held
            usable = held if held is not None and now < held.last_use_at else None
            if row.token_refreshing_until is not None and now < row.token_refreshing_until:
                return usable
            wait_until = self._wait_until(row, now)
            if wait_until is None:
                return _claim(row, now)
        if usable is not None:
            return usable
        seconds = max(1, round((wait_until - now).total_seconds()))
        message = said("UPS gives no token at the moment; the next try is planned.")
        raise UpsUnavailable(message, operation="token", retry_after_seconds=seconds)

    def _locked(self) -> Account:
        try:
            return Account.objects.select_for_update().get(pk=self._account_id)
        except UNREADABLE as error:
            raise UpsCredentialRefused(_UNREADABLE_CREDENTIALS, operation="token") from error

    def _wait_until(self, row: Account, now: datetime) -> datetime | None:
        """When the next token call is allowed, or None for now: after a pause, or on the next day."""
        if row.token_paused_until is not None and now < row.token_paused_until and not self._for_check:
            return row.token_paused_until
        allowed = TOKEN_CALLS_PER_DAY + (_MORE_CALLS_FOR_CHECKS if self._for_check else 0)
        if _calls_on(row, now.astimezone(UTC).date()) < allowed:
            return None
        return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def _fetch(self, claim: _Claim) -> _Held:
        asked_at = self._now()
        try:
            reply = self._send(claim)
        except (NeverSent, AnswerLost) as error:
            self._pause(claim, seconds=_RETRY_SECONDS)
            message = said("UPS cannot be reached at the moment.")
            raise UpsUnavailable(message, operation="token", retry_after_seconds=_RETRY_SECONDS) from error
        answer = _read_token(reply)
        if answer is None:
            raise self._refusal(claim, reply)
        return self._store(claim, answer, asked_at)

    def _store(self, claim: _Claim, answer: TokenAnswer, asked_at: datetime) -> _Held:
        renew_at = asked_at + timedelta(seconds=answer.expires_in * _RENEW_AT_SHARE)
        expires_at = asked_at + timedelta(seconds=answer.expires_in)
        with tenant_context(self._tenant_id):
            stored = self._row(claim.generation).update(
                token=seal(answer.access_token, owner=self._account_code, purpose=TOKEN),
                token_renew_at=renew_at,
                token_expires_at=expires_at,
                token_generation=claim.generation + 1,
                token_refreshing_until=None,
                token_paused_until=None,
                token_failures=0,
            )
        if not stored:
            message = said("The UPS account was changed while a token was fetched for it.")
            raise UpsUnavailable(message, operation="token", retry_after_seconds=1)
        return _Held(
            token=Secret(answer.access_token),
            generation=claim.generation + 1,
            renew_at=renew_at,
            last_use_at=expires_at - _LAST_MOMENTS,
        )

    def _refusal(self, claim: _Claim, reply: Reply) -> UpsError:
        """What a token answer without a token means.

        Anything but plainly wrong credentials gets a second chance: UPS has been seen refusing good ones for hours
        (`field-lessons.md` 2, UPS-SDKs#21).
        """
        errors = read_errors(reply.body)
        code = errors[0].code if errors else ""
        seconds = min(_PAUSE_SECONDS * 2**claim.failures, _LONGEST_PAUSE_SECONDS)
        self._pause(claim, seconds=seconds)
        facts: dict[str, Any] = {"operation": "token", "status": reply.status, "code": code}
        wrong = code == _WRONG_CREDENTIALS and reply.status in {BAD_REQUEST, UNAUTHORIZED, FORBIDDEN}
        again = reply.status in {UNAUTHORIZED, FORBIDDEN} and (self._for_check or claim.failures > 0)
        if wrong or again:
            blocked = reply.status == FORBIDDEN
            self.stop(_BLOCKED if blocked else _REFUSED)
            return UpsAccountBlocked(_BLOCKED, **facts) if blocked else UpsCredentialRefused(_REFUSED, **facts)
        pausing = reply.status == TOO_MANY_REQUESTS
        message = (
            said("UPS asks for a pause: too many token calls.")
            if pausing
            else said("UPS gives no token at the moment.")
        )
        return UpsUnavailable(message, **facts, retry_after_seconds=seconds)

    def _pause(self, claim: _Claim, *, seconds: int) -> None:
        with tenant_context(self._tenant_id):
            self._row(claim.generation).update(
                token_refreshing_until=None,
                token_paused_until=self._now() + timedelta(seconds=seconds),
                token_failures=min(claim.failures + 1, _FAILURES_COUNTED),
            )

    def _row(self, generation: int) -> QuerySet[Account]:
        """The row, while it is still of this generation."""
        return Account.objects.filter(pk=self._account_id, token_generation=generation)

    def _send(self, claim: _Claim) -> Reply:
        pair = f"{claim.client_id}:{claim.client_secret.reveal()}".encode()
        basic = base64.b64encode(pair).decode("ascii")
        return self._wire.send(self._session, _TOKEN_CALL, authorization=f"Basic {basic}", timeouts=_TIMEOUTS)


def no_token() -> dict[str, Any]:
    """Column values of an account whose token, pauses and failures are forgotten, because its credentials changed."""
    return {**_no_token(0), "token_paused_until": None, "token_failures": 0, "token_refreshing_until": None}


def _no_token(generation: int) -> dict[str, Any]:
    return {"token": None, "token_renew_at": None, "token_expires_at": None, "token_generation": generation}


def _held(row: Account) -> _Held | None:
    if row.token is None or row.token_renew_at is None or row.token_expires_at is None:
        return None
    return _Held(
        token=unseal_secret(row.token, owner=row.code, purpose=TOKEN),
        generation=row.token_generation,
        renew_at=row.token_renew_at,
        last_use_at=row.token_expires_at - _LAST_MOMENTS,
    )


def _claim(row: Account, now: datetime) -> _Claim:
    """Mark the row, whose lock is held, as being refreshed, and count the call."""
    today = now.astimezone(UTC).date()
    row.token_calls = _calls_on(row, today) + 1
    row.token_calls_date = today
    row.token_refreshing_until = now + timedelta(seconds=_MARKER_SECONDS)
    row.save(update_fields=["token_calls", "token_calls_date", "token_refreshing_until"])
    return _Claim(
        generation=row.token_generation,
        failures=row.token_failures,
        client_id=row.reveal_client_id(),
        client_secret=row.open_client_secret(),
    )


def _calls_on(row: Account, day: date) -> int:
    return row.token_calls if row.token_calls_date == day else 0


def _read_token(reply: Reply) -> TokenAnswer | None:
    if not is_success(reply):
        return None
    try:
        return TokenAnswer.model_validate(json_object(reply.body))
    except ValidationError:
        return None
