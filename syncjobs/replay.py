"""Running again what stopped: one function behind the button and the admin action (`reliability.md` 6)."""

import uuid
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

from audit.models import Event
from audit.record import acting, happenings
from connector_site.lib.wording import said
from exact.errors import ExactNeedsReconnect
from syncjobs import queue, rereading
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context

RECONSIDER_DAYS = 7
"""How far back deliveries are looked at again when a shipping method is mapped."""
_REASONS_OF_RULES = ("method_not_mapped", "not_ups")


class NotAllowedNow(Exception):
    """The delivery cannot be run again as it stands; the message says why and what else to do."""


def run_again(*, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, at: datetime) -> None:
    """Go on from the step that failed: the delivery is read anew, a label that exists is never bought again.

    For one that was delivered, filing the proof is what failed; a proof that is in Exact already is not filed twice.

    Raises `Delivery.DoesNotExist` or `NotAllowedNow`. `actor` is who asked, as the audit trail names people.
    """
    with acting(actor), tenant_context(tenant_id):
        delivery = Delivery.objects.select_for_update().get(tenant_id=tenant_id, code=delivery_code)
        kind = step_to_run(delivery)
        if kind is None:
            raise NotAllowedNow(_why_not(delivery))
        if delivery.attempts.filter(state__in=[Attempt.State.SENDING, Attempt.State.IN_DOUBT]).exists():
            raise NotAllowedNow(said("UPS may have made this shipment; it is not sent again until that is known."))
        Delivery.objects.filter(pk=delivery.pk).update(asked_again_at=at)
        queue.add(tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
        happenings(tenant_id, [delivery_event(delivery, Event.Kind.ASKED, details={"what": "run again"})])


def step_to_run(delivery: Delivery) -> SyncJob.Kind | None:
    """The step that a person may have run again for a delivery as it stands; None where there is none."""
    if delivery.state in (Delivery.State.HOLD, Delivery.State.SKIPPED):
        return SyncJob.Kind.READ
    is_closed_without = delivery.state == Delivery.State.CLOSED and bool(delivery.proof_problem)
    return SyncJob.Kind.PROOF if delivery.state == Delivery.State.DELIVERED or is_closed_without else None


def reconsider_skipped(tenant_id: uuid.UUID, at: datetime) -> int:
    """After a change of the shipping rules: look again at what they had skipped; returns how many."""
    with tenant_context(tenant_id):
        rows = Delivery.objects.filter(
            tenant_id=tenant_id,
            state=Delivery.State.SKIPPED,
            created_at__gte=at - timedelta(days=RECONSIDER_DAYS),
            problems__0__code__in=_REASONS_OF_RULES,
            connection__disconnected_at=None,
        )
        return rereading.ask(tenant_id, rows, at=at)


def look_again(tenant_id: uuid.UUID, at: datetime) -> int:
    """After Exact was connected again or a UPS account was changed: do now what waited for that; returns how many jobs.

    Those are the next looks at holds, and jobs put back because the permission to use Exact had ended.
    """
    with tenant_context(tenant_id):
        waiting = SyncJob.objects.filter(tenant_id=tenant_id, state=SyncJob.State.DUE, due_at__gt=at).filter(
            Q(kind=SyncJob.Kind.RECHECK) | Q(last_error__startswith=ExactNeedsReconnect.__name__)
        )
        moved = waiting.update(due_at=at)
        for name in {*queue.QUEUE_OF.values()} if moved else ():
            transaction.on_commit(partial(queue.nudge, name))
    return moved


def _why_not(delivery: Delivery) -> str:
    if delivery.state == Delivery.State.REVIEW:
        return said("A person must decide about this delivery first.")
    if delivery.state == Delivery.State.CANCELLED and delivery.stopped_at is not None:
        return said("A person ended this delivery here; book the goods again in Exact to ship them.")
    if delivery.state == Delivery.State.CANCELLED:
        return said("The delivery was deleted in Exact; book it again there.")
    if delivery.state in (Delivery.State.RECEIVED, Delivery.State.READY, Delivery.State.SHIPPING):
        return said("It is being worked on; nothing needs to be started again.")
    return said("Its shipment is made already; nothing is sent to UPS a second time.")
