"""One delivery, the workers that see to it, and the time that passes over both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from exact import credentials
from syncjobs import ticks
from syncjobs.models import Attempt, Delivery
from tenants.context import tenant_context
from tests.crash.forks import Outcome, Trap, Zygote
from tests.crash.passing import Time
from tests.journey.conftest import Journey

SETTINGS = ("EXACT_APPS", "EXACT_BASE_URLS", "UPS_BASE_URLS", "PUBLIC_URL")
SETTLING = (3, 16, 16, 16, 61, 61)
"""Minutes between two looks: past a lease, then as Label Recovery is asked, then past the first late watch."""
KILLING = (3, 3, 16, 61)
"""Minutes between workers that are to die: the work in question may be due only later."""
Constants = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A journey whose work is done by processes of their own."""

    journey: Journey
    workers: Zygote
    time: Time

    @property
    def settings(self) -> dict[str, Any]:
        """What the product's processes are told of this test's outside world."""
        return {name: getattr(settings, name) for name in SETTINGS}

    def work(self, trap: Trap | None = None, *, constants: Constants | None = None, **changed: Any) -> Outcome:
        """One tick of the clock and a worker that runs what is due, or dies in the trap."""
        return self.workers.run("work", trap=trap, settings=self.settings | changed, constants=constants)

    def work_until_killed(self, trap: Trap, *, constants: Constants | None = None) -> None:
        """Forked workers one after the other, as time passes, until one dies in the trap."""
        for minutes in KILLING:
            if self.work(trap, constants=constants).was_killed:
                return
            self.pass_time(minutes)
        raise AssertionError(f"no worker came to {trap}")

    def accept(self, body: bytes, trap: Trap | None = None) -> Outcome:
        """The site's process that takes a notification, or dies in the trap."""
        hook = str(self.journey.connection.hook_code)
        return self.workers.run("accept", trap=trap, settings=self.settings, hook=hook, body=body.decode())

    def book(self, **wishes: object) -> Delivery:
        """A delivery that Exact has told us of; nothing was done about it yet."""
        return self.journey.notified(self.journey.company.book(**wishes))

    def trouble(self, where: str, **fault: object) -> None:
        """Order trouble for the next UPS call to such a path."""
        self.journey.ups.control("POST", "faults", {"path_regex": where, "times": 1, **fault})

    def exact_trouble(self, where: str, **fault: object) -> None:
        """Order trouble for the next Exact call to such a path."""
        self.journey.company.exact.control("POST", "faults", {"path_regex": where, "times": 1, **fault})

    def pass_time(self, minutes: float) -> None:
        """Let time pass for everybody; what this process kept in mind is as old as all else."""
        credentials.forget_kept()
        self.time.passes(minutes, self.journey.ups, self.journey.company.exact)

    def live_on(self, until: Callable[[], bool], *, pauses: tuple[float, ...] = SETTLING) -> None:
        """Only time passes and workers work, as they would by themselves, until something holds or the pauses end.

        They live on in this process: it spares a fork each time, and is another process than the one that was killed.
        """
        for minutes in pauses:
            if until():
                return
            self.pass_time(minutes)
            self.survivors_work()

    def survivors_work(self) -> None:
        """What one tick of the clock and the workers that were not killed make of it."""
        ticks.turn_due()
        self.journey.work()

    def now(self, delivery: Delivery) -> Delivery:
        """The delivery as it is."""
        return self.journey.refreshed(delivery)

    def attempts(self, delivery: Delivery) -> list[Attempt]:
        """Its attempts in their order."""
        with tenant_context(self.journey.tenant.id):
            return list(Attempt.objects.filter(delivery=delivery).order_by("shipment_no", "attempt_no"))
