"""Steps about a connection rather than a delivery: subscription, shipping methods, master data."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from audit.record import happenings
from exact import ending, subscribing
from exact import upkeep as exact_upkeep
from exact.access import open_client
from exact.client import ExactClient
from exact.documents import read_document_types
from exact.errors import ExactGone, ExactRejected, ExactRightMissing, ExactScopeMissing
from exact.limits import BudgetClass
from exact.models import Connection
from syncjobs import queue
from syncjobs.queue import Job
from syncjobs.reporting import keep_document_types, reporting_of
from syncjobs.steps.context import Step
from tenants.context import tenant_context

TYPES_GOOD_FOR = timedelta(days=1)
"""Types of documents change seldom; they are read again once a day."""


def subscribe(job: Job, step: Step) -> None:
    """Have Exact notify us of goods deliveries."""
    run_for_connection(job, step, subscribing.ensure_subscribed)


def methods(job: Job, step: Step) -> None:
    """Read the shipping methods that the customer can map, and finish what is left of connections that ended."""
    ending.clean_up(job.tenant_id, observe=step.observe)
    run_for_connection(job, step, _methods_and_types)


def _methods_and_types(connection: Connection, client: ExactClient) -> None:
    exact_upkeep.read_shipping_methods(connection, client)
    with tenant_context(connection.tenant_id):
        read_at = reporting_of(connection).types_read_at
    at = timezone.now()
    if read_at is not None and at - read_at < TYPES_GOOD_FOR:
        return
    try:
        types = read_document_types(connection, client)
    except (ExactScopeMissing, ExactRightMissing, ExactRejected, ExactGone):
        types = ()
    with tenant_context(connection.tenant_id):
        keep_document_types(connection, types, at=at)


def master(job: Job, step: Step) -> None:
    """Bring the cached master data up to date: labels are made from it, so its calls are of shipping's share."""
    run_for_connection(job, step, exact_upkeep.sync_master, purpose=BudgetClass.SHIP)


def run_for_connection(
    job: Job,
    step: Step,
    act: Callable[[Connection, ExactClient], object],
    *,
    purpose: BudgetClass = BudgetClass.COMPARE,
) -> None:
    """Act on a connection that still is live; the calls are recorded with the end of the job."""
    with tenant_context(job.tenant_id):
        connection = (
            Connection.objects.select_related("grant")
            .filter(tenant_id=job.tenant_id, code=job.subject, disconnected_at=None)
            .first()
        )
    if connection is not None:
        act(connection, open_client(connection, purpose=purpose, observe=step.observe))
    with tenant_context(job.tenant_id):
        queue.finish(job)
        happenings(job.tenant_id, step.told_of_subject(job))
