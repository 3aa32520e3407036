"""One run: book, kill, spoil, wait until all is settled, and look at what the stand-ins saw."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis import Redis

from bench import shape
from bench.crash import weather
from bench.crash.evidence import Booked
from bench.crash.fleet import Fleet, end_workers
from bench.crash.judge import Findings, judge, twins
from bench.crash.schedule import Act, Moment, moments
from bench.crash.size import Size
from bench.crash.watcher import Watcher
from bench.ground import Ground, prepared, say

WARM_UP_SECONDS = 180
TICK_SECONDS = 0.02
AIM_SECONDS = 1.0
CALM_LOOKS = 2
"""So many looks one after the other must find nothing open."""
TRAVEL_SCRIPT = "normal"
TRAVEL_HOURS_PER_SECOND = 12.0
RECOVERY_LAG_SECONDS = 1.0
"""Found 0.66 s after the ship call on a real account (`reliability.md` 1.1)."""
PUSH_TROUBLES: tuple[dict[str, object], ...] = (
    {"push_copies": 1, "push_lose": "none", "push_order": "as_happened"},
    {"push_copies": 3, "push_lose": "none", "push_order": "shuffled"},
    {"push_copies": 1, "push_lose": "every_second", "push_order": "as_happened"},
    {"push_copies": 2, "push_lose": "every_second", "push_order": "reversed"},
    {"push_copies": 1, "push_lose": "all", "push_order": "as_happened"},
)
NOTIFICATION_COPIES = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run found, and what it did."""

    size: Size
    findings: Findings
    deliveries: int
    kills: int
    faults: dict[str, dict[str, int]]
    calls: dict[str, int]
    acts: dict[str, int]
    consents: int
    """Customers who had to give the permission at Exact again: a new token died with its worker."""
    audit: dict[str, Any]
    unsettled: dict[str, int]
    open_rows: list[str]
    seconds: float


@dataclass(slots=True)
class _Run:
    ground: Ground
    size: Size
    fleet: Fleet
    watcher: Watcher
    acts: dict[str, int] = field(default_factory=dict)
    began: float = 0.0
    has_ended: bool = False
    consents: int = 0
    _looked: float = 0.0
    kills_due: list[Moment] = field(default_factory=list)

    def do(self, moment: Moment) -> None:
        """One act of the schedule."""
        acts: dict[Act, Callable[[Moment], object]] = {
            Act.BOOK: self._book,
            Act.KILL_CHILD: self.kills_due.append,
            Act.KILL_WORKER: self.kills_due.append,
            Act.EMPTY_REDIS: lambda each: self._redis().flushall(),
            Act.LET_RENEW: lambda each: self.watcher.let_renew(),
            Act.TROUBLE_PUSHES: self._trouble_pushes,
        }
        acts[moment.act](moment)
        self.acts[moment.act] = self.acts.get(moment.act, 0) + 1

    def tick(self) -> None:
        """Between two acts: workers come back, and now and then what the stand-ins saw is read."""
        self.fleet.keep_up()
        self._kill()
        if time.monotonic() - self._looked > self.size.pace.look_seconds:
            self.look()
            self.has_ended = self.size.ends_at_twins and self._has_twins()
            self._looked = time.monotonic()
        time.sleep(TICK_SECONDS)

    def look(self) -> None:
        """Read the stand-ins; parcels whose number stands in Exact are handed to the driver."""
        self.watcher.read_calls()
        self.watcher.read_exact()
        every = self.size.travel_every
        for booked in self.watcher.evidence.booked[::every] if every else ():
            self._send_off(booked)

    def _has_twins(self) -> bool:
        self.watcher.read_ups()
        return bool(twins(self.watcher.evidence))

    def _send_off(self, booked: Booked) -> None:
        evidence = self.watcher.evidence
        number = evidence.shown_in_exact.get(booked.entry_id, "")
        if not number or booked.entry_id in evidence.travelling:
            return
        order = {"script": TRAVEL_SCRIPT, "hours_per_second": TRAVEL_HOURS_PER_SECOND}
        self.ground.ups.control("POST", f"parcels/{number}/travel", order)
        evidence.travelling.add(booked.entry_id)

    def _book(self, moment: Moment) -> None:
        self.watcher.book(self.ground.companies[moment.choice], count=moment.count)

    def _kill(self) -> None:
        """The first due kill that hits: a worker that is still coming back cannot be killed yet."""
        for moment in self.kills_due:
            if self._hits(moment):
                self.kills_due.remove(moment)
                self.watcher.evidence.kills_at.append(datetime.now(UTC))
                return

    def _hits(self, moment: Moment) -> bool:
        """An aimed kill comes when somebody is in the middle of a call to UPS, or after a second anyway."""
        if moment.act is Act.KILL_WORKER:
            return self.fleet.kill_worker(moment.choice)
        if not moment.is_aimed or time.monotonic() - self.began > moment.seconds + AIM_SECONDS:
            return self.fleet.kill_child(moment.choice)
        callers = self.fleet.callers(self.ground.configuration.addresses.ups_port)
        return bool(callers) and self.fleet.kill_child(moment.choice, among=callers)

    def _trouble_pushes(self, moment: Moment) -> None:
        self.ground.ups.control("POST", "settings", PUSH_TROUBLES[moment.choice % len(PUSH_TROUBLES)])
        copies = NOTIFICATION_COPIES[moment.choice % len(NOTIFICATION_COPIES)]
        self.ground.exact.control("POST", "settings", {"webhook_copies": copies})

    def _redis(self) -> Redis:
        return Redis.from_url(self.ground.configuration.servers.redis_url.replace("redis+socket://", "unix://"))


@contextmanager
def standing(data_directory: Path, size: Size) -> Iterator[Ground]:
    """Servers, stand-ins and the product for runs of this pace and so many customers, with Exact's own limits."""
    wanted = shape.Shape(tenants=size.tenants)
    with prepared(data_directory, wanted, environment=size.pace.environment, lifts_limits=False) as ground:
        end_workers(ground)
        yield ground


def measure(ground: Ground, size: Size) -> Outcome:
    """A whole run; its workers are gone afterwards, the rest stands for another one."""
    fleet = Fleet(ground=ground, size=size)
    running = _Run(ground=ground, size=size, fleet=fleet, watcher=Watcher(ground=ground))
    try:
        fleet.start()
        return _measured(running)
    finally:
        fleet.stop()


def _measured(running: _Run) -> Outcome:
    ground, size, watcher = running.ground, running.size, running.watcher
    _begin_storm(running)
    say(f"{size.deliveries} deliveries and {size.kills} kills in {size.seconds:.0f} s, seed {size.seed}")
    began = running.began = time.monotonic()
    for moment in moments(size):
        while time.monotonic() - began < moment.seconds:
            running.tick()
        running.do(moment)
    say(f"  all booked; {running.fleet.kills} kills so far; waiting until everything is settled")
    left = _settle(running)
    seconds = time.monotonic() - began
    running.look()
    watcher.read_ups()
    watcher.read_product()
    storms = [stand_in.control("DELETE", "storm") for stand_in in (ground.ups, ground.exact)]
    return Outcome(
        size=size,
        findings=judge(watcher.evidence, retry_after=timedelta(seconds=weather.RETRY_AFTER_SECONDS)),
        deliveries=len(watcher.evidence.booked),
        kills=running.fleet.kills,
        faults={operation: strikes for storm in storms for operation, strikes in storm["strikes"].items()},
        calls={operation: calls for storm in storms for operation, calls in storm["calls"].items()},
        acts=running.acts,
        consents=running.consents,
        audit=watcher.audit(),
        unsettled=left,
        open_rows=watcher.open_rows(),
        seconds=seconds,
    )


def _begin_storm(running: _Run) -> None:
    """After a calm delivery of each company, from which the numbers of the following ones count."""
    ground, watcher = running.ground, running.watcher
    watcher.begin()
    first = [watcher.book(company, count=1)[0] for company in ground.companies]
    ground.database.wait_until_reported([each.entry_id for each in first], seconds=WARM_UP_SECONDS)
    ground.ups.control("POST", "settings", {"recovery_lag_seconds": RECOVERY_LAG_SECONDS})
    accounts, companies = {}, {}
    for place, each in enumerate(first):
        accounts[each.shipper_number] = {"name": f"account {place}", "first": each.order_number}
        companies[str(each.division)] = {"name": f"company {place}", "first": each.delivery_number}
    seed = running.size.seed
    ups, exact = weather.ups_weather(running.size.pace), weather.exact_weather()
    ground.ups.control("POST", "storm", {"seed": seed, "weather": ups, "names": accounts})
    ground.exact.control("POST", "storm", {"seed": seed, "weather": exact, "names": companies})


def _settle(running: _Run) -> dict[str, int]:
    """Until every kill was done and nothing is open any more, or the time is over; returns what is open then."""
    deadline = time.monotonic() + running.size.settle_seconds
    calm, left = 0, {}
    while time.monotonic() < deadline:
        has_come_to_rest = calm >= CALM_LOOKS or running.has_ended
        if has_come_to_rest and not running.kills_due:
            break
        until = time.monotonic() + running.size.pace.look_seconds
        while time.monotonic() < until:
            running.tick()
        running.watcher.hurry()
        running.consents += running.watcher.consent_again()
        left = running.watcher.unsettled(sees_late_watch=running.size.sees_late_watch)
        calm = 0 if left else calm + 1
    return left
