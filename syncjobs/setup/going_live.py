"""When a company ships: going live, pausing, resuming, and approving single deliveries.

The tenant's row is the switch (`tenants.shipping_switch`). What waits for it is woken by a job of its own, so that
however much that is, the switch stands at once, and a worker that dies half-way loses nothing.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.models import Event
from audit.record import Happening, acting, changes, happenings
from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs import queue, selection
from syncjobs.models import Delivery, SyncJob
from syncjobs.problems import as_json, from_json
from syncjobs.setup.first_steps import facts_of
from syncjobs.transitions import delivery_event
from tenants import shipping_switch
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


class NotYours(Exception):
    """The other side, the company or the operating team, has paused, and it resumes. Nothing was changed."""


class NotReady(Exception):
    """Something is missing or not allowed; the message says so. Nothing was changed.

    `missing` names open steps, `field` what was entered and cannot be.
    """

    def __init__(self, text: str, *, missing: tuple[StepKey, ...] = (), field: str = "") -> None:
        super().__init__(text)
        self.missing = missing
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """How many deliveries were approved, and how many were not.

    `overtaken` are no longer what the person saw; `unpriced` are further shipments, whose price she has to see first.
    """

    count: int = 0
    overtaken: int = 0
    unpriced: int = 0


def go_live(*, actor: str, tenant_id: uuid.UUID, mode: Mode, ships_from_at: datetime | None, at: datetime) -> int:
    """Ship from this moment on; None stays with what was chosen before. How many deliveries are looked at again.

    Those are the ones that were left alone because shipping was not switched on. Raises `NotReady`.
    """
    with acting(actor), tenant_context(tenant_id):
        tenant = shipping_switch.locked(tenant_id)
        start = _checked_start(tenant, mode, ships_from_at, at)
        new = {"shipping_mode": mode, "ships_from_at": start}
        told = changes({name: getattr(tenant, name) for name in new}, new, shown=new)
        if not told:
            return 0
        Tenant.objects.filter(pk=tenant_id).update(**new)
        again = held_up(tenant_id, mode, start).count()
        queue.add(tenant_id, SyncJob.Kind.BEGIN, tenant.code, due_at=at)
        _tell(tenant, {**told, "mode": mode.value, "from": start.isoformat() if start else ""})
    return again


def held_up(tenant_id: uuid.UUID, mode: Mode, start: datetime | None) -> QuerySet[Delivery]:
    """What was left alone, or waits for an approval that is not asked for any more, although it may be shipped.

    Those seen since the start: Exact says when each was booked, as it is read once more.
    """
    held = Q(state=Delivery.State.SKIPPED, problems__0__code__in=selection.WAITS_FOR_GOING_LIVE)
    if start is not None:
        held &= Q(created_at__gte=start)
    if mode == Mode.AUTOMATIC:
        held |= Q(state=Delivery.State.HOLD, problems__0__code=APPROVAL)
    return Delivery.objects.filter(held, tenant_id=tenant_id, connection__disconnected_at=None)


def name_the_start(tenant_id: uuid.UUID, start: datetime) -> int:
    """Say of what was left alone before going live, and seen before the start, that it is left alone for that.

    In the open transaction; how many they are.
    """
    rows = Delivery.objects.filter(tenant_id=tenant_id, state=Delivery.State.SKIPPED, created_at__lt=start)
    told = as_json([selection.before_start().reason])
    return rows.filter(problems__0__code=selection.NOT_LIVE).update(problems=told)


def pause(*, actor: str, tenant_id: uuid.UUID, at: datetime, by_staff: bool = False) -> bool:
    """Buy nothing from now on; everything else goes on. Whether that is new.

    The company and the operating team pause each for itself; shipping goes on once both have resumed.
    """
    with acting(actor), tenant_context(tenant_id):
        tenant = shipping_switch.locked(tenant_id)
        new = _paused(tenant, at, by_staff=by_staff)
        if tenant.shipping_mode == Mode.OFF or all(getattr(tenant, name) == value for name, value in new.items()):
            return False
        Tenant.objects.filter(pk=tenant_id).update(**new)
        _tell(tenant, {"fields": ["paused_at"], "what": "paused"})
    return True


def _paused(tenant: Tenant, at: datetime, *, by_staff: bool) -> dict[str, Any]:
    """What stands on the row once this side pauses too."""
    if tenant.paused_at is None:
        return {"paused_at": at, "is_paused_by_staff": by_staff, "stays_paused": False}
    is_of_company = tenant.stays_paused or not tenant.is_paused_by_staff
    if by_staff:
        return {"is_paused_by_staff": True, "stays_paused": is_of_company}
    return {"stays_paused": tenant.is_paused_by_staff}


def resume(*, actor: str, tenant_id: uuid.UUID, at: datetime) -> int:
    """The company ships again, what waits at once; how many deliveries that are. Raises `NotYours`."""
    with acting(actor), tenant_context(tenant_id):
        tenant = shipping_switch.locked(tenant_id)
        if tenant.is_paused_by_staff:
            raise NotYours(said("The support team of ml-connector paused shipping, and only the team lets it go on."))
        return _go_on(tenant, at)


def resume_by_staff(*, actor: str, tenant_id: uuid.UUID, at: datetime) -> int | None:
    """End the operating team's pause; as `resume`, or None where the company's own pause stands. Raises `NotYours`."""
    with acting(actor), tenant_context(tenant_id):
        tenant = shipping_switch.locked(tenant_id)
        if tenant.paused_at is not None and not tenant.is_paused_by_staff:
            raise NotYours("The company itself has paused shipping, so only the company resumes it.")
        if not tenant.stays_paused:
            return _go_on(tenant, at)
        Tenant.objects.filter(pk=tenant_id).update(is_paused_by_staff=False, stays_paused=False)
        _tell(tenant, {"fields": ["is_paused_by_staff"]})
    return None


def _go_on(tenant: Tenant, at: datetime) -> int:
    """Each is planned anew: whoever pauses mends something, in Exact or here, that the plans do not know of."""
    if tenant.paused_at is None:
        return 0
    Tenant.objects.filter(pk=tenant.pk).update(paused_at=None, is_paused_by_staff=False, plans_from_at=at)
    count = waiting(tenant.pk).update(due_at=at)
    transaction.on_commit(partial(queue.nudge, queue.QUEUE_OF[SyncJob.Kind.SHIP]))
    _tell(tenant, {"fields": ["paused_at"], "what": "resumed", "waiting": count})
    return count


def waiting(tenant_id: uuid.UUID) -> QuerySet[SyncJob]:
    """The jobs of deliveries that a pause has put back."""
    due = SyncJob.objects.filter(tenant_id=tenant_id, kind=SyncJob.Kind.SHIP, state=SyncJob.State.DUE)
    return due.filter(last_error=PAUSED)


def approve(*, actor: str, tenant_id: uuid.UUID, chosen: Mapping[uuid.UUID, str], at: datetime) -> Approved:
    """Let these deliveries be shipped, each as the fingerprint beside it says that the person saw it.

    They are read once more before they are shipped: one that turns out otherwise waits for approval again.
    """
    with acting(actor):
        became = [_approve(tenant_id, code, content, at) for code, content in chosen.items()]
    return Approved(**{name: became.count(name) for name in ("count", "overtaken", "unpriced")})


def _approve(tenant_id: uuid.UUID, code: uuid.UUID, content: str, at: datetime) -> str:
    """A transaction of its own, so that it waits for one delivery at a time."""
    with tenant_context(tenant_id):
        rows = Delivery.objects.select_for_update().filter(tenant_id=tenant_id, code=code)
        delivery = rows.filter(state=Delivery.State.HOLD).first()
        if delivery is None or not content or content_to_approve(delivery) != content:
            return "overtaken"
        if delivery.shipment_no > 1:
            return "unpriced"
        Delivery.objects.filter(pk=delivery.pk).update(approved_at=at, approved_content=content, asked_again_at=at)
        queue.add(tenant_id, SyncJob.Kind.READ, delivery.code, due_at=at, correlation=delivery.correlation)
        happenings(tenant_id, [delivery_event(delivery, Event.Kind.ASKED, details={"what": "approved"})])
    return "count"


def content_to_approve(delivery: Delivery) -> str:
    """The fingerprint of what waits for a person's approval; empty where nothing does."""
    return next((one.content for one in from_json(delivery.problems) if one.code == APPROVAL), "")


def _checked_start(tenant: Tenant, mode: Mode, wanted: datetime | None, at: datetime) -> datetime | None:
    """None where a company that ships since before there was a start goes on without one."""
    if mode == Mode.OFF or tenant.closed_at is not None:
        raise NotReady(said("Shipping cannot be switched on here."))
    is_off = tenant.shipping_mode == Mode.OFF
    open_steps = missing(facts_of(tenant.pk)) if is_off else ()
    if open_steps:
        raise NotReady(said("Something has to be set up first."), missing=open_steps)
    if wanted is None:
        return tenant.ships_from_at or (at.replace(microsecond=0) if is_off else None)
    if not at - EARLIEST_START <= wanted <= at + LATEST_START:
        raise NotReady(said("Choose a moment from 7 days ago to 90 days ahead."), field="moment")
    _must_be_connected(tenant, wanted)
    return wanted.replace(microsecond=0)


def _must_be_connected(tenant: Tenant, wanted: datetime) -> None:
    """What was booked before is left alone whatever is chosen, so a moment before would promise too much."""
    live = Connection.objects.filter(tenant_id=tenant.pk, disconnected_at=None).order_by("connected_at").first()
    if live is None or wanted >= live.connected_at.replace(second=0, microsecond=0):
        return
    connected_at = live.connected_at.astimezone(ZoneInfo(tenant.time_zone))
    raise NotReady(
        said(
            "Exact Online was connected on {moment}. What was booked before is never shipped by itself, so choose that "
            "moment or a later one.",
            moment=f"{connected_at:%Y-%m-%d %H:%M}",
        ),
        field="moment",
    )


def _tell(tenant: Tenant, details: dict[str, Any]) -> None:
    event = Happening(kind=Event.Kind.CHANGED, subject_kind="tenant", subject=tenant.code, details=details)
    happenings(tenant.pk, [event])
