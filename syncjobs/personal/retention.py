"""What is kept how long, and deleting what was kept long enough, piece by piece."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from audit import chain
from audit.models import Event
from audit.record import Happening, changes, happenings
from connector_site.lib.secrets import UNREADABLE
from exact.models import MasterRecord
from syncjobs import finders, pieces
from syncjobs.actions import previewing
from syncjobs.models import (
    Alarm,
    Delivery,
    DryRun,
    Export,
    Finding,
    Label,
    Note,
    PartyAddress,
    Preview,
    Receipt,
    SyncJob,
    ViewPage,
)
from syncjobs.parties import open_party
from syncjobs.personal import erasure
from tenants.context import tenant_context
from tenants.models import Tenant

DRY_RUN_DAYS = 30
JOB_DAYS = 30
"""Our own: nobody looks at work that was done a month ago."""
MASTER_DAYS = 30
"""What was read of customers and addresses is read anew after a day (`exact.master.MAX_AGE`)."""
TOLD_DAYS = 365
"""Alarms and differences that are over."""
NEVER_TAKEN_IN = 2
"""Messages that were never taken in stay so many times as long as the others, and no longer."""
UNFINISHED_DAYS = 730
"""A delivery that nothing happened to for so long is not finished any more: its address goes too."""
MONTH = timedelta(days=30.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A period a company may choose: the usual one and the bounds (`reliability.md` 5)."""

    field: str
    least: int
    usual: int
    most: int


LIMITS = (
    Limit(field="label_days", least=7, usual=90, most=365),
    Limit(field="party_days", least=30, usual=180, most=730),
    Limit(field="receipt_days", least=7, usual=30, most=90),
    Limit(field="audit_months", least=12, usual=24, most=120),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of what is deleted; `delete` takes the next piece and says how many rows it was."""

    name: str
    delete: Callable[[Tenant, datetime], int]
    is_told: bool = True


def delete_piece(kind: Kind, tenant_id: uuid.UUID, *, at: datetime) -> int:
    """Delete the next piece of a kind, told in the audit trail in the same transaction; 0 when nothing is left."""
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        gone = kind.delete(tenant, at)
        if gone and kind.is_told:
            details = {"what": "kept long enough", "kind": kind.name, "rows": gone}
            event = Happening(kind=Event.Kind.CHANGED, subject_kind="tenant", subject=tenant.code, details=details)
            happenings(tenant_id, [event])
    return gone


def _labels(tenant: Tenant, at: datetime) -> int:
    old = Label.objects.filter(tenant=tenant, erased_at=None, created_at__lt=at - timedelta(days=tenant.label_days))
    return erasure.erase_labels(Label.objects.filter(tenant=tenant, pk__in=pieces.first_of(old)), at=at)


def _is_over(tenant: Tenant, at: datetime, *, of: str = "") -> Q:
    """A delivery that ended long enough ago, or that nothing happened to for years."""
    state, changed = f"{of}state__in", f"{of}changed_at__lt"
    ended = Q(**{state: erasure.ENDED, changed: at - timedelta(days=tenant.party_days)})
    return ended | Q(**{changed: at - timedelta(days=UNFINISHED_DAYS)})


def _addresses(tenant: Tenant, at: datetime) -> int:
    """Those of ended deliveries; with them their settled requests and what UPS told of who signed."""
    rows = Delivery.objects.filter(tenant=tenant, ship_to__erased_at=None, ship_to__isnull=False)
    return erasure.erase_addresses(tenant.pk, pieces.first_of(rows.filter(_is_over(tenant, at))), at=at)


def _requests(tenant: Tenant, at: datetime) -> int:
    """Those that were not settled yet when the address of their delivery went, or that never had one."""
    rows = erasure.settled(tenant.pk).filter(_is_over(tenant, at, of="delivery__"), erased_at=None)
    return erasure.erase_requests(tenant.pk, pieces.first_of(rows), at=at)


def _notes(tenant: Tenant, at: datetime) -> int:
    """Those that were written when the address of their delivery was gone already, or that never had one."""
    rows = Note.objects.filter(_is_over(tenant, at, of="delivery__"), tenant=tenant, erased_at=None)
    return erasure.erase_notes(Note.objects.filter(tenant=tenant, pk__in=pieces.first_of(rows)), at=at)


def _receipts(tenant: Tenant, at: datetime) -> int:
    """Those of UPS that were never taken in stay longer, but not for ever."""
    days = timedelta(days=tenant.receipt_days)
    waits = Q(source="ups", applied_at=None, dead_letter="", received_at__gte=at - NEVER_TAKEN_IN * days)
    return pieces.delete_first(Receipt.objects.filter(tenant=tenant, received_at__lt=at - days).exclude(waits))


def _pages(tenant: Tenant, at: datetime) -> int:
    before = at - timedelta(days=tenant.receipt_days)
    return pieces.delete_first(
        ViewPage.objects.filter(~Q(used_at=None) | ~Q(problem=""), tenant=tenant, received_at__lt=before)
    )


def _records(tenant: Tenant, at: datetime) -> int:
    of_people = MasterRecord.objects.filter(tenant=tenant).exclude(resource=MasterRecord.Resource.ITEM)
    return pieces.delete_first(of_people.filter(read_at__lt=at - timedelta(days=MASTER_DAYS)))


def _dry_runs(tenant: Tenant, at: datetime) -> int:
    return pieces.delete_first(DryRun.objects.filter(tenant=tenant, asked_at__lt=at - timedelta(days=DRY_RUN_DAYS)))


def _previews(tenant: Tenant, at: datetime) -> int:
    return pieces.delete_first(Preview.objects.filter(tenant=tenant, asked_at__lt=at - previewing.KEPT_FOR))


def _exports(tenant: Tenant, at: datetime) -> int:
    never = Q(finished_at=None, asked_at__lt=at - timedelta(days=JOB_DAYS))
    return pieces.delete_first(Export.objects.filter(never | Q(expires_at__lt=at), tenant=tenant))


def _jobs(tenant: Tenant, at: datetime) -> int:
    over = [SyncJob.State.DONE, SyncJob.State.DEAD]
    before = at - timedelta(days=JOB_DAYS)
    return pieces.delete_first(SyncJob.objects.filter(tenant=tenant, state__in=over, ended_at__lt=before))


def _alarms(tenant: Tenant, at: datetime) -> int:
    return pieces.delete_first(Alarm.objects.filter(tenant=tenant, cleared_at__lt=at - timedelta(days=TOLD_DAYS)))


def _findings(tenant: Tenant, at: datetime) -> int:
    return pieces.delete_first(Finding.objects.filter(tenant=tenant, resolved_at__lt=at - timedelta(days=TOLD_DAYS)))


def _events(tenant: Tenant, at: datetime) -> int:
    """Told by the database itself, in the chain."""
    return chain.prune(before=at - MONTH * tenant.audit_months, at_once=pieces.AT_ONCE)


def _unfindable(tenant: Tenant, at: datetime) -> int:
    """Not a deletion: what an address is found by is made anew where an older version, or an older key, made it."""
    del at
    rows = PartyAddress.objects.filter(tenant=tenant, erased_at=None).defer("sealed", "sealed_key")
    ids = pieces.first_of(rows.filter(Q(finders=None) | ~Q(finders__contains=[finders.mark()])))
    for pk in ids:
        row = PartyAddress.objects.select_related("delivery").only("pk", "delivery__code").get(tenant=tenant, pk=pk)
        PartyAddress.objects.filter(tenant=tenant, pk=pk, erased_at=None).update(finders=_finders_of(tenant, row))
    return len(ids)


def _finders_of(tenant: Tenant, row: PartyAddress) -> list[str]:
    """An address that cannot be read is found by its delivery's number alone."""
    try:
        party = open_party(row.sealed_key, row.sealed, delivery_code=row.delivery.code)
    except UNREADABLE:
        party = {}
    return finders.finders_of(tenant.pk, party)


KINDS = (
    Kind(name="labels", delete=_labels),
    Kind(name="addresses", delete=_addresses),
    Kind(name="requests", delete=_requests),
    Kind(name="notes", delete=_notes),
    Kind(name="messages", delete=_receipts),
    Kind(name="pages", delete=_pages),
    Kind(name="master data", delete=_records),
    Kind(name="dry runs", delete=_dry_runs),
    Kind(name="previews", delete=_previews, is_told=False),
    Kind(name="exports", delete=_exports),
    Kind(name="jobs", delete=_jobs, is_told=False),
    Kind(name="alarms", delete=_alarms),
    Kind(name="findings", delete=_findings),
    Kind(name="events", delete=_events, is_told=False),
    Kind(name="finders", delete=_unfindable, is_told=False),
)


def change_periods(tenant: Tenant, new: Mapping[str, int]) -> list[str]:
    """Save what differs, in the open transaction within the limits; returns the names of what was changed."""
    changed = {limit.field: new[limit.field] for limit in LIMITS if new[limit.field] != getattr(tenant, limit.field)}
    outside = [limit.field for limit in LIMITS if not limit.least <= new[limit.field] <= limit.most]
    if outside:
        raise ValueError(f"Outside the limits: {outside}")
    if changed:
        Tenant.objects.filter(pk=tenant.pk).update(**changed)
        before = {name: getattr(tenant, name) for name in changed}
        details = changes(before, changed, shown=changed)
        event = Happening(kind=Event.Kind.CHANGED, subject_kind="tenant", subject=tenant.code, details=details)
        happenings(tenant.pk, [event])
    return sorted(changed)
