"""Write the milestone to Exact: our one line in the remarks. One read serves many deliveries."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from audit.models import Event
from audit.record import happenings
from exact.access import open_client
from exact.limits import BudgetClass
from syncjobs import queue
from syncjobs.models import Delivery, SyncJob
from syncjobs.papers import line_facts
from syncjobs.queue import Job
from syncjobs.remarks import LineFacts
from syncjobs.reporting import milestone_to_tell, remember_refusal, reporting_of, shortness_of
from syncjobs.steps import gone
from syncjobs.steps.context import Step
from syncjobs.steps.facts import touch
from syncjobs.steps.reading import fetch_together
from syncjobs.steps.writing import PROBLEM_CHARACTERS, Wish, Written, write
from syncjobs.tracking.progress import COALESCE_SECONDS, lock
from syncjobs.transitions import delivery_event
from syncjobs.wording import words_for
from tenants.context import tenant_context
from tenants.models import Tenant

_BEFORE_THE_END = frozenset({Delivery.State.REPORTED, Delivery.State.IN_TRANSIT})
"""Where a later write says whether an earlier trouble is over; after that it is the proof that says so."""


def status(job: Job, step: Step) -> None:
    """The step. What the burst of news came down to is written, not each piece of it.

    Never beside the proof, which writes the same line: of both that meet, the proof waits for a write under way, and a
    write that has not begun gives way to the proof.
    """
    with tenant_context(job.tenant_id):
        delivery = Delivery.objects.select_related("connection").get(tenant_id=job.tenant_id, code=job.subject)
        milestone = milestone_to_tell(delivery, delivery.milestone, None)
        shorter = shortness_of(reporting_of(delivery.connection), at=timezone.now())
        if not milestone or shorter is None or queue.is_running(job.tenant_id, SyncJob.Kind.PROOF, job.subject):
            queue.finish(job)
            return
        facts = line_facts(delivery, milestone)
        language = Tenant.objects.values_list("language", flat=True).get(pk=job.tenant_id)
    client = open_client(delivery.connection, purpose=BudgetClass.STATUS, observe=step.observe)
    goods = fetch_together(delivery, job=job, step=step, client=client, kind=SyncJob.Kind.STATUS)
    if goods is None:
        gone.handle(delivery, job=job, step=step)
        return
    written = write(client, delivery, goods, Wish(facts=facts, words=words_for(language), shorter=shorter))
    _keep(delivery, facts, written, job=job, step=step)


def _keep(delivery: Delivery, facts: LineFacts, written: Written, *, job: Job, step: Step) -> None:
    """A milestone counts as told only when our line says it. News that came meanwhile is compared with that anew."""
    told = {"milestone": facts.milestone} if written.has_wished else {}
    changes: dict[str, Any] = {}
    details: dict[str, Any] = {"to": "goods delivery", **told, "numbers": list(facts.numbers)}
    if written.writes and written.has_wished:
        changes["written_at"] = step.at
    if written.refusal or delivery.state in _BEFORE_THE_END:
        changes["proof_problem"] = written.refusal[:PROBLEM_CHARACTERS]
    if written.refusal:
        details["refused"] = True
    with tenant_context(job.tenant_id):
        now = lock(job.tenant_id, delivery.code)
        now.exact_writes += written.writes
        now.written = now.written | told | {"remarks_line": written.line}
        touch(now, changes | {"written": now.written, "exact_writes": now.exact_writes})
        if written.refused is not None:
            remember_refusal(delivery.connection, written.refused, at=timezone.now())
        if milestone_to_tell(now, now.milestone, None):
            due_at = step.at + timedelta(seconds=COALESCE_SECONDS)
            queue.add(job.tenant_id, job.kind, job.subject, due_at=due_at, correlation=now.correlation)
        events = step.told(delivery)
        if written.writes and told:
            events.append(delivery_event(delivery, Event.Kind.WROTE, details=details))
        elif written.writes:
            details = {"step": "status", "why": "line_refused"}
            events.append(delivery_event(delivery, Event.Kind.FAILED, details=details))
        queue.finish(job)
        happenings(job.tenant_id, events)
