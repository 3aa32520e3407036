"""What is kept how long, and deleting what was kept long enough, piece by piece."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from audit import chain
from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.secrets import UNREADABLE
from exact.models import MasterRecord
from syncjobs import erasure
from syncjobs.finders import finders_of
from syncjobs.models import (
    Alarm,
    Delivery,
    DryRun,
    Export,
    Finding,
    Label,
    PartyAddress,
    Receipt,
    SyncJob,
    ViewPage,
)
from syncjobs.parties import open_party
from tenants.context import tenant_context
from tenants.models import Tenant

AT_ONCE = 1_000
"""Rows of one short transaction."""
DRY_RUN_DAYS = 30
JOB_DAYS = 30
"""Our own: nobody looks at work that was done a month ago."""
MASTER_DAYS = 30
"""What was read of customers and addresses is read anew after a day (`exact.master.MAX_AGE`)."""
TOLD_DAYS = 365
"""Alarms and differences that are over."""
UNFINISHED_DAYS = 730
"""A delivery that nothing happened to for so long is not finished any more: its address goes too."""
AnyModel = TypeVar("AnyModel", bound=Model)
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
    return erasure.erase_labels(Label.objects.filter(tenant=tenant, pk__in=_some(old)), at=at)


def _addresses(tenant: Tenant, at: datetime) -> int:
    """Those of ended deliveries; with them their requests and what UPS told of who signed."""
    ended = Q(state__in=erasure.ENDED, changed_at__lt=at - timedelta(days=tenant.party_days))
    given_up = Q(changed_at__lt=at - timedelta(days=UNFINISHED_DAYS))
    old = Delivery.objects.filter(ended | given_up, tenant=tenant, ship_to__erased_at=None, ship_to__isnull=False)
    return erasure.erase_addresses(tenant.pk, _some(old), at=at)


def _receipts(tenant: Tenant, at: datetime) -> int:
    """All but those of UPS that are still to be taken in."""
    waits = Q(source="ups", applied_at=None, dead_letter="")
    before = at - timedelta(days=tenant.receipt_days)
    return _delete(Receipt.objects.filter(tenant=tenant, received_at__lt=before).exclude(waits))


def _pages(tenant: Tenant, at: datetime) -> int:
    before = at - timedelta(days=tenant.receipt_days)
    return _delete(ViewPage.objects.filter(~Q(used_at=None) | ~Q(problem=""), tenant=tenant, received_at__lt=before))


def _records(tenant: Tenant, at: datetime) -> int:
    of_people = MasterRecord.objects.filter(tenant=tenant).exclude(resource=MasterRecord.Resource.ITEM)
    return _delete(of_people.filter(read_at__lt=at - timedelta(days=MASTER_DAYS)))


def _dry_runs(tenant: Tenant, at: datetime) -> int:
    return _delete(DryRun.objects.filter(tenant=tenant, asked_at__lt=at - timedelta(days=DRY_RUN_DAYS)))


def _exports(tenant: Tenant, at: datetime) -> int:
    never = Q(finished_at=None, asked_at__lt=at - timedelta(days=JOB_DAYS))
    return _delete(Export.objects.filter(never | Q(expires_at__lt=at), tenant=tenant))


def _jobs(tenant: Tenant, at: datetime) -> int:
    over = [SyncJob.State.DONE, SyncJob.State.DEAD]
    before = at - timedelta(days=JOB_DAYS)
    return _delete(SyncJob.objects.filter(tenant=tenant, state__in=over, ended_at__lt=before))


def _alarms(tenant: Tenant, at: datetime) -> int:
    return _delete(Alarm.objects.filter(tenant=tenant, cleared_at__lt=at - timedelta(days=TOLD_DAYS)))


def _findings(tenant: Tenant, at: datetime) -> int:
    return _delete(Finding.objects.filter(tenant=tenant, resolved_at__lt=at - timedelta(days=TOLD_DAYS)))


def _events(tenant: Tenant, at: datetime) -> int:
    """Told by the database itself, in the chain."""
    return chain.prune(before=at - MONTH * tenant.audit_months, at_once=AT_ONCE)


def _unfindable(tenant: Tenant, at: datetime) -> int:
    """Not a deletion: addresses of an older version are given what they are found by."""
    del at
    rows = PartyAddress.objects.filter(tenant=tenant, erased_at=None, finders=None).defer("sealed", "sealed_key")
    ids = _some(rows)
    for pk in ids:
        row = PartyAddress.objects.select_related("delivery").only("pk", "delivery__code").get(tenant=tenant, pk=pk)
        PartyAddress.objects.filter(tenant=tenant, pk=pk).update(finders=_finders_of(tenant, row))
    return len(ids)


def _finders_of(tenant: Tenant, row: PartyAddress) -> list[str]:
    """None of an address that cannot be read: it is found by its delivery's number alone."""
    try:
        party = open_party(row.sealed_key, row.sealed, delivery_code=row.delivery.code)
    except UNREADABLE:
        return []
    return finders_of(tenant.pk, party)


def _some(rows: QuerySet[Label] | QuerySet[Delivery] | QuerySet[PartyAddress]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def _delete(rows: QuerySet[AnyModel]) -> int:
    """The oldest rows; what hangs on them is gone with them and not counted."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    if ids:
        QuerySet(rows.model).filter(pk__in=ids).delete()
    return len(ids)


KINDS = (
    Kind(name="labels", delete=_labels),
    Kind(name="addresses", delete=_addresses),
    Kind(name="messages", delete=_receipts),
    Kind(name="pages", delete=_pages),
    Kind(name="master data", delete=_records),
    Kind(name="dry runs", delete=_dry_runs),
    Kind(name="exports", delete=_exports),
    Kind(name="jobs", delete=_jobs),
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
        event = Happening(
            kind=Event.Kind.CHANGED, subject_kind="tenant", subject=tenant.code, details={"fields": sorted(changed)}
        )
        happenings(tenant.pk, [event])
    return sorted(changed)
