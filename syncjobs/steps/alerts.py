"""Have UPS tell us of an account's parcels, and go and ask where it will not."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from audit.models import Event
from audit.record import Happening, happenings
from syncjobs import queue
from syncjobs.models import Delivery, Parcel
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.tracking.looking import AFTER_SUBSCRIBING_MINUTES, hours
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context
from ups import hearing, subscribing
from ups.access import open_tracking_client
from ups.models import Account, AlertSubscription
from ups.subscribing import Outcome
from ups.subscription_run import PROBLEM_CHARACTERS, State, Told


def alerts(job: Job, step: Step) -> None:
    """The step: up to a hundred numbers that are due, in one call (`ups.md` 10.2)."""
    with tenant_context(job.tenant_id):
        account = Account.objects.get(tenant_id=job.tenant_id, code=job.subject)
        known = _said_before(account, step.at)
    outcome = subscribing.subscribe_due(account, open_tracking_client(account, observe=step.observe), at=step.at)
    with tenant_context(job.tenant_id):
        unheard = dict([*outcome.refused, *outcome.failed])
        unheard |= {number: why for number, why in _stopped(account, outcome) if number not in known}
        _look(job.tenant_id, outcome.active, step.at + hours(AFTER_SUBSCRIBING_MINUTES / 60))
        _look(job.tenant_id, tuple(unheard), step.at)
        if unheard:
            hearing.hasten_feeds(job.tenant_id, account.pk, at=step.at)
        news = {number: why for number, why in unheard.items() if number not in known}
        if outcome.more:
            queue.put_back(job, due_at=step.at + timedelta(milliseconds=1), error="", counts=False)
        else:
            queue.finish(job)
        happenings(job.tenant_id, [*_told(account, outcome, step), *_said(job.tenant_id, news)])


def _said_before(account: Account, at: datetime) -> frozenset[str]:
    """Due parcels whose deliveries say already that UPS does not tell of them: each says it once, not at each try."""
    due = AlertSubscription.objects.filter(tenant_id=account.tenant_id, account=account, due_at__lte=at)
    is_said = Q(state__in=[State.REFUSED, State.FAILED])
    if account.alert_problem:
        is_said |= Q(problem=account.alert_problem[:PROBLEM_CHARACTERS])
    return frozenset(due.filter(is_said).values_list("tracking_number", flat=True))


def _stopped(account: Account, outcome: Outcome) -> tuple[Told, ...]:
    """Parcels that must wait because UPS takes nothing of this account until a person has seen to it."""
    rows = Account.objects.filter(tenant_id=account.tenant_id, pk=account.pk).exclude(alert_problem="")
    return outcome.postponed if rows.exists() else ()


def _look(tenant_id: UUID, numbers: tuple[str, ...], look_at: datetime) -> None:
    """Ask Tracking about these no later than at that moment; finished parcels stay finished.

    Under the locks of their deliveries, as everybody who moves that moment.
    """
    if numbers:
        mine = Parcel.objects.filter(tenant_id=tenant_id, tracking_number__in=numbers)
        deliveries = Delivery.objects.filter(tenant_id=tenant_id, pk__in=mine.values("shipment__delivery_id"))
        list(deliveries.select_for_update().order_by("pk").values_list("pk", flat=True))
        rows = Parcel.objects.filter(tenant_id=tenant_id, tracking_number__in=numbers, look_at__gt=look_at)
        rows.update(look_at=look_at)


def _told(account: Account, outcome: Outcome, step: Step) -> list[Happening]:
    made = step.told_of("ups_account", account.code)
    counts = {
        "active": len(outcome.active),
        "renewed": len(outcome.renewed),
        "refused": len(outcome.refused),
        "postponed": len(outcome.postponed),
        "failed": len(outcome.failed),
    }
    details = {"what": "alerts", **{name: count for name, count in counts.items() if count}}
    if len(details) == 1:
        return made
    event = Happening(kind=Event.Kind.CHANGED, subject_kind="ups_account", subject=account.code, details=details)
    return [*made, event]


def _said(tenant_id: UUID, unheard: dict[str, str]) -> list[Happening]:
    """Each delivery says which of its parcels UPS does not tell us of, and why."""
    if not unheard:
        return []
    rows = Parcel.objects.filter(tenant_id=tenant_id, tracking_number__in=list(unheard)).select_related(
        "shipment__delivery"
    )
    told: list[Happening] = []
    for row in rows:
        delivery: Delivery = row.shipment.delivery
        details = {"what": "alert missing", "parcel": row.tracking_number, "why": unheard[row.tracking_number]}
        told.append(delivery_event(delivery, Event.Kind.CHANGED, details=details))
    return told
