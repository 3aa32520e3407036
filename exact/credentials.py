"""The one path by which tokens are read, renewed and lost (`reliability.md` 2.1, steps T1 to T5).

Exact gives a new refresh token at each renewal and kills the old one, so two renewals at once, or one whose answer is
lost, can end the permission. A committed marker lets exactly one process renew; the clock is the database's.
"""

import functools
import logging
import os
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import requests
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction

from connector_site.lib.outside_calls import Observer, ignore
from connector_site.lib.secrets import Secret
from connector_site.lib.wording import said
from exact import emergency_slot, grants
from exact.errors import ExactError, ExactNeedsReconnect, ExactRefreshUnderWay, ExactRejected, ExactUnavailable
from exact.grants import EARLIEST_RENEWAL, REGISTRATION_REFUSED, RENEW_AFTER, RENEWED_TOO_EARLY
from exact.models import Grant
from exact.token_calls import TokenPair, TokenResult, TokenVerdict, exchange, registration, renew
from exact.transport import new_session

MARKER_LIFE = timedelta(seconds=30)
WAIT_FOR_OTHERS = timedelta(seconds=2)
UNKNOWN_DELAYS = (timedelta(seconds=5), timedelta(seconds=60), timedelta(minutes=10))
"""After a lost answer: at most three tries in ten minutes (`reliability.md` 2.1), then one each ten."""
UNREACHABLE_DELAYS = (timedelta(seconds=2), timedelta(seconds=15), timedelta(seconds=60))
REFUSED_DELAY = timedelta(minutes=15)
"""A refusal counts toward ten errors an hour (`exact.md` 3.5, point 6); the reason is our registration."""
COMMIT_PATIENCE_SECONDS = 60
IDLE_AFTER = timedelta(hours=20)
IDLE_SPREAD = timedelta(hours=3)
IDLE_AT_ONCE = 20
IDLE_SECONDS = 40
"""No renewal starts after this: a task is stopped at 75 s, and one POST may take 25 s of them."""
KEPT_SECONDS = 15
"""How long a process uses a token it has read without reading it again."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    token: Secret
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marked:
    """The renewal that this process alone may make now."""

    grant: Grant
    held: TokenPair
    is_doubtful: bool
    began_at: datetime
    began: float

    def at(self) -> datetime:
        """The database's time, by our own count since the marker was set."""
        return self.began_at + timedelta(seconds=time.monotonic() - self.began)


_kept: dict[int, _Kept] = {}


def access_token(grant_id: int, *, observe: Observer = ignore) -> Secret:
    """A token good for a call now. Raises `ExactNeedsReconnect`, `ExactRefreshUnderWay` or `ExactUnavailable`."""
    kept = _kept.get(grant_id)
    if kept is not None and kept.until > time.monotonic():
        return kept.token
    grant, now = grants.read(grant_id)
    if grants.is_current(grant, now):
        return _keep(grant, now)
    return _renewed(grant_id, refused=None, observe=observe)


def replacement(grant_id: int, refused: Secret, *, observe: Observer = ignore) -> Secret | None:
    """Another token in the place of one that a call was refused with; None when that one is still fresh."""
    _kept.pop(grant_id, None)
    grant, now = grants.read(grant_id)
    if grants.pair_of(grant).access == refused and now - grant.received_at < EARLIEST_RENEWAL:
        return None
    return _renewed(grant_id, refused=refused, observe=observe)


def condemn(grant_id: int, refused: Secret) -> None:
    """Exact refuses a token that ought to be good: the user took the permission back."""
    _kept.pop(grant_id, None)
    grants.end(grant_id, reason="revoked", only_if=lambda grant: grants.pair_of(grant).access == refused)


def exchange_code(*, site: str, code: str, redirect_uri: str, observe: Observer = ignore) -> TokenPair:
    """The tokens for a consent. The caller learns the user and hands both to `grants.adopt`."""
    result = exchange(registration(site), session_of(site), code=code, redirect_uri=redirect_uri, observe=observe)
    if result.verdict is TokenVerdict.RENEWED and result.pair is not None:
        return result.pair
    if result.verdict in {TokenVerdict.NEVER_SENT, TokenVerdict.UNKNOWN}:
        raise ExactUnavailable(
            said("Exact Online did not answer. Start connecting again in a minute."),
            operation="exchange_code",
            status=result.status,
        )
    raise ExactRejected(
        said(
            "Exact Online did not accept the sign-in: it took longer than three minutes, or was used twice. Start "
            "connecting again."
        ),
        operation="exchange_code",
        status=result.status,
        reason="consent_refused",
    )


def refresh_idle(at: datetime) -> int:
    """Renew chains without traffic before Exact drops them, and finish renewals that were cut off; how many were."""
    renewed = 0
    give_up = time.monotonic() + IDLE_SECONDS
    for grant_id in grants.idle(at, after=IDLE_AFTER, spread=IDLE_SPREAD, limit=IDLE_AT_ONCE):
        if time.monotonic() > give_up:
            break
        try:
            _renewed(grant_id, refused=None, observe=ignore)
        except ExactError as error:
            logger.info("idle grant not renewed: %s", error.reason, extra={"grant": grant_id})
        except Exception:  # one damaged grant must not keep the others from being renewed
            logger.exception("idle grant not renewed", extra={"grant": grant_id})
        else:
            renewed += 1
    return renewed


def forget_kept() -> None:
    """Drop what this process remembers."""
    _kept.clear()


def session_of(site: str) -> requests.Session:
    """Connections to one site, kept by each process for itself."""
    return _session(os.getpid(), site)


@functools.cache
def _session(process_id: int, site: str) -> requests.Session:
    return new_session()


def _keep(grant: Grant, now: datetime) -> Secret:
    token = grants.pair_of(grant).access
    left = (RENEW_AFTER - (now - grant.received_at)).total_seconds()
    _kept[grant.pk] = _Kept(token=token, until=time.monotonic() + min(KEPT_SECONDS, left))
    return token


def _renewed(grant_id: int, *, refused: Secret | None, observe: Observer) -> Secret:
    marked = _mark(grant_id, refused)
    if isinstance(marked, Secret):
        return marked
    grant = marked.grant
    spared = _from_slot(marked) if marked.is_doubtful else None
    if spared is not None:
        return spared
    result = renew(registration(grant.site), session_of(grant.site), held=marked.held, observe=observe)
    if result.pair is None:
        return _not_renewed(marked, result)
    if result.verdict is TokenVerdict.RENEWED:
        return _kept_safe(grant, result.pair, marked.at())
    _kept_safe(grant, result.pair, grant.received_at)
    return _refused_with_token(marked, result)


def _from_slot(marked: _Marked) -> Secret | None:
    """The access token of a pair that was kept aside; None for an empty slot, later for one that cannot be read."""
    grant = marked.grant
    try:
        spared = emergency_slot.take_out(grant.code, generation=grant.generation)
    except emergency_slot.SlotAway as error:
        now = marked.at()
        retry_at = now + UNREACHABLE_DELAYS[-1]
        grants.clear_marker(grant, not_before_at=retry_at, failures=grant.failures, suspect_at=now)
        raise _later(retry_at) from error
    if spared is None:
        return None
    pair, received_at = spared
    return _store(grant, pair, received_at)


def _kept_safe(grant: Grant, pair: TokenPair, received_at: datetime) -> Secret:
    """T3 to T5."""
    emergency_slot.put(grant.code, generation=grant.generation, pair=pair, received_at=received_at)
    return _store(grant, pair, received_at)


def _refused_with_token(marked: _Marked, result: TokenResult) -> Secret:
    """A refusal that carried a new refresh token (`exact.md` 3.4, last line): the chain lives, whatever was said."""
    fresh, _ = grants.read(marked.grant.pk)
    verdict = TokenVerdict.TOO_EARLY if result.verdict is TokenVerdict.TOO_EARLY else TokenVerdict.UNKNOWN
    return _not_renewed(replace(marked, grant=fresh), replace(result, verdict=verdict))


def _mark(grant_id: int, refused: Secret | None) -> Secret | _Marked:
    """T1: under the row lock, either somebody has renewed already or this process commits that it will."""
    with transaction.atomic(durable=True):
        grant, now = grants.lock(grant_id)
        grants.check_alive(grant)
        held = grants.pair_of(grant)
        if held.access != refused and grants.is_current(grant, now):
            return _keep(grant, now)
        if grant.refresh_deadline_at is not None and grant.refresh_deadline_at > now:
            raise ExactRefreshUnderWay(
                said("The permission for Exact Online is being renewed; work goes on in a moment."),
                operation="refresh_token",
                retry_at=min(grant.refresh_deadline_at, now + WAIT_FOR_OTHERS),
            )
        if grants.is_early(grant, now) and held.access != refused:
            return held.access
        if grant.not_before_at is not None and grant.not_before_at > now and not grants.is_early(grant, now):
            raise _later(grant.not_before_at)
        is_doubtful = grant.refresh_deadline_at is not None or grant.suspect_since_at is not None
        grants.set_marker(grant, deadline_at=now + MARKER_LIFE)
    return _Marked(grant=grant, held=held, is_doubtful=is_doubtful, began_at=now, began=time.monotonic())


def _store(grant: Grant, pair: TokenPair, received_at: datetime) -> Secret:
    """T4 and T5: commit where the generation is still ours, repeating while the database is away."""
    give_up = time.monotonic() + COMMIT_PATIENCE_SECONDS
    pause_seconds = 0.1
    while True:
        try:
            stored = grants.store_pair(grant, pair, received_at=received_at)
            break
        except DatabaseTrouble:
            if time.monotonic() > give_up:
                raise
            logger.warning("new tokens not committed yet, trying again", extra={"grant": str(grant.code)})
            connection.close()
            time.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, 5.0)
    emergency_slot.clear(grant.code)
    _kept.pop(grant.pk, None)
    if stored:
        return pair.access
    fresh, _ = grants.read(grant.pk)
    return grants.pair_of(fresh).access


def _not_renewed(marked: _Marked, result: TokenResult) -> Secret:
    """What each answer without tokens calls for (`reliability.md` 2.1, second table)."""
    grant, now = marked.grant, marked.at()
    if result.verdict is TokenVerdict.ENDED:
        return _ended(marked, result)
    if result.verdict is TokenVerdict.TOO_EARLY:
        logger.error("Exact says the token was renewed too early: our clock logic is wrong", extra={"grant": grant.pk})
        grants.clear_marker(grant, not_before_at=now + RENEW_AFTER, failures=0, ours_to_mend=RENEWED_TOO_EARLY)
        return marked.held.access
    if result.verdict is TokenVerdict.REFUSED:
        logger.error("token endpoint refused: %s; check the app registration", result.error, extra={"grant": grant.pk})
        retry_at = now + REFUSED_DELAY
        failures = grant.failures + 1
        grants.clear_marker(grant, not_before_at=retry_at, failures=failures, ours_to_mend=REGISTRATION_REFUSED)
        raise ExactUnavailable(
            said(
                "Exact Online does not accept our app's registration. Our team has to check it; you need not do "
                "anything."
            ),
            operation="refresh_token",
            status=result.status,
            reason=REGISTRATION_REFUSED,
            retry_at=retry_at,
        )
    delays = UNREACHABLE_DELAYS if result.verdict is TokenVerdict.NEVER_SENT else UNKNOWN_DELAYS
    delay = delays[min(grant.failures, len(delays) - 1)]
    retry_at = now + max(delay, result.retry_after or delay)
    suspect_at = now if result.verdict is TokenVerdict.UNKNOWN else None
    grants.clear_marker(grant, not_before_at=retry_at, failures=grant.failures + 1, suspect_at=suspect_at)
    raise _later(retry_at)


def _ended(marked: _Marked, result: TokenResult) -> Secret:
    """A loser must not end the chain: only where nobody else has renewed it, or kept new tokens aside, meanwhile."""
    spared = _from_slot(marked)
    if spared is not None:
        return spared
    grant = marked.grant
    generation = grant.generation
    if grants.end(grant.pk, reason=result.error or "ended", only_if=lambda row: row.generation == generation):
        raise ExactNeedsReconnect(
            grants.RECONNECT, operation="refresh_token", status=result.status, reason=result.error
        )
    fresh, _ = grants.read(grant.pk)
    return grants.pair_of(fresh).access


def _later(retry_at: datetime) -> ExactUnavailable:
    return ExactUnavailable(
        said("The permission for Exact Online could not be renewed yet; it is tried again."),
        operation="refresh_token",
        reason="token_not_renewed",
        retry_at=retry_at,
    )
