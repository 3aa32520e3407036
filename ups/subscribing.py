"""Subscriptions of parcels to Track Alert: asked for, renewed before they end, ended (`ups.md` 10.2)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from tenants.context import tenant_context
from ups.alert_rows import SWITCHED_OFF, State, begin_again, switch_off, update_in_order
from ups.alerts import destination_of
from ups.errors import UpsError, UpsUnavailable
from ups.models import Account, AlertSubscription
from ups.subscription_run import Run, Told
from ups.tracking_client import ALERT_NUMBERS, TrackingClient

_CLAIM = timedelta(minutes=5)
"""Longer than a run can take; after a crash its parcels are due again."""
_LONGEST_PAUSE_SECONDS = 900
_AFTER_SETTINGS = timedelta(hours=1)
"""While a person has to do something first."""
_PROBLEM_CHARACTERS = Account._meta.get_field("alert_problem").max_length


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one run: `failed` are parcels whose subscription has run out; `more`, others are due now."""

    active: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    refused: tuple[Told, ...] = ()
    postponed: tuple[Told, ...] = ()
    failed: tuple[Told, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStanding:
    """Whether UPS is to tell of a parcel by itself; if not, why not. `is_silent`: it should tell and does not."""

    is_active: bool
    problem: str = ""
    subscribed_at: datetime | None = None
    expires_at: datetime | None = None
    is_silent: bool = False

    @property
    def is_heard(self) -> bool:
        """Whether UPS's telling can be relied on."""
        return self.is_active and not self.is_silent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What subscriptions are made with; when it changes they are made again."""

    version: str
    credential_digest: str


def want(tenant_id: uuid.UUID, account_id: int, numbers: Iterable[str], *, at: datetime) -> None:
    """Ask for these parcels' subscriptions, within the tenant's transaction that is open; ended ones begin again."""
    wanted = sorted(set(numbers))
    rows = [
        AlertSubscription(tenant_id=tenant_id, account_id=account_id, tracking_number=number, due_at=at, created_at=at)
        for number in wanted
    ]
    AlertSubscription.objects.bulk_create(rows, ignore_conflicts=True)
    ended = AlertSubscription.objects.filter(
        tenant_id=tenant_id, account_id=account_id, tracking_number__in=wanted, state=State.ENDED
    )
    begin_again(ended, at=at)


def end(tenant_id: uuid.UUID, numbers: Iterable[str]) -> None:
    """These parcels are finished and renewed no more; within the tenant's transaction that is open."""
    rows = AlertSubscription.objects.filter(tenant_id=tenant_id, tracking_number__in=list(numbers))
    update_in_order(rows.exclude(state=State.ENDED, problem=""), state=State.ENDED, due_at=None, problem="")


def reopen(tenant_id: uuid.UUID, numbers: Iterable[str], *, at: datetime) -> None:
    """A correction: these parcels are under way after all; within the tenant's transaction that is open.

    What ended because Track Alert is off begins again when it is switched on, not before.
    """
    rows = AlertSubscription.objects.filter(tenant_id=tenant_id, tracking_number__in=list(numbers), state=State.ENDED)
    begin_again(rows.exclude(problem=SWITCHED_OFF), at=at)


def subscribe_due(account: Account, client: TrackingClient, *, at: datetime) -> Outcome:
    """Subscribe up to 100 parcels of the account that are due, by one call; opens its own transactions around it.

    Workers that run for the same account at once take different rows, and none writes to a row ended meanwhile.
    """
    rows = _take(account, at)
    if not rows:
        return Outcome()
    destination = destination_of(account) if account.alert_version == Account.AlertVersion.V1 else None
    run, basis = Run(rows, at), _basis(account)
    problem: str | None = ""
    try:
        run.subscribe(client, destination)
    except UpsUnavailable as error:
        seconds = min(error.retry_after_seconds or 0, _LONGEST_PAUSE_SECONDS)
        run.put_off(error.message, pause=timedelta(seconds=seconds) or None)
        problem = None
    except UpsError as error:
        run.put_off(error.message, pause=_AFTER_SETTINGS)
        problem = error.message
    more = _write(account, rows, basis=basis, problem=problem, at=at)
    return Outcome(
        active=tuple(run.active),
        renewed=tuple(run.renewed),
        refused=tuple(run.refused),
        postponed=tuple(run.postponed),
        failed=tuple(run.failed),
        more=more,
    )


def standing_of(tenant_id: uuid.UUID, numbers: Iterable[str], *, at: datetime) -> dict[str, AlertStanding]:
    """How these parcels stand, within the tenant's transaction that is open; a parcel without a row is not there."""
    rows = AlertSubscription.objects.filter(tenant_id=tenant_id, tracking_number__in=list(numbers)).order_by("pk")
    told = rows.annotate(silent_at=F("account__alert_silent_at"))
    return {row.tracking_number: _standing(row, at, is_silent=row.silent_at is not None) for row in told}


def _standing(row: AlertSubscription, at: datetime, *, is_silent: bool) -> AlertStanding:
    is_alive = row.state == State.ACTIVE and row.expires_at is not None and at < row.expires_at
    return AlertStanding(
        is_active=is_alive and not row.problem,
        problem=row.problem,
        subscribed_at=row.subscribed_at,
        expires_at=row.expires_at,
        is_silent=is_silent,
    )


def _take(account: Account, at: datetime) -> list[AlertSubscription]:
    """Due rows, put out of other workers' reach for the length of a run; `account` then shows its present state."""
    with tenant_context(account.tenant_id):
        account.refresh_from_db()
        if account.alert_version == Account.AlertVersion.OFF:
            switch_off(account)
            return []
        due = _due(account, at).order_by("due_at", "pk")
        rows = list(due.select_for_update(skip_locked=True, no_key=True)[:ALERT_NUMBERS])
        taken = AlertSubscription.objects.filter(tenant_id=account.tenant_id, pk__in=[row.pk for row in rows])
        taken.update(due_at=at + _CLAIM)
    return rows


def _write(
    account: Account, rows: list[AlertSubscription], *, basis: _Basis, problem: str | None, at: datetime
) -> bool:
    """Write what came of the run, by key; whether more rows are due.

    The account is locked first, as everywhere. Did it change its credential or version during the call, the rows are
    due again at once.
    """
    with tenant_context(account.tenant_id):
        present = Account.objects.select_for_update(no_key=True).get(tenant_id=account.tenant_id, pk=account.pk)
        keys = [row.pk for row in rows]
        living = AlertSubscription.objects.filter(tenant_id=account.tenant_id, pk__in=keys).exclude(state=State.ENDED)
        kept = set(living.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
        written = [row for row in rows if row.pk in kept]
        if _basis(present) != basis:
            for row in written:
                row.due_at = at
        columns = ["state", "problem", "refusals", "subscribed_at", "expires_at", "due_at"]
        AlertSubscription.objects.filter(tenant_id=account.tenant_id).bulk_update(written, columns)
        if problem is not None and problem[:_PROBLEM_CHARACTERS] != present.alert_problem:
            present.alert_problem = problem[:_PROBLEM_CHARACTERS]
            present.alert_problem_at = at if problem else None
            present.save(update_fields=["alert_problem", "alert_problem_at"])
            account.alert_problem, account.alert_problem_at = present.alert_problem, present.alert_problem_at
        return _due(account, at).exists()


def _due(account: Account, at: datetime) -> QuerySet[AlertSubscription]:
    rows = AlertSubscription.objects.filter(tenant_id=account.tenant_id, account_id=account.pk, due_at__lte=at)
    return rows.exclude(state=State.ENDED)


def _basis(account: Account) -> _Basis:
    return _Basis(version=account.alert_version, credential_digest=account.alert_credential_digest)
