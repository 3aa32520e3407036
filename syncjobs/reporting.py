"""What is written into Exact on a parcel's way: the customer's choices, and whether there is something to write."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from audit.models import Event
from audit.record import Happening, changes, happenings
from connector_site.lib.wording import said
from exact.documents import choose_type
from exact.models import Connection
from exact.records import DocumentType
from syncjobs import queue
from syncjobs.models import Delivery, Reporting, Shipment, SyncJob
from syncjobs.models.rules import default_milestones
from syncjobs.remarks import SHORTEST
from syncjobs.tracking.courses import FOLLOWED, TOLD_BY_UPS, Course
from ups.events import Milestone

EXACT_WRITES = 5
"""Our writes to a goods delivery over its whole life, at most; the last one is kept for how it ends."""
LINE_PAUSE = timedelta(days=1)
"""Exact's limit on errors is ten an hour per endpoint and company (`exact.md` 5), and labels need the same one."""
GONE_FROM_EXACT = said("The goods delivery is no longer in Exact Online; nothing was written.")
LINE_REFUSED = said("Our line could not be written to the goods delivery.")
LINE_SHORTENED = said("Our line in the goods delivery is shorter than usual.")
"""What is wrong with our line alone: the set-up tells of it, and the next status tries anew."""
REWRITTEN = frozenset({Delivery.State.REPORTED, Delivery.State.IN_TRANSIT})
"""Where what we wrote to Exact is put right, if Exact lets us."""
_ENDS = frozenset({Milestone.DELIVERED, Milestone.RETURNED_TO_SENDER})
_NOTHING_YET = frozenset({Milestone.LABEL_CREATED, Milestone.UNKNOWN, Milestone.VOIDED})


def reporting_of(connection: Connection) -> Reporting:
    """The choices of a company, inside the tenant's context; unsaved defaults while nobody has chosen."""
    found = Reporting.objects.filter(tenant_id=connection.tenant_id, connection=connection).first()
    return found or Reporting(tenant_id=connection.tenant_id, connection=connection, milestones=default_milestones())


def save_reporting(
    connection: Connection,
    *,
    milestones: Sequence[str],
    writes_proof: bool,
    document_type: int | None,
    tries_full_lines: bool = False,
) -> list[str]:
    """Keep what a manager chose, in the open transaction; returns the names of what was changed.

    `tries_full_lines` forgets that Exact refused our line.
    """
    reporting = reporting_of(connection)
    new: dict[str, Any] = {
        "milestones": [one for one in Milestone if one in milestones],
        "writes_proof": writes_proof,
        "document_type": document_type,
    }
    if tries_full_lines:
        new |= {"has_short_lines": False, "lines_paused_until": None}
    told = changes({name: getattr(reporting, name) for name in new}, new, shown=new)
    if not told:
        return []
    for name, value in new.items():
        setattr(reporting, name, value)
    reporting.save()
    event = Happening(
        kind=Event.Kind.CHANGED,
        subject_kind="exact_connection",
        subject=connection.code,
        details={"what": "reporting", **told},
    )
    happenings(connection.tenant_id, [event])
    return list(told["fields"])


def shortness_of(reporting: Reporting, *, at: datetime) -> int | None:
    """How short our lines are now, as `remarks.status_line` counts it; None while none are written."""
    if reporting.lines_paused_until is not None and at < reporting.lines_paused_until:
        return None
    return SHORTEST if reporting.has_short_lines else 0


def remember_refusal(connection: Connection, shorter: int, *, at: datetime) -> None:
    """Exact refused a line that was so short: a long one is not tried again, the shortest not for a day."""
    changes: dict[str, Any] = {"has_short_lines": True}
    if shorter >= SHORTEST:
        changes["lines_paused_until"] = at + LINE_PAUSE
    Reporting.objects.get_or_create(tenant_id=connection.tenant_id, connection=connection)
    Reporting.objects.filter(tenant_id=connection.tenant_id, connection=connection).update(**changes)


def keep_document_types(connection: Connection, types: Sequence[DocumentType], *, at: datetime) -> Reporting:
    """Store what Exact offers, in the open transaction; the usual type is chosen where nobody could choose before.

    Nobody could while Exact refused to tell: such an answer is stored as no types at all.
    """
    reporting = reporting_of(connection)
    if reporting.document_type is None and not reporting.document_types:
        reporting.document_type = choose_type(types)
    reporting.document_types = [asdict(one) for one in types]
    reporting.types_read_at = at
    reporting.save()
    return reporting


def types_of(reporting: Reporting) -> tuple[DocumentType, ...]:
    """The types of documents that were read from Exact."""
    return tuple(DocumentType(**row) for row in reporting.document_types)


def milestone_to_tell(delivery: Delivery, milestone: str, course: Course | None) -> str:
    """The milestone that Exact should be told of now; empty for none. How a delivery ends well is told with its proof.

    News often comes in bursts: a parcel first heard of under way was picked up. And a trouble that is over is taken
    back, whatever follows it. Exact knows nothing of returns.
    """
    if delivery.return_of_id is not None:
        return ""
    told = delivery.written.get("milestone", "")
    state = delivery.state if course is None else course.to
    if milestone in {told, Milestone.DELIVERED, ""} or not is_followed(state, delivery):
        return ""
    if not has_writes_left(delivery, milestone):
        return ""
    reporting = reporting_of(delivery.connection)
    if shortness_of(reporting, at=timezone.now()) is None:
        return ""
    chosen = reporting.milestones
    if milestone in chosen or (told == Milestone.EXCEPTION and milestone not in _NOTHING_YET):
        return milestone
    is_first = milestone == Milestone.IN_TRANSIT and told == "" and Milestone.PICKED_UP in chosen
    return Milestone.PICKED_UP if is_first else ""


def waits_for_rewrite(delivery: Delivery) -> bool:
    """Whether Exact refused what was to be put right there, and a person may have it tried at once."""
    problem = delivery.proof_problem
    if problem in {"", GONE_FROM_EXACT} or problem.startswith((LINE_REFUSED, LINE_SHORTENED)):
        return False
    return delivery.state in REWRITTEN


def is_followed(state: str, delivery: Delivery) -> bool:
    """Whether the number is in Exact and UPS's news is what moves the delivery."""
    codes = {row["code"] for row in delivery.problems}
    is_in_review = state == Delivery.State.REVIEW and (codes <= TOLD_BY_UPS or delivery.state in FOLLOWED)
    return delivery.written_at is not None and (state in FOLLOWED or is_in_review)


def has_writes_left(delivery: Delivery, milestone: str) -> bool:
    """The last write is kept for an end, so that what stands there at last is true."""
    kept = 0 if milestone in _ENDS else 1
    return delivery.exact_writes + kept < EXACT_WRITES


def tell_of_end(delivery: Delivery, at: datetime) -> None:
    """Have the number of a voided shipment taken out of Exact, in the transaction that ends the delivery.

    Whose number stands there is looked at then; a return never stood in Exact.
    """
    voided = Shipment.objects.filter(tenant_id=delivery.tenant_id, delivery=delivery, voided_at__isnull=False)
    if delivery.return_of_id is None and voided.exists():
        kind = SyncJob.Kind.REPORT
        queue.add(delivery.tenant_id, kind, delivery.code, due_at=at, correlation=delivery.correlation)
