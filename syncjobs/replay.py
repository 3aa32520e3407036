"""Running again what stopped: one function behind every door (`reliability.md` 6)."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
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
from syncjobs.reporting import milestone_to_tell, waits_for_rewrite
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context

RECONSIDER_DAYS = 7
"""How far back deliveries are looked at again when a shipping method is mapped."""
_STATUS_AFTER = timedelta(seconds=2)
HELD_BY_PERSON = "held_by_person"
"""The code of the problem of a delivery that a person stopped; only a person lets it go on."""
_REASONS_OF_RULES = ("method_not_mapped", "not_ups")


class NotAllowedNow(Exception):
    """The delivery cannot be run again as it stands; the message says why and what else to do."""


def run_again(*, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, at: datetime) -> None:
    """Go on from the step that failed: the delivery is read anew, a label that exists is never bought again.

    Of one on its way what Exact refused is written once more, and no shipment is made. For one that was delivered,
    filing the proof is what failed; a proof that is in Exact already is not filed twice.

    Raises `Delivery.DoesNotExist` or `NotAllowedNow`. `actor` is who asked, as the audit trail names people.
    """
    with acting(actor), tenant_context(tenant_id):
        delivery = Delivery.objects.select_for_update().get(tenant_id=tenant_id, code=delivery_code)
        why_not = why_not_again(delivery, delivery.attempts.defer("request"))
        kind = step_to_run(delivery)
        if why_not or kind is None:
            raise NotAllowedNow(why_not)
        if kind == SyncJob.Kind.REPORT:
            _write_again(delivery, at)
        else:
            go_on(delivery, kind, what="run again", at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of one of many: `why_not` is empty where it is run again."""

    code: uuid.UUID
    number: str
    why_not: str = ""


def replay_many(*, actor: str, tenant_id: uuid.UUID, delivery_codes: Collection[uuid.UUID], at: datetime) -> list[Ran]:
    """Each in a transaction of its own, in the order of their keys; those of another company are left out."""
    with tenant_context(tenant_id):
        rows = Delivery.objects.filter(tenant_id=tenant_id, code__in=delivery_codes).order_by("pk")
        found = list(rows.values_list("code", "delivery_number"))
    ran: list[Ran] = []
    for code, number in found:
        try:
            run_again(actor=actor, tenant_id=tenant_id, delivery_code=code, at=at)
        except (NotAllowedNow, Delivery.DoesNotExist) as refused:
            ran.append(Ran(code=code, number=number, why_not=str(refused)))
        else:
            ran.append(Ran(code=code, number=number))
    return ran


def go_on(delivery: Delivery, kind: SyncJob.Kind, *, what: str, at: datetime) -> None:
    """Have this step run because a person asked, in the open transaction that holds the delivery's lock."""
    tenant_id = delivery.tenant_id
    Delivery.objects.filter(tenant_id=tenant_id, pk=delivery.pk).update(asked_again_at=at)
    queue.add(tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
    happenings(tenant_id, [delivery_event(delivery, Event.Kind.ASKED, details={"what": what})])


def _write_again(delivery: Delivery, at: datetime) -> None:
    """The number first, then the status. It is not marked as asked for: that would plan a shipment."""
    tenant_id, kind = delivery.tenant_id, SyncJob.Kind.REPORT
    queue.add(tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
    if milestone_to_tell(delivery, delivery.milestone, None):
        kind, due_at = SyncJob.Kind.STATUS, at + _STATUS_AFTER
        queue.add(tenant_id, kind, delivery.code, due_at=due_at, correlation=delivery.correlation)
    happenings(tenant_id, [delivery_event(delivery, Event.Kind.ASKED, details={"what": "run again"})])


def why_not_again(delivery: Delivery, attempts: Iterable[Attempt]) -> str:
    """Why it cannot be run again as it stands; empty where it can. Pure where the attempts are read ahead."""
    if step_to_run(delivery) is None:
        return _why_not(delivery)
    if any(row.state in (Attempt.State.SENDING, Attempt.State.IN_DOUBT) for row in attempts):
        return said("UPS may have made this shipment; it is not sent again until that is known.")
    return ""


def is_held_by_person(delivery: Delivery) -> bool:
    """Whether a person stopped it before it was shipped."""
    return delivery.state == Delivery.State.HOLD and any(row["code"] == HELD_BY_PERSON for row in delivery.problems)


def step_to_run(delivery: Delivery) -> SyncJob.Kind | None:
    """The step that a person may have run again for a delivery as it stands; None where there is none."""
    if is_held_by_person(delivery):
        return None
    if delivery.state in (Delivery.State.HOLD, Delivery.State.SKIPPED):
        return SyncJob.Kind.READ
    if waits_for_rewrite(delivery):
        return SyncJob.Kind.REPORT
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
    if is_held_by_person(delivery):
        return said("A person stopped this delivery. Let it go on first.")
    if delivery.state == Delivery.State.REVIEW:
        return said("A person must decide about this delivery first.")
    if delivery.state == Delivery.State.CANCELLED and delivery.stopped_at is not None:
        return said("A person ended this delivery here; book the goods again in Exact to ship them.")
    if delivery.state == Delivery.State.CANCELLED:
        return said("The delivery was deleted in Exact; book it again there.")
    if delivery.state in (Delivery.State.RECEIVED, Delivery.State.READY, Delivery.State.SHIPPING):
        return said("It is being worked on; nothing needs to be started again.")
    return said("Its shipment is made already; nothing is sent to UPS a second time.")
