"""Ending a customer: first nothing new begins, then what was begun is settled, then everything of theirs goes.

The first happens at once and for good; the rest is work that may be cut off anywhere and is gone on with. What is paid
for is never lost: while it is unknown what became of a shipment, the credentials stay, and it is looked for.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model, Q, QuerySet

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.outside_calls import Observer
from connector_site.lib.wording import said
from exact import ending, grants
from exact.models import Connection, ConsentLink, MasterRecord, ShippingMethod, Warehouse
from syncjobs import erasure, exporting, queue
from syncjobs.models import (
    Alarm,
    Attempt,
    Delivery,
    DryRun,
    Export,
    Finding,
    Label,
    Manifest,
    Parcel,
    PartyAddress,
    Receipt,
    Reconciliation,
    Reporting,
    ShipFrom,
    ShippingRule,
    SyncJob,
    TrackingEvent,
    ViewPage,
)
from syncjobs.transitions import move_attempt
from tenants.context import tenant_context
from tenants.models import Invitation, Membership, Tenant
from ups import ending as ups_ending

A, D = Attempt.State, Delivery.State
UNDER_WAY = (A.SENDING, A.IN_DOUBT, A.REVIEW, A.ORPHAN, A.VOIDING)
"""It is not known what became of these, or they are paid for and still to be dealt with."""
AT_ONCE = 1_000
WAITS_FOR = timedelta(days=3)
"""Our own: so long it is tried again to take our subscriptions out of Exact and to settle what is unknown; after it
everything goes all the same."""
CLOSED_NAME = "Closed company"


class NotClosable(Exception):
    """Why the company cannot be closed now; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatEnds:
    """What the person is told before she closes the company."""

    open_deliveries: int
    on_the_way: int
    labels: int
    unsettled: int
    members: int
    has_copy: bool


def what_ends(tenant_id: uuid.UUID, *, at: datetime) -> WhatEnds:
    """Reads only; within the tenant's context."""
    deliveries = Delivery.objects.filter(tenant_id=tenant_id)
    travelling = (D.REPORTED, D.IN_TRANSIT, D.DELIVERED)
    return WhatEnds(
        open_deliveries=deliveries.exclude(state__in=(*erasure.ENDED, *travelling)).count(),
        on_the_way=deliveries.filter(state__in=travelling).count(),
        labels=Label.objects.filter(tenant_id=tenant_id, erased_at=None).count(),
        unsettled=_under_way(tenant_id).count(),
        members=Membership.objects.filter(tenant_id=tenant_id).count(),
        has_copy=exporting.finished(tenant_id, at=at).exists(),
    )


def close(*, actor: str, tenant_id: uuid.UUID, needs_no_copy: bool, at: datetime) -> list[str]:
    """Close the company for good; returns the addresses of those who belonged to it. Raises `NotClosable`."""
    with acting(actor), tenant_context(tenant_id):
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        if tenant.closed_at is not None:
            raise NotClosable(said("This company is closed already."))
        if _under_way(tenant_id).exists():
            raise NotClosable(
                said("It is not known yet what became of a shipment at UPS. Wait until that is settled, then close.")
            )
        if not needs_no_copy and not exporting.finished(tenant_id, at=at).exists():
            raise NotClosable(said("Have a copy of your data made first, or say that you need none."))
        team = Membership.objects.filter(tenant_id=tenant_id)
        addresses = list(team.order_by("pk").values_list("user__email", flat=True))
        Tenant.objects.filter(pk=tenant_id).update(shipping_mode=Tenant.ShippingMode.OFF, closed_at=at)
        Invitation.objects.filter(tenant_id=tenant_id).delete()
        team.delete()
        queue.add(tenant_id, SyncJob.Kind.CLOSE, tenant.code, due_at=at)
        _tell(tenant, {"what": "closed", "members": len(addresses)})
    return addresses


def end_work(tenant_id: uuid.UUID) -> None:
    """Take away what would begin anything new; what settles a shipment stays."""
    with tenant_context(tenant_id):
        planned = Attempt.objects.select_related("delivery").filter(tenant_id=tenant_id, state=A.PLANNED)
        happenings(tenant_id, [move_attempt(row, to=A.CANCELLED) for row in planned])
        Parcel.objects.filter(tenant_id=tenant_id, look_at__isnull=False).update(look_at=None)
        ups_ending.stop_following(tenant_id)
        due = SyncJob.objects.filter(tenant_id=tenant_id, state=SyncJob.State.DUE)
        due.exclude(kind__in=[SyncJob.Kind.CLOSE, SyncJob.Kind.SETTLE]).delete()


def waits(tenant_id: uuid.UUID, *, at: datetime) -> bool:
    """Whether something paid for is still to be settled, and it is not too late to wait for that."""
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        return _under_way(tenant_id).exists() and not _is_late(tenant, at)


def end_connections(tenant_id: uuid.UUID, *, observe: Observer, at: datetime) -> bool:
    """End what ties us to Exact: subscriptions, then tokens. False while Exact is not there and it is not too late."""
    with tenant_context(tenant_id):
        live = list(ending.connections_shown(tenant_id))
    for row in live:
        ending.disconnect(row, observe=observe)
    ending.clean_up(tenant_id, observe=observe)
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        left = Connection.objects.filter(tenant_id=tenant_id, grant__isnull=False)
        grant_ids = list(left.values_list("grant_id", flat=True))
        if grant_ids and not _is_late(tenant, at):
            return False
        left.update(grant=None)
    for grant_id in set(grant_ids):
        grants.forget(grant_id)
    return True


def end_accounts(tenant_id: uuid.UUID, *, at: datetime) -> None:
    """Delete the credentials of UPS accounts and what they followed; their push addresses lead nowhere from then on."""
    with tenant_context(tenant_id):
        ups_ending.end_accounts(tenant_id, reason=said("The company was closed."), at=at)


def erase_piece(tenant_id: uuid.UUID, *, at: datetime) -> int:
    """Erase the next piece of what shows a person or says what the company chose; 0 when nothing is left."""
    with tenant_context(tenant_id):
        for erase in _PIECES:
            gone = erase(tenant_id, at)
            if gone:
                return gone
    return 0


def finish(tenant_id: uuid.UUID) -> None:
    """Blank the name, in the open transaction: the row stays for the audit trail alone."""
    tenant = Tenant.objects.get(pk=tenant_id)
    Tenant.objects.filter(pk=tenant_id).update(name=CLOSED_NAME)
    _tell(tenant, {"what": "everything erased", "in_doubt": _under_way(tenant_id).count()})


def _under_way(tenant_id: uuid.UUID) -> QuerySet[Attempt]:
    return Attempt.objects.filter(tenant_id=tenant_id, state__in=UNDER_WAY)


def _is_late(tenant: Tenant, at: datetime) -> bool:
    return tenant.closed_at is None or at >= tenant.closed_at + WAITS_FOR


def _tell(tenant: Tenant, details: dict[str, object]) -> None:
    event = Happening(kind=Event.Kind.CHANGED, subject_kind="tenant", subject=tenant.code, details=details)
    happenings(tenant.pk, [event])


def _labels(tenant_id: uuid.UUID, at: datetime) -> int:
    ids = _some(Label.objects.filter(tenant_id=tenant_id, erased_at=None))
    return erasure.erase_labels(Label.objects.filter(tenant_id=tenant_id, pk__in=ids), at=at)


def _addresses(tenant_id: uuid.UUID, at: datetime) -> int:
    ids = _some(Delivery.objects.filter(tenant_id=tenant_id, ship_to__isnull=False, ship_to__erased_at=None))
    return erasure.erase_addresses(tenant_id, ids, at=at)


def _requests(tenant_id: uuid.UUID, at: datetime) -> int:
    rows = Attempt.objects.filter(tenant_id=tenant_id, state__in=erasure.SETTLED, erased_at=None)
    ids = _some(rows)
    return Attempt.objects.filter(tenant_id=tenant_id, pk__in=ids).update(request=None, erased_at=at)


def _events(tenant_id: uuid.UUID, at: datetime) -> int:
    del at
    ids = _some(TrackingEvent.objects.filter(tenant_id=tenant_id, sealed__isnull=False))
    return TrackingEvent.objects.filter(tenant_id=tenant_id, pk__in=ids).update(sealed=None)


def _problems(tenant_id: uuid.UUID, at: datetime) -> int:
    """What was said of deliveries may quote an address."""
    del at
    ids = _some(Delivery.objects.filter(~Q(problems=[]), tenant_id=tenant_id))
    return Delivery.objects.filter(tenant_id=tenant_id, pk__in=ids).update(problems=[])


def _whole(model: type[Model]) -> Callable[[uuid.UUID, datetime], int]:
    """Rows of which nothing needs to stay."""

    def erase(tenant_id: uuid.UUID, at: datetime) -> int:
        del at
        rows: QuerySet[Model] = QuerySet(model).filter(tenant_id=tenant_id)
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        if ids:
            rows.filter(pk__in=ids).delete()
        return len(ids)

    return erase


def _some(rows: QuerySet[Label] | QuerySet[Delivery] | QuerySet[Attempt] | QuerySet[TrackingEvent]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


_PIECES = (
    _labels,
    _addresses,
    _requests,
    _events,
    _problems,
    *(
        _whole(model)
        for model in (
            PartyAddress,
            Receipt,
            ViewPage,
            MasterRecord,
            DryRun,
            Export,
            ShippingRule,
            ShipFrom,
            Reporting,
            ConsentLink,
            Warehouse,
            ShippingMethod,
            Finding,
            Reconciliation,
            Alarm,
            Manifest,
        )
    ),
)
