"""Track Alert and the parcels of a delivery: whom UPS is to tell of, and noticing that it has fallen silent."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from audit.models import Event
from audit.record import Happening
from syncjobs import queue
from syncjobs.models import Delivery, Parcel, Receipt, SyncJob
from syncjobs.tracking.looking import WITHOUT_ALERT_HOURS, hours
from syncjobs.tracking.merging import Told
from ups import hearing, subscribing
from ups.events import Source
from ups.models import Account
from ups.subscribing import AlertStanding

MISSED_SCANS = 2
"""A single push may get lost; of two in a row UPS should have told (`ups.md` 10.3)."""
AFTER_SUBSCRIBING = timedelta(minutes=5)
"""What happened before UPS began to tell is not told any more (`ups.md` 10.2)."""
ALLOWED_DELAY = timedelta(minutes=15)
TOGETHER_SECONDS = 2
"""So that the parcels of several deliveries go into one call (`ups.md` 10.2)."""
_PUSHED = frozenset({"D", "I", "X"})
"""Types of scans that only a missing push leaves untold: updates are pushed alone, labels before anybody subscribes."""
Heard = tuple[Parcel, AlertStanding | None, Iterable[Told]]
"""A parcel, how its alert stands, and all that was told of it."""


def look_after_alerts(delivery: Delivery, parcels: Sequence[Parcel], over: frozenset[str], *, at: datetime) -> None:
    """Parcels that are finished, or followed no more, need no subscription; one that is under way again does."""
    done = {parcel.tracking_number for parcel in parcels if parcel.look_at is None} | over
    if done:
        subscribing.end(delivery.tenant_id, sorted(done))
    again = {parcel.tracking_number for parcel in parcels} - done
    subscribing.reopen(delivery.tenant_id, sorted(again), at=at)


def want_missing(
    tenant_id: UUID, parcels: Iterable[Parcel], alerts: Mapping[str, AlertStanding], *, at: datetime
) -> None:
    """Subscribe parcels that never were: shipped while Track Alert was off, or before there was any."""
    by_account: dict[int, list[str]] = {}
    for parcel in parcels:
        if parcel.look_at is not None and parcel.tracking_number not in alerts:
            by_account.setdefault(parcel.shipment.attempt.account_id, []).append(parcel.tracking_number)
    if not by_account:
        return
    for account in Account.objects.filter(tenant_id=tenant_id, pk__in=by_account):
        want(account, by_account[account.pk], at=at)


def want(account: Account, numbers: Iterable[str], *, at: datetime) -> None:
    """Have UPS tell of these parcels, in a moment and together with others; in the open transaction."""
    if account.alert_version == Account.AlertVersion.OFF:
        return
    subscribing.want(account.tenant_id, account.pk, numbers, at=at)
    due_at = at + timedelta(seconds=TOGETHER_SECONDS)
    queue.add(account.tenant_id, SyncJob.Kind.ALERT, account.code, due_at=due_at)


def heard(parcels: Iterable[Parcel], alerts: Mapping[str, AlertStanding]) -> list[Happening]:
    """UPS has pushed something about these parcels: its silence is over."""
    silent = {
        parcel.shipment.attempt.account_id: parcel.tenant_id
        for parcel in parcels
        if (alert := alerts.get(parcel.tracking_number)) and alert.is_silent
    }
    codes = [hearing.end_silence(tenant_id, account_id) for account_id, tenant_id in sorted(silent.items())]
    return [_happening(code, "alerts heard") for code in codes if code]


def fallen_silent(histories: Iterable[Heard], *, at: datetime) -> list[Happening]:
    """What follows when others told of scans that should have been pushed, and nothing was pushed since."""
    since: dict[int, tuple[datetime, Parcel]] = {}
    for parcel, alert, history in histories:
        moment = _unheard_since(alert, history, at)
        if moment is not None:
            since.setdefault(parcel.shipment.attempt.account_id, (moment, parcel))
    told: list[Happening] = []
    for account_id, (moment, parcel) in sorted(since.items()):
        if _was_pushed(parcel.tenant_id, account_id, moment):
            continue
        code = hearing.begin_silence(parcel.tenant_id, account_id, at=at)
        if code is not None:
            hearing.hasten_feeds(parcel.tenant_id, account_id, at=at)
            _look_sooner(parcel, account_id, at)
            told.append(_happening(code, "alerts silent"))
    return told


def _unheard_since(alert: AlertStanding | None, history: Iterable[Told], at: datetime) -> datetime | None:
    """When the earlier of the last two scans happened that should have been pushed by now; None when all is well."""
    if alert is None or not alert.is_heard or alert.subscribed_at is None:
        return None
    begins_at, ends_at = alert.subscribed_at + AFTER_SUBSCRIBING, at - ALLOWED_DELAY
    missed = sorted(
        event.happened_at
        for event in history
        if event.happened_at is not None
        and event.zone_known
        and event.type in _PUSHED
        and Source.PUSH not in event.sources
        and begins_at < event.happened_at < ends_at
    )
    return missed[-MISSED_SCANS] if len(missed) >= MISSED_SCANS else None


def _was_pushed(tenant_id: UUID, account_id: int, since: datetime) -> bool:
    """Whether UPS has pushed anything about the account's parcels since then: what is missing got lost, no more."""
    deliveries = Delivery.objects.filter(tenant_id=tenant_id, attempts__account_id=account_id).values("code")
    pushes = Receipt.objects.filter(tenant_id=tenant_id, source="ups", received_at__gt=since, subject__in=deliveries)
    return pushes.exists()


def _look_sooner(parcel: Parcel, account_id: int, at: datetime) -> None:
    """The account's other parcels are asked about as if nothing was pushed; rows that are in use see to it later."""
    soon = at + hours(WITHOUT_ALERT_HOURS)
    others = Parcel.objects.filter(
        tenant_id=parcel.tenant_id, shipment__attempt__account_id=account_id, look_at__gt=soon
    ).exclude(shipment__delivery=parcel.shipment.delivery_id)
    keys = list(others.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True))
    if keys:
        Parcel.objects.filter(tenant_id=parcel.tenant_id, pk__in=keys).update(look_at=soon)


def _happening(account: UUID, what: str) -> Happening:
    details = {"what": what}
    return Happening(kind=Event.Kind.CHANGED, subject_kind="ups_account", subject=account, details=details)
