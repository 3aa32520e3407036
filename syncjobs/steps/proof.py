"""The end of a delivery: the proof as a document in Exact, the last line in its remarks, and then it is closed.

What Exact will not take does not keep the delivery open: it is closed, and says what could not be written.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.wording import said
from exact.access import open_client
from exact.client import ExactClient
from exact.documents import StoredDocument, read_document_types, store_document
from exact.errors import ExactError, ExactGone, ExactRejected, ExactRightMissing, ExactScopeMissing
from exact.limits import BudgetClass
from exact.records import GoodsDelivery, NewDocument
from syncjobs import queue
from syncjobs.models import Delivery, Reporting, SyncJob
from syncjobs.papers import line_facts, proof_facts
from syncjobs.proof import ProofFacts, delivered_at, file_name, proof_of_delivery, subject
from syncjobs.queue import Job
from syncjobs.remarks import LineFacts
from syncjobs.replay import step_to_run
from syncjobs.reporting import (
    EXACT_WRITES,
    GONE_FROM_EXACT,
    keep_document_types,
    remember_refusal,
    reporting_of,
    shortness_of,
    types_of,
)
from syncjobs.steps import returning
from syncjobs.steps.context import Step
from syncjobs.steps.facts import lock, touch
from syncjobs.steps.reading import READ_GOOD_FOR
from syncjobs.steps.writing import PROBLEM_CHARACTERS, Wish, Written, write
from syncjobs.transitions import delivery_event, move
from syncjobs.wording import words_for
from syncjobs.wording.words import Words
from tenants.context import tenant_context
from tenants.models import Tenant
from ups.events import Milestone

_NOT_TAKEN = (ExactRejected, ExactRightMissing, ExactScopeMissing, ExactGone)
_NO_TYPE = said("No type of document is chosen for the proof of delivery; choose one in Set-up, Written to Exact.")
_PAUSED = said("Our line was left out, because Exact Online refused the last ones; a day later lines are tried again.")
_LINK = said("The proof of delivery is {document} in Exact Online; link it to the goods delivery there by hand.")
_ATTACH = said(
    "The proof of delivery is {document} in Exact Online; the one linked to the goods delivery takes no file, so link "
    "ours instead or attach it by hand."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """All that is needed to end a delivery, read in one transaction."""

    delivery: Delivery
    facts: ProofFacts
    line: LineFacts
    words: Words
    reporting: Reporting


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filed:
    """What became of the proof."""

    stored: StoredDocument | None = None
    problem: str = ""
    is_missing: bool = False
    """It was wanted, and Exact has it not."""


_STATUS_PAUSE = timedelta(seconds=1)


def proof(job: Job, step: Step) -> None:
    """The step, for a delivery whose parcels were all delivered, as the Tracking API confirmed."""
    end = _look(job)
    if end is None:
        return
    delivery = end.delivery
    if delivery.return_of_id is not None:
        returning.close(delivery, job=job, step=step)
        return
    client = open_client(delivery.connection, purpose=BudgetClass.STATUS, observe=step.observe)
    read_at = timezone.now()
    goods = _read(delivery, client)
    filed = _file(end, goods, client, step.at) if goods else _Filed()
    if timezone.now() - read_at > READ_GOOD_FOR:
        goods = _read(delivery, client)
    written, problem = _write(end, goods, filed.stored, client) if goods else (None, GONE_FROM_EXACT)
    whole = " ".join(part for part in (filed.problem, problem) if part)
    _close(end, replace(filed, problem=whole), written, job=job, step=step)


def _read(delivery: Delivery, client: ExactClient) -> GoodsDelivery | None:
    return next(iter(client.goods_deliveries([delivery.exact_key])), None)


def _look(job: Job) -> _End | None:
    """What is to be written; None when there is nothing, and then the job is finished.

    For one that was closed without its proof a person may have asked for it again.
    """
    with tenant_context(job.tenant_id):
        rows = Delivery.objects.select_related("connection")
        delivery = rows.get(tenant_id=job.tenant_id, code=job.subject)
        facts = proof_facts(job.tenant_id, delivery) if step_to_run(delivery) == SyncJob.Kind.PROOF else None
        if facts is None:
            queue.finish(job)
            return None
        if queue.is_running(job.tenant_id, SyncJob.Kind.STATUS, job.subject):
            due_at = timezone.now() + _STATUS_PAUSE
            queue.put_back(job, due_at=due_at, error="a milestone is being written", counts=False)
            return None
        language = Tenant.objects.values_list("language", flat=True).get(pk=job.tenant_id)
        return _End(
            delivery=delivery,
            facts=facts,
            line=line_facts(delivery, delivery.milestone),
            words=words_for(language),
            reporting=reporting_of(delivery.connection),
        )


def _file(end: _End, goods: GoodsDelivery, client: ExactClient, at: datetime) -> _Filed:
    """Put the proof into Exact's documents, once, whatever was lost on the way of an earlier try."""
    if not end.reporting.writes_proof:
        return _Filed()
    try:
        reporting = _with_types(end, client, at)
        if reporting.document_type is None:
            return _Filed(problem=_NO_TYPE, is_missing=True)
        stored = _store(end, reporting, goods, client)
    except _NOT_TAKEN as error:
        problem = said("The proof of delivery could not be filed in Exact Online: {error}", error=error)
        return _Filed(problem=problem, is_missing=True)
    return _Filed(stored=stored)


def _with_types(end: _End, client: ExactClient, at: datetime) -> Reporting:
    """The choices with the types of documents, read from Exact if they never were."""
    if end.reporting.types_read_at is not None:
        return end.reporting
    connection = end.delivery.connection
    types = read_document_types(connection, client)
    with tenant_context(connection.tenant_id):
        return keep_document_types(connection, types, at=at)


def _store(end: _End, reporting: Reporting, goods: GoodsDelivery, client: ExactClient) -> StoredDocument:
    first = end.facts.parcels[0].tracking_number
    number = end.delivery.delivery_number
    return store_document(
        client,
        NewDocument(
            subject=subject(number, first),
            type=reporting.document_type or 0,
            account_id=goods.account_id,
            sales_order_number=_only_order(goods),
            document_date=delivered_at(end.facts).date(),
        ),
        file_name=file_name(end.facts),
        content=proof_of_delivery(end.facts, words=end.words),
        beside=goods.document,
        types=types_of(reporting),
    )


def _only_order(goods: GoodsDelivery) -> int | None:
    """A document belongs to one order at most (`exact.md` 8.9); a delivery may hold lines of several."""
    numbers = {line.sales_order_number for line in goods.lines if line.sales_order_number is not None}
    return numbers.pop() if len(numbers) == 1 else None


def _write(
    end: _End, goods: GoodsDelivery, stored: StoredDocument | None, client: ExactClient
) -> tuple[Written | None, str]:
    """The last line and the link, in one write; a link of the customer's own is never replaced."""
    own = stored.document_id if stored and stored.is_own else None
    wants_line = Milestone.DELIVERED in end.reporting.milestones and end.delivery.exact_writes < EXACT_WRITES
    shorter = shortness_of(end.reporting, at=timezone.now())
    wish = Wish(
        facts=end.line if wants_line and shorter is not None else None,
        words=end.words,
        shorter=shorter or 0,
        document=None if goods.document else own,
    )
    try:
        written, failed = write(client, end.delivery, goods, wish), ""
    except _NOT_TAKEN as error:
        written, failed = None, said("The goods delivery could not be written to: {error}", error=error)
    is_linked = goods.document == own or (written is not None and written.linked is not None)
    told = [_by_hand(stored, goods, client)] if stored is not None and own is not None and not is_linked else []
    told += [failed, written.refusal if written else "", _PAUSED if wants_line and shorter is None else ""]
    if written is not None and written.refused is not None:
        with tenant_context(end.delivery.tenant_id):
            remember_refusal(end.delivery.connection, written.refused, at=timezone.now())
    return written, " ".join(filter(None, told))


def _by_hand(stored: StoredDocument, goods: GoodsDelivery, client: ExactClient) -> str:
    """Which document the proof is, for a person who is to link it; the number of a new one has to be asked for."""
    number = stored.number
    if number is None:
        try:
            number = next((found.number for found in client.documents([stored.document_id])), None)
        except ExactError:
            number = None
    name = said("document {number}", number=number) if number else said("a document of its own")
    return (_ATTACH if goods.document else _LINK).format(document=name)


def _close(end: _End, filed: _Filed, written: Written | None, *, job: Job, step: Step) -> None:
    delivery = end.delivery
    changes: dict[str, Any] = {"proof_problem": filed.problem[:PROBLEM_CHARACTERS], "asked_again_at": None}
    if filed.stored is not None:
        changes["exact_document_id"] = filed.stored.document_id
    elif filed.is_missing:
        changes["exact_document_id"] = None
    if written is not None:
        told = {"milestone": delivery.milestone} if written.has_wished else {}
        changes["written"] = delivery.written | told | {"remarks_line": written.line}
        changes["exact_writes"] = F("exact_writes") + written.writes
    if written is not None and written.writes and (written.has_wished or written.linked):
        changes["written_at"] = step.at
    with tenant_context(job.tenant_id):
        events = [*step.told(delivery), *_told(end, filed, written)]
        lock(delivery)
        queue.finish(job)
        if delivery.state == Delivery.State.CLOSED:
            touch(delivery, changes)
            happenings(job.tenant_id, events)
        else:
            move(delivery, to=Delivery.State.CLOSED, at=step.at, changes=changes, events=events)


def _told(end: _End, filed: _Filed, written: Written | None) -> list[Happening]:
    told: list[Happening] = []
    details: dict[str, Any]
    if filed.stored is not None:
        details = {
            "to": "documents",
            "document": str(filed.stored.document_id),
            "again": filed.stored.was_there_already,
        }
        told.append(delivery_event(end.delivery, Event.Kind.WROTE, details=details))
    if written is not None and written.writes and (written.has_wished or written.linked):
        details = {"to": "goods delivery"}
        if written.linked:
            details["linked"] = str(written.linked)
        if written.has_wished:
            details |= {"milestone": end.delivery.milestone, "numbers": list(end.line.numbers)}
        told.append(delivery_event(end.delivery, Event.Kind.WROTE, details=details))
    if filed.problem:
        details = {"step": "proof", "why": "not_filed"} if filed.is_missing else {"step": "report", "why": "not_taken"}
        told.append(delivery_event(end.delivery, Event.Kind.FAILED, details=details))
    return told
