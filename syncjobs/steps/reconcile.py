"""Compare Exact, UPS and us for one company (`reliability.md` 1.4, `design.md` 4), and mend what mends by itself."""

import logging
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from exact.access import open_client
from exact.client import ExactClient
from exact.errors import ExactError
from exact.limits import BudgetClass
from exact.models import Connection
from syncjobs import queue
from syncjobs.models import Reconciliation
from syncjobs.queue import Job
from syncjobs.reconciling import exact_side, our_side, repairs, runs
from syncjobs.reconciling.comparing import compare
from syncjobs.reconciling.kinds import NEED_EXACT, NEED_UPS
from syncjobs.reconciling.runs import Kept
from syncjobs.reconciling.sides import ExactSide, Sides
from syncjobs.reconciling.ups_side import scanned_after_void
from syncjobs.steps.context import Step
from tenants.context import tenant_context

logger = logging.getLogger(__name__)

REPAIRS_AT_ONCE = 500
"""A transaction each; what is left over is found again the next night."""
ACTOR = "comparison"
"""How the audit trail names who repairs by itself."""


def reconcile(job: Job, step: Step) -> None:
    """The step. Exact is read first, then our rows: what we learned meanwhile is known to us by then.

    A run that ends half-way, or that Exact keeps waiting, is gone on with by the next start; it resolves no finding.
    """
    read_at = timezone.now()
    since_at = read_at - exact_side.LOOKS_BACK
    with tenant_context(job.tenant_id):
        rows = Connection.objects.select_related("grant").filter(tenant_id=job.tenant_id, disconnected_at=None)
        connection = rows.filter(code=job.subject).first()
        if connection is None:
            queue.finish(job)
            return
        run = runs.begin(connection, since_at=since_at, at=read_at)
    try:
        client = open_client(connection, purpose=BudgetClass.COMPARE, observe=step.observe)
        exact = _read(client, connection, since_at=since_at, read_at=read_at)
    except ExactError as error:
        with tenant_context(job.tenant_id):
            runs.note_problem(run, str(error))
        raise
    _conclude(run, connection, exact, job=job, step=step)


def _read(client: ExactClient, connection: Connection, *, since_at: datetime, read_at: datetime) -> ExactSide:
    side = exact_side.read_period(client, since_at=since_at, read_at=read_at)
    with tenant_context(connection.tenant_id):
        known = our_side.remembered(connection)
        keys = our_side.keys_to_ask(connection, known, since_at=since_at)
    return exact_side.ask_for(client, side, keys, booked=known.booked)


def _conclude(run: Reconciliation, connection: Connection, exact: ExactSide, *, job: Job, step: Step) -> None:
    """Compare, keep what was found, repair, and end the run: each commits for itself, and may be done again."""
    since_at = exact.read_at - exact_side.LOOKS_BACK
    with tenant_context(job.tenant_id):
        known = our_side.remembered(connection)
    scanned = scanned_after_void(connection, known.subjects, step, since_at=since_at)
    with tenant_context(job.tenant_id):
        sides = our_side.load(connection, exact, known, since_at=since_at, scanned=scanned.numbers)
    differences = compare(sides, at=timezone.now())
    unsure = (frozenset() if exact.is_whole else NEED_EXACT) | (frozenset() if scanned.is_whole else NEED_UPS)
    with tenant_context(job.tenant_id):
        kept = runs.keep(run, differences, unsure=unsure, at=timezone.now())
    if kept.unmended:
        logger.error("%d findings of connection %s were repaired before, in vain", kept.unmended, job.subject)
    repaired = sum(_repaired(job.tenant_id, code) for code in kept.to_repair[:REPAIRS_AT_ONCE])
    _end(run, sides, kept, repaired, job=job, step=step)


def _repaired(tenant_id: UUID, finding_code: UUID) -> bool:
    try:
        repairs.repair(actor=ACTOR, tenant_id=tenant_id, finding_code=finding_code, at=timezone.now())
    except repairs.NoLongerTrue:
        return False
    return True


def _end(run: Reconciliation, sides: Sides, kept: Kept, repaired: int, *, job: Job, step: Step) -> None:
    counts = {"found": kept.found, "resolved": kept.resolved, "repaired": repaired}
    logger.info("Compared Exact, UPS and us for connection %s: %s", job.subject, counts)
    event = Happening(
        kind=Event.Kind.CHANGED,
        subject_kind="exact_connection",
        subject=job.subject,
        details={"what": "compared", **counts},
    )
    with tenant_context(job.tenant_id):
        runs.end(run, sides, at=timezone.now())
        queue.finish(job)
        happenings(job.tenant_id, [*step.told_of_subject(job), event])
