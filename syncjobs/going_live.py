"""When a company ships: going live, pausing, resuming, and approving single deliveries.

The tenant's row is the switch. Whoever acts upon what it says takes its lock in the same transaction, before that of a
job: so nothing that was left alone or put back is forgotten by the one who switches.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.first_steps import facts_of
from syncjobs.models import Delivery, SyncJob
from syncjobs.problems import from_json
from syncjobs.selection import CLOCKS_DIFFER, WAITS_FOR_GOING_LIVE
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.onboarding import StepKey, missing

APPROVAL = "approval"
"""The code of the problem that a delivery waits with until a person approves it."""
PAUSED = "paused"
"""Why a job of a company that pauses was put back."""
PAUSED_LOOK = timedelta(hours=1)
"""Resuming makes such a job due at once; this is only for the case that nobody does."""
EARLIEST_START = timedelta(days=7)
LATEST_START = timedelta(days=90)
"""Our own bounds of the moment from which a company ships: what was left alone longer ago is not looked at again."""
Mode = Tenant.ShippingMode


class NotReady(Exception):
    """Something is missing or not allowed; the message says so, `missing` names open steps. Nothing was changed."""

    def __init__(self, text: str, *, missing: tuple[StepKey, ...] = ()) -> None:
        super().__init__(text)
        self.missing = missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """How many deliveries were approved, and how many were not, because they are no longer what the person saw."""

    count: int = 0
    overtaken: int = 0


def go_live(*, actor: str, tenant_id: uuid.UUID, mode: Mode, ships_from_at: datetime | None, at: datetime) -> int:
    """Ship from this moment on; None stays with the moment chosen before. How many deliveries are looked at again.

    Those are the ones that were left alone because shipping was not switched on. Raises `NotReady`.
    """
    with acting(actor), tenant_context(tenant_id):
        tenant = locked(tenant_id)
        start = _checked_start(tenant, mode, ships_from_at, at)
        changes = {"shipping_mode": mode, "ships_from_at": start}
        changed = sorted(name for name, value in changes.items() if getattr(tenant, name) != value)
        if not changed:
            return 0
        Tenant.objects.filter(pk=tenant_id).update(**changes)
        again = _look_again(tenant_id, _held_up(tenant, mode, start), at)
        _tell(tenant, {"fields": changed, "mode": mode.value, "from": start.isoformat()})
    return again


def pause(*, actor: str, tenant_id: uuid.UUID, at: datetime) -> bool:
    """Buy nothing from now on; everything else goes on. Whether that is new."""
    with acting(actor), tenant_context(tenant_id):
        tenant = locked(tenant_id)
        if tenant.paused_at is not None or tenant.shipping_mode == Mode.OFF:
            return False
        Tenant.objects.filter(pk=tenant_id).update(paused_at=at)
        _tell(tenant, {"fields": ["paused_at"], "what": "paused"})
    return True


def resume(*, actor: str, tenant_id: uuid.UUID, at: datetime) -> int:
    """Ship again, what waits at once; how many deliveries that are."""
    with acting(actor), tenant_context(tenant_id):
        tenant = locked(tenant_id)
        if tenant.paused_at is None:
            return 0
        Tenant.objects.filter(pk=tenant_id).update(paused_at=None)
        waiting = SyncJob.objects.filter(tenant_id=tenant_id, kind=SyncJob.Kind.SHIP, state=SyncJob.State.DUE)
        count = waiting.filter(last_error=PAUSED).update(due_at=at)
        transaction.on_commit(partial(queue.nudge, queue.QUEUE_OF[SyncJob.Kind.SHIP]))
        _tell(tenant, {"fields": ["paused_at"], "what": "resumed", "waiting": count})
    return count


def approve(*, actor: str, tenant_id: uuid.UUID, chosen: Mapping[uuid.UUID, str], at: datetime) -> Approved:
    """Let these deliveries be shipped, each as the fingerprint beside it says that the person saw it.

    They are read once more before they are shipped: one that turns out otherwise waits for approval again.
    """
    count = 0
    with acting(actor), tenant_context(tenant_id):
        rows = Delivery.objects.select_for_update().filter(tenant_id=tenant_id, code__in=chosen)
        told = []
        for delivery in rows.filter(state=Delivery.State.HOLD).order_by("pk"):
            if content_to_approve(delivery) not in {chosen[delivery.code]} - {""}:
                continue
            Delivery.objects.filter(pk=delivery.pk).update(approved_at=at, asked_again_at=at)
            kind = SyncJob.Kind.READ
            queue.add(tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
            told.append(delivery_event(delivery, Event.Kind.ASKED, details={"what": "approved"}))
        count = len(told)
        happenings(tenant_id, told)
    return Approved(count=count, overtaken=len(chosen) - count)


def content_to_approve(delivery: Delivery) -> str:
    """The fingerprint of what waits for a person's approval; empty where nothing does."""
    return next((one.content for one in from_json(delivery.problems) if one.code == APPROVAL), "")


def locked(tenant_id: uuid.UUID) -> Tenant:
    """The tenant under a lock that lets rows refer to it, in the open transaction."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)


def _checked_start(tenant: Tenant, mode: Mode, wanted: datetime | None, at: datetime) -> datetime:
    if mode == Mode.OFF or tenant.closed_at is not None:
        raise NotReady(said("Shipping cannot be switched on here."))
    open_steps = missing(facts_of(tenant.pk)) if tenant.shipping_mode == Mode.OFF else ()
    if open_steps:
        raise NotReady(said("Something has to be set up first."), missing=open_steps)
    start = wanted or tenant.ships_from_at or at
    if wanted is not None and not at - EARLIEST_START <= wanted <= at + LATEST_START:
        raise NotReady(said("Choose a moment from 7 days ago to 90 days ahead."))
    return start.replace(microsecond=0)


def _held_up(tenant: Tenant, mode: Mode, start: datetime) -> Q:
    """What was left alone and may have been booked since the start; Exact says when, as each is read once more.

    And what waits for an approval that is not asked for any more.
    """
    state = Delivery.State.SKIPPED
    before = Q(state=state, problems__0__code__in=WAITS_FOR_GOING_LIVE, created_at__gte=start - CLOCKS_DIFFER)
    if tenant.shipping_mode == Mode.APPROVAL and mode == Mode.AUTOMATIC:
        return before | Q(state=Delivery.State.HOLD, problems__0__code=APPROVAL)
    return before


def _look_again(tenant_id: uuid.UUID, held_up: Q, at: datetime) -> int:
    rows = Delivery.objects.filter(held_up, tenant_id=tenant_id).order_by("pk")
    for delivery in rows:
        queue.add(tenant_id, SyncJob.Kind.READ, delivery.code, due_at=at, correlation=delivery.correlation)
    return len(rows)


def _tell(tenant: Tenant, details: dict[str, Any]) -> None:
    event = Happening(kind=Event.Kind.CHANGED, subject_kind="tenant", subject=tenant.code, details=details)
    happenings(tenant.pk, [event])
