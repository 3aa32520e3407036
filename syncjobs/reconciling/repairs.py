"""What a person, or the comparison itself, may do about a finding: one function for every repair.

Each repair asks for work that looks once more before it acts, so that one pressed too late or twice does no harm.
Locks are taken in the order of everybody: the delivery, its requests, its parcels, the finding, the job, the trail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs import intake, queue
from syncjobs.models import Attempt, Delivery, Finding, Manifest, Parcel, SyncJob
from syncjobs.reconciling.comparing import MOVED_ON_BY
from syncjobs.reconciling.kinds import KINDS, FindingKind, Repair
from syncjobs.reporting import EXACT_WRITES
from syncjobs.tracking.courses import FOLLOWED
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context

_OVER = said("This has changed since it was found; nothing was done. The next comparison looks at it again.")
_UNDER_WAY = said("It is being repaired already; the next comparison shows whether that was enough.")
_DONE = said("This was dealt with already; nothing was done.")
_WRITTEN_OUT = said(
    "We have written to this goods delivery as often as we ever do. Enter the tracking number in Exact Online by hand."
)
_ASKABLE = (Attempt.State.IN_DOUBT, Attempt.State.REVIEW, Attempt.State.ABSENT)
_READABLE = {
    FindingKind.OUTDATED: frozenset({Delivery.State.SKIPPED, Delivery.State.HOLD}),
    FindingKind.CANCELLED_BUT_THERE: frozenset({Delivery.State.CANCELLED}),
}


class NoLongerTrue(Exception):
    """The repair is not made; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """The work to ask for."""

    kind: SyncJob.Kind
    delivery: Delivery


def repair(*, actor: str, tenant_id: UUID, finding_code: UUID, at: datetime) -> None:
    """Make the safe repair of a finding. Raises `Finding.DoesNotExist` or `NoLongerTrue`, and then nothing was done.

    Whether it was enough is seen by the next comparison, which ends the finding.
    """
    with acting(actor), tenant_context(tenant_id):
        finding = Finding.objects.select_related("connection").get(tenant_id=tenant_id, code=finding_code)
        wanted = KINDS[FindingKind(finding.kind)].repair
        if wanted is None:
            raise NoLongerTrue(_OVER)
        if finding.resolved_at is not None:
            raise NoLongerTrue(_DONE)
        order = _REPAIRS[wanted](finding, at)
        delivery = order.delivery
        _lock_open(finding)
        if finding.repair_asked_at is not None and _is_open(tenant_id, order):
            raise NoLongerTrue(_UNDER_WAY)
        Finding.objects.filter(pk=finding.pk).update(repair_asked_at=at)
        queue.add(tenant_id, order.kind, delivery.code, due_at=at, correlation=delivery.correlation)
        details = {"what": "set going again by the comparison", "finding": finding.kind, "repair": wanted.value}
        happenings(tenant_id, [delivery_event(delivery, _asked_by(actor), details=details)])


def dismiss(*, actor: str, tenant_id: UUID, finding_code: UUID, at: datetime) -> None:
    """A person has seen it and it needs nothing. Raises `Finding.DoesNotExist` or `NoLongerTrue`."""
    with acting(actor), tenant_context(tenant_id):
        finding = Finding.objects.get(tenant_id=tenant_id, code=finding_code)
        _lock_open(finding)
        Finding.objects.filter(pk=finding.pk).update(resolved_at=at, resolution=Finding.Resolution.DISMISSED)
        event = Happening(
            kind=Event.Kind.ASKED,
            subject_kind="finding",
            subject=finding.code,
            details={"what": "dismissed", "finding": finding.kind, "about": str(finding.subject)},
        )
        happenings(tenant_id, [event])


def _asked_by(actor: str) -> Event.Kind:
    return Event.Kind.ASKED if actor.startswith("user:") else Event.Kind.CHANGED


def _lock_open(finding: Finding) -> None:
    """Lock the finding; `NoLongerTrue` when it is closed."""
    now = Finding.objects.select_for_update().get(pk=finding.pk, tenant_id=finding.tenant_id)
    if now.resolved_at is not None:
        raise NoLongerTrue(_DONE)
    finding.repair_asked_at = now.repair_asked_at


def _is_open(tenant_id: UUID, order: _Order) -> bool:
    rows = SyncJob.objects.filter(tenant_id=tenant_id, kind=order.kind, subject=order.delivery.code)
    return rows.filter(state__in=[SyncJob.State.DUE, SyncJob.State.RUNNING]).exists()


def _delivery(finding: Finding, code: UUID) -> Delivery:
    found = Delivery.objects.select_for_update().filter(tenant_id=finding.tenant_id, code=code).first()
    if found is None:
        raise NoLongerTrue(_OVER)
    return found


def _take_in(finding: Finding, at: datetime) -> _Order:
    """As a notification would; what the delivery is, and whether it is ours, is decided by the read."""
    rows = Delivery.objects.filter(tenant_id=finding.tenant_id, connection_id=finding.connection_id)
    connection = Connection.objects.get(tenant_id=finding.tenant_id, pk=finding.connection_id)
    is_known = rows.filter(exact_entry_id=finding.subject).exists()
    if not connection.is_live or (is_known and finding.repair_asked_at is None):
        raise NoLongerTrue(_OVER)
    if is_known:
        raise NoLongerTrue(_UNDER_WAY)
    code, _correlation = intake.take_in(finding.tenant_id, connection.pk, finding.subject, at=at)
    return _Order(kind=SyncJob.Kind.READ, delivery=_delivery(finding, code))


def _read(finding: Finding, at: datetime) -> _Order:
    """What Exact shows now decides; a delivery that is gone is stopped by the same read."""
    delivery = _delivery(finding, finding.subject)
    if delivery.state not in _READABLE.get(FindingKind(finding.kind), {delivery.state}):
        raise NoLongerTrue(_OVER)
    return _Order(kind=SyncJob.Kind.READ, delivery=delivery)


def _report(finding: Finding, at: datetime) -> _Order:
    delivery = _delivery(finding, finding.subject)
    if delivery.state != Delivery.State.LABELLED:
        raise NoLongerTrue(_OVER)
    return _Order(kind=SyncJob.Kind.REPORT, delivery=delivery)


def _write(finding: Finding, at: datetime) -> _Order:
    """The number once more; the step reads first and never writes over another one."""
    delivery = _delivery(finding, finding.subject)
    if delivery.state not in FOLLOWED:
        raise NoLongerTrue(_OVER)
    if delivery.exact_writes >= EXACT_WRITES:
        raise NoLongerTrue(_WRITTEN_OUT)
    return _Order(kind=SyncJob.Kind.REPORT, delivery=delivery)


def _ask_ups(finding: Finding, at: datetime) -> _Order:
    """Label Recovery is asked now about the requests that are not settled, or that were taken for not made."""
    subject, reference = finding.subject, ""
    manifest = Manifest.objects.filter(tenant_id=finding.tenant_id, code=finding.subject).first()
    if manifest is not None:
        reference = manifest.reference
        attempts = Attempt.objects.filter(tenant_id=finding.tenant_id, reference=reference)
        subject = attempts.values_list("delivery__code", flat=True).first() or subject
    delivery = _delivery(finding, subject)
    rows = Attempt.objects.filter(tenant_id=finding.tenant_id, delivery=delivery, state__in=_ASKABLE)
    chosen = rows.filter(reference=reference) if reference else rows.exclude(state=Attempt.State.ABSENT)
    if not chosen.update(due_at=at):
        raise NoLongerTrue(_OVER)
    return _Order(kind=SyncJob.Kind.SETTLE, delivery=delivery)


def _go_on(finding: Finding, at: datetime) -> _Order:
    delivery = _delivery(finding, finding.subject)
    kinds = MOVED_ON_BY.get(delivery.state, ())
    if not kinds or any(_is_open(finding.tenant_id, _Order(kind=kind, delivery=delivery)) for kind in kinds):
        raise NoLongerTrue(_UNDER_WAY if finding.repair_asked_at else _OVER)
    return _Order(kind=kinds[0], delivery=delivery)


def _look(finding: Finding, at: datetime) -> _Order:
    """Ask UPS's Tracking API now about parcels that nobody asks about."""
    delivery = _delivery(finding, finding.subject)
    mine = Parcel.objects.filter(tenant_id=finding.tenant_id, shipment__delivery=delivery)
    rows = mine.filter(shipment__voided_at=None, voided_at=None)
    if delivery.state not in FOLLOWED or not rows.filter(look_at=None).update(look_at=at):
        raise NoLongerTrue(_OVER)
    return _Order(kind=SyncJob.Kind.LOOK, delivery=delivery)


_REPAIRS: dict[Repair, Callable[[Finding, datetime], _Order]] = {
    Repair.TAKE_IN: _take_in,
    Repair.READ: _read,
    Repair.REPORT: _report,
    Repair.WRITE: _write,
    Repair.ASK_UPS: _ask_ups,
    Repair.GO_ON: _go_on,
    Repair.LOOK: _look,
}
