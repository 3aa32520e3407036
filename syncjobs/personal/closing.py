"""Ending a customer: first nothing new begins, then what was begun is settled, then everything of theirs goes.

The first happens at once and for good; the rest is work that may be cut off anywhere and is gone on with. What is paid
for is never lost: while it is unknown what became of a shipment, the credentials stay, and it is looked for.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Model, Q, QuerySet

from audit.models import ChainCheck, Event
from audit.record import Happening, acting, happenings
from connector_site.lib.outside_calls import Observer
from connector_site.lib.wording import said
from exact import consent_links, ending, grants
from exact.models import Connection, ConsentLink, MasterRecord, ShippingMethod, Warehouse
from syncjobs import pieces, queue
from syncjobs.models import (
    Alarm,
    Attempt,
    Attention,
    Counting,
    DayFigures,
    Delivery,
    DryRun,
    Export,
    Finding,
    Label,
    Manifest,
    NewsChoice,
    NewsMark,
    Note,
    Parcel,
    PartyAddress,
    Preview,
    PrintJob,
    Receipt,
    Reconciliation,
    Reporting,
    SavedView,
    ShipFrom,
    ShippingRule,
    Station,
    SyncJob,
    TrackingEvent,
    ViewPage,
)
from syncjobs.personal import erasure, exporting
from syncjobs.transitions import move_attempt
from tenants import api_keys
from tenants.context import tenant_context
from tenants.models import ApiKey, Invitation, Membership, Tenant
from ups import ending as ups_ending

A, D = Attempt.State, Delivery.State
UNDER_WAY = (A.SENDING, A.IN_DOUBT, A.REVIEW, A.ORPHAN, A.VOIDING)
"""It is not known what became of these, or they are paid for and still to be dealt with."""
_GOES_ON = (SyncJob.Kind.CLOSE, SyncJob.Kind.SETTLE, SyncJob.Kind.VOID)
"""Jobs that a closed company still has: its own end, what became of its shipments, and voiding what was asked."""
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
    travelling = {D.REPORTED, D.IN_TRANSIT, D.DELIVERED}
    alive = Delivery.objects.filter(tenant_id=tenant_id, state__in=set(D) - {*erasure.ENDED})
    counts = alive.aggregate(
        open_deliveries=Count("pk", filter=~Q(state__in=travelling)),
        on_the_way=Count("pk", filter=Q(state__in=travelling)),
    )
    return WhatEnds(
        **counts,
        labels=Label.objects.filter(tenant_id=tenant_id, erased_at=None).count(),
        unsettled=_under_way(tenant_id).count(),
        members=Membership.objects.filter(tenant_id=tenant_id).count(),
        has_copy=exporting.finished(tenant_id, at=at).exists(),
    )


def close(*, actor: str, tenant_id: uuid.UUID, needs_no_copy: bool, at: datetime) -> list[str]:
    """Close the company for good; returns the addresses of those who belonged to it. Raises `NotClosable`.

    Links to give a permission end with it at once; killed before that, the job ends them.
    """
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
        api_keys.revoke_all(tenant_id, at=at)
        queue.add(tenant_id, SyncJob.Kind.CLOSE, tenant.code, due_at=at)
        _tell(tenant, {"what": "closed", "members": len(addresses)})
    with acting(actor):
        consent_links.end_all(tenant_id, at=at)
    return addresses


def is_closed(tenant_id: uuid.UUID) -> bool:
    """Whether the company was closed; within its context."""
    return Tenant.objects.filter(pk=tenant_id, closed_at__isnull=False).exists()


def end_work(tenant_id: uuid.UUID, *, at: datetime) -> None:
    """Take away what would begin anything new; what settles a shipment stays. Each piece is a short transaction."""
    while _cancel_planned(tenant_id):
        pass
    while _stop_looking(tenant_id):
        pass
    with tenant_context(tenant_id):
        ups_ending.stop_following(tenant_id)
    with tenant_context(tenant_id):
        nobodys = Q(state=SyncJob.State.DUE) | Q(state=SyncJob.State.RUNNING, lease_until__lte=at)
        SyncJob.objects.filter(nobodys, tenant_id=tenant_id).exclude(kind__in=_GOES_ON).delete()


def is_busy(tenant_id: uuid.UUID, *, at: datetime) -> bool:
    """Whether a worker is still at something that it began before, and it is not too late to wait for that."""
    with tenant_context(tenant_id):
        running = SyncJob.objects.filter(tenant_id=tenant_id, state=SyncJob.State.RUNNING, lease_until__gt=at)
        tenant = Tenant.objects.get(pk=tenant_id)
        return running.exclude(kind=SyncJob.Kind.CLOSE).exists() and not _is_late(tenant, at)


def waits(tenant_id: uuid.UUID, *, at: datetime) -> bool:
    """Whether something is still to be settled, voided or looked for once more, and there is time left for it."""
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        asked_about = Attempt.objects.filter(tenant_id=tenant_id, due_at__isnull=False)
        return (asked_about.exists() or _to_void(tenant_id).exists()) and not _is_late(tenant, at)


def end_connections(tenant_id: uuid.UUID, *, observe: Observer, at: datetime) -> bool:
    """End what ties us to Exact: links, ties, subscriptions, then tokens.

    False while Exact is not there and it is not too late: the permission stays until the subscriptions are gone.
    """
    consent_links.end_all(tenant_id, at=at)
    with tenant_context(tenant_id):
        live = ending.connections_shown(tenant_id)
        happenings(tenant_id, [ending.end_tie(row, {"why": "closed"}) for row in live])
    ending.clean_up(tenant_id, observe=observe)
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        left = Connection.objects.filter(tenant_id=tenant_id, grant__isnull=False)
        if left.exists() and not _is_late(tenant, at):
            return False
        given = ConsentLink.objects.filter(tenant_id=tenant_id, grant__isnull=False)
        grant_ids = {*left.values_list("grant_id", flat=True), *given.values_list("grant_id", flat=True)}
        left.update(grant=None)
    for grant_id in grant_ids:
        grants.forget(grant_id)
    return True


def end_accounts(tenant_id: uuid.UUID, *, at: datetime) -> None:
    """Delete the credentials of UPS accounts and what they followed; their push addresses lead nowhere from then on."""
    with tenant_context(tenant_id):
        ups_ending.end_accounts(tenant_id, reason=said("The company was closed."), at=at)


def erase_piece(tenant_id: uuid.UUID, *, at: datetime) -> int:
    """Erase the next piece of what shows a person or says what the company chose; 0 when nothing is left.

    What came to be only after everything had been erased is told in the audit trail.
    """
    with tenant_context(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        for name, erase in _PIECES:
            gone = erase(tenant, at)
            if gone:
                if tenant.name == CLOSED_NAME:
                    _tell(tenant, {"what": "erased after closing", "kind": name, "rows": gone})
                return gone
    return 0


def finish(tenant_id: uuid.UUID) -> None:
    """Blank the name, in the open transaction: the row stays for the audit trail alone."""
    tenant = Tenant.objects.get(pk=tenant_id)
    if tenant.name == CLOSED_NAME:
        return
    Tenant.objects.filter(pk=tenant_id).update(name=CLOSED_NAME)
    attempts = Attempt.objects.filter(tenant_id=tenant_id)
    deliveries = Delivery.objects.filter(tenant_id=tenant_id)
    details = {
        "what": "everything erased",
        "never_settled": attempts.filter(state=A.ABANDONED).count(),
        "sent_after_closing": attempts.filter(sent_at__gt=tenant.closed_at).count(),
        "deliveries_after_closing": deliveries.filter(created_at__gt=tenant.closed_at).count(),
    }
    _tell(tenant, details)


def _under_way(tenant_id: uuid.UUID) -> QuerySet[Attempt]:
    """Each of them has a moment at which it is looked at again, and an index by that."""
    return Attempt.objects.filter(tenant_id=tenant_id, state__in=UNDER_WAY, due_at__isnull=False)


def _to_void(tenant_id: uuid.UUID) -> QuerySet[Parcel]:
    """Parcels that somebody asked to have voided, and UPS has not answered."""
    return Parcel.objects.filter(tenant_id=tenant_id, void_asked_at__isnull=False, voided_at=None)


def _is_late(tenant: Tenant, at: datetime) -> bool:
    return tenant.closed_at is not None and at >= tenant.closed_at + WAITS_FOR


def _tell(tenant: Tenant, details: dict[str, object]) -> None:
    event = Happening(kind=Event.Kind.CHANGED, subject_kind="tenant", subject=tenant.code, details=details)
    happenings(tenant.pk, [event])


def _cancel_planned(tenant_id: uuid.UUID) -> int:
    with tenant_context(tenant_id):
        planned = Attempt.objects.filter(tenant_id=tenant_id, state=A.PLANNED)
        return _move_all(planned, tenant_id, to=A.CANCELLED, changes={})


def _stop_looking(tenant_id: uuid.UUID) -> int:
    with tenant_context(tenant_id):
        ids = pieces.first_of(Parcel.objects.filter(tenant_id=tenant_id, look_at__isnull=False))
        return Parcel.objects.filter(tenant_id=tenant_id, pk__in=ids).update(look_at=None)


def _move_all(rows: QuerySet[Attempt], tenant_id: uuid.UUID, *, to: Attempt.State, changes: dict[str, Any]) -> int:
    """Move the next piece: the deliveries' locks first, the audit trail last, as everywhere."""
    delivery_ids = list(rows.order_by("delivery_id").values_list("delivery_id", flat=True)[: pieces.AT_ONCE])
    locked = Delivery.objects.select_for_update().filter(tenant_id=tenant_id, pk__in=delivery_ids)
    list(locked.order_by("pk").values_list("pk", flat=True))
    found = rows.select_related("delivery").filter(delivery_id__in=delivery_ids)
    happenings(tenant_id, [move_attempt(row, to=to, changes=dict(changes)) for row in found.order_by("pk")])
    return len(delivery_ids)


def _abandoned(tenant: Tenant, at: datetime) -> int:
    """What nobody can settle any more, once it is too late to wait: without credentials UPS cannot even be asked."""
    if not _is_late(tenant, at):
        return 0
    SyncJob.objects.filter(tenant=tenant, kind=SyncJob.Kind.SETTLE, state=SyncJob.State.DUE).delete()
    changes = {"request": None, "erased_at": at, "lease_until": None, "review_reason": ""}
    return _move_all(_under_way(tenant.pk), tenant.pk, to=A.ABANDONED, changes=changes)


def _unvoided(tenant: Tenant, at: datetime) -> int:
    """Parcels that UPS has not voided by now; what would ask it goes with them."""
    if not _is_late(tenant, at):
        return 0
    SyncJob.objects.filter(tenant=tenant, kind=SyncJob.Kind.VOID, state=SyncJob.State.DUE).delete()
    return Parcel.objects.filter(tenant=tenant, pk__in=pieces.first_of(_to_void(tenant.pk))).update(void_asked_at=None)


def _labels(tenant: Tenant, at: datetime) -> int:
    ids = pieces.first_of(Label.objects.filter(tenant=tenant, erased_at=None))
    return erasure.erase_labels(Label.objects.filter(tenant=tenant, pk__in=ids), at=at)


def _addresses(tenant: Tenant, at: datetime) -> int:
    rows = Delivery.objects.filter(tenant=tenant, ship_to__isnull=False, ship_to__erased_at=None)
    return erasure.erase_addresses(tenant.pk, pieces.first_of(rows), at=at)


def _requests(tenant: Tenant, at: datetime) -> int:
    """Also of those that would have been looked for once more: it is too late for that."""
    ids = pieces.first_of(Attempt.objects.filter(tenant=tenant, state__in=erasure.SETTLED, erased_at=None))
    return Attempt.objects.filter(tenant=tenant, pk__in=ids).update(request=None, erased_at=at, due_at=None)


def _evidence(tenant: Tenant, at: datetime) -> int:
    """Words of people and of UPS about requests that are settled."""
    del at
    rows = Attempt.objects.filter(~Q(evidence={}), tenant=tenant, state__in=erasure.SETTLED)
    return Attempt.objects.filter(tenant=tenant, pk__in=pieces.first_of(rows)).update(evidence={})


def _refusals(tenant: Tenant, at: datetime) -> int:
    del at
    rows = Parcel.objects.filter(~Q(void_refusal=""), tenant=tenant)
    return erasure.erase_refusals(Parcel.objects.filter(tenant=tenant, pk__in=pieces.first_of(rows)))


def _events(tenant: Tenant, at: datetime) -> int:
    del at
    ids = pieces.first_of(TrackingEvent.objects.filter(tenant=tenant, sealed__isnull=False))
    return TrackingEvent.objects.filter(tenant=tenant, pk__in=ids).update(sealed=None)


def _problems(tenant: Tenant, at: datetime) -> int:
    """What was said of deliveries may quote an address."""
    del at
    ids = pieces.first_of(Delivery.objects.filter(~Q(problems=[]) | ~Q(proof_problem=""), tenant=tenant))
    return Delivery.objects.filter(tenant=tenant, pk__in=ids).update(problems=[], proof_problem="")


def _companies(tenant: Tenant, at: datetime) -> int:
    """Names of companies in Exact; their numbers stay with the deliveries."""
    del at
    return Connection.objects.filter(~Q(division_name=""), tenant=tenant).update(division_name="")


def _whole(model: type[Model]) -> tuple[str, Callable[[Tenant, datetime], int]]:
    """Rows of which nothing needs to stay."""

    def erase(tenant: Tenant, at: datetime) -> int:
        del at
        rows: QuerySet[Model] = QuerySet(model).filter(tenant=tenant)
        return pieces.delete_first(rows)

    return str(model._meta.verbose_name_plural), erase


_PIECES: tuple[tuple[str, Callable[[Tenant, datetime], int]], ...] = (
    ("unsettled requests", _abandoned),
    ("parcels to void", _unvoided),
    ("labels", _labels),
    ("addresses", _addresses),
    ("requests", _requests),
    ("evidence", _evidence),
    ("refusals", _refusals),
    ("tracking", _events),
    ("problems", _problems),
    ("companies", _companies),
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
            Note,
            Preview,
            SavedView,
            Attention,
            NewsChoice,
            NewsMark,
            PrintJob,
            Station,
            DayFigures,
            Counting,
            ChainCheck,
            ApiKey,
            Invitation,
            Membership,
        )
    ),
)
