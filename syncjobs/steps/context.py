"""What every step gets beside its job."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit.record import Happening, calls
from connector_site.lib.outside_calls import OutsideCall
from exact.client import ExactClient
from exact.errors import ExactError
from exact.master import MasterData
from exact.models import Connection
from exact.records import GoodsDelivery
from syncjobs.models import Attempt, Delivery, SyncJob
from syncjobs.queue import Job
from syncjobs.steps.choices import Choices, choices_of
from tenants.context import tenant_context

SUBJECT_KINDS = {
    SyncJob.Kind.ALERT: "ups_account",
    SyncJob.Kind.VIEW: "ups_feed",
    SyncJob.Kind.BEGIN: "tenant",
    SyncJob.Kind.RETAIN: "tenant",
    SyncJob.Kind.EXPORT: "export",
    SyncJob.Kind.PREVIEW: "preview",
    SyncJob.Kind.VERIFY: "audit_check",
    SyncJob.Kind.CLOSE: "tenant",
}
"""What the subjects of jobs are that are neither about a delivery nor about a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A delivery as we know it and what Exact showed of it: the record, None when it is gone, or an error."""

    delivery: Delivery
    goods: GoodsDelivery | ExactError | None
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What planning needs of one connection: the tenant's choices and the master data."""

    choices: Choices
    master: MasterData


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An attempt that was planned a moment ago, with its delivery and account."""

    attempt: Attempt
    connection: Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A delivery whose labels were stored a moment ago, and its tracking numbers."""

    delivery: Delivery
    numbers: list[str]


@dataclass(slots=True, kw_only=True)
class Step:
    """The moment, and the outside calls made so far; the calls are recorded with the change they led to.

    `waiting` are jobs that this worker claimed together and has not begun. `following` are those it goes on with first:
    next steps of the same delivery, and deliveries that were read in the same call; `ahead` are such of earlier jobs
    that are still to come. `fetched` holds what that call
    brought for each delivery, by our code; after a refused call each is read alone (`reads_alone`), so that one does
    not hold the others. `handed` is what one step leaves for the next. All of it lives for one batch, seconds, and is
    never more than a start: what is written is compared with the row first.
    """

    at: datetime
    read_at: datetime | None = None
    made: list[OutsideCall] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)
    following: list[Job] = field(default_factory=list)
    ahead: list[Job] = field(default_factory=list)
    reads_alone: bool = False
    fetched: dict[UUID, Fetched] = field(default_factory=dict)
    benches: dict[int, Bench] = field(default_factory=dict)
    handed: dict[UUID, Planned | Labelled] = field(default_factory=dict)

    def observe(self, call: OutsideCall) -> None:
        """Remember a call; given to the clients."""
        self.made.append(call)

    def told(self, delivery: Delivery) -> list[Happening]:
        """The events of the calls made so far; they are forgotten when the open transaction commits, not before."""
        events = calls(self.made, subject_kind="delivery", subject=delivery.code, correlation=delivery.correlation)
        self._forget_on_commit()
        return events

    def told_of(self, subject_kind: str, subject: UUID) -> list[Happening]:
        """The same for calls about something else than a delivery."""
        events = calls(self.made, subject_kind=subject_kind, subject=subject)
        self._forget_on_commit()
        return events

    def told_of_subject(self, job: Job) -> list[Happening]:
        """The same for a job whose subject is no delivery."""
        return self.told_of(SUBJECT_KINDS.get(job.kind, "exact_connection"), job.subject)

    def _forget_on_commit(self) -> None:
        told = len(self.made)
        transaction.on_commit(lambda: self.made.__delitem__(slice(told)))

    def follow(self, job: Job | None) -> None:
        """Go on with this job in the same worker once the open transaction has committed."""
        if job is not None:
            transaction.on_commit(lambda: self.following.append(job))

    def hand(self, delivery: Delivery, given: Planned | Labelled) -> None:
        """Spare the next step a look at rows that this one has just written, once they are committed."""
        transaction.on_commit(lambda: self.handed.__setitem__(delivery.code, given))

    def bench(self, connection: Connection, client: ExactClient, *, is_fresh: bool) -> Bench:
        """The bench of a connection, kept for the batch; a fresh one by-passes everything kept."""
        if connection.pk in self.benches and not is_fresh:
            return self.benches[connection.pk]
        with tenant_context(connection.tenant_id):
            choices = choices_of(connection)
        if is_fresh:
            return Bench(choices=choices, master=MasterData(connection, client, fresh=True))
        return self.keep_bench(connection, client, choices)

    def keep_bench(self, connection: Connection, client: ExactClient, choices: Choices) -> Bench:
        """Keep choices that were read already."""
        self.benches[connection.pk] = Bench(choices=choices, master=MasterData(connection, client))
        return self.benches[connection.pk]
