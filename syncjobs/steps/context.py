"""What every step gets beside its job."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from audit.record import Happening, calls
from connector_site.lib.outside_calls import OutsideCall
from exact.errors import ExactError
from exact.records import GoodsDelivery
from syncjobs.models import Delivery
from syncjobs.queue import Job


@dataclass(slots=True, kw_only=True)
class Step:
    """The moment, and the outside calls made so far; the calls are recorded with the change they led to.

    `waiting` are jobs that this worker claimed together and has not begun. `following` are those it goes on with first:
    next steps of the same delivery, and deliveries that were read in the same call. `prefetched` holds what that call
    brought for each delivery, by our code.
    """

    at: datetime
    made: list[OutsideCall] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)
    following: list[Job] = field(default_factory=list)
    prefetched: dict[UUID, GoodsDelivery | ExactError | None] = field(default_factory=dict)

    def observe(self, call: OutsideCall) -> None:
        """Remember a call; given to the clients."""
        self.made.append(call)

    def told(self, delivery: Delivery) -> list[Happening]:
        """The events of the calls made since the last time this was asked."""
        events = calls(self.made, subject_kind="delivery", subject=delivery.code, correlation=delivery.correlation)
        self.made.clear()
        return events

    def follow(self, job: Job | None) -> None:
        """Go on with this job in the same worker."""
        if job is not None:
            self.following.append(job)
