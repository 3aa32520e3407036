"""PostgreSQL killed with all its processes under load: whatever was acknowledged is there afterwards."""

import hashlib
import itertools
import random
import time
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from bench import standins, webhooks
from bench.database import Database, opened
from bench.door import send_alone
from bench.faults.figure import Figure
from bench.faults.ground import replaceable, system, wait_for
from bench.faults.sizes import Sizes
from bench.ground import Ground, say
from bench.load import LoadOrder, LoadResult

TENANTS = 4
KNOWN = 20
PER_SECOND = 80

GO_ON_SECONDS = 180
EXPECTED = ("reported", "in_transit", "delivered", "closed")


def measure(data_directory: Path, sizes: Sizes, seed: int) -> list[Figure]:
    """Send at a steady rate, kill at moments that the seed decides, and look which messages stand in the database."""
    say(f"PostgreSQL killed {sizes.power_cuts} times while notifications come in")
    with system(data_directory, tenants=TENANTS) as ground:
        companies = itertools.islice(itertools.cycle(ground.companies), KNOWN)
        known = [(company.division, standins.book(ground.exact, company)[0]) for company in companies]
        order = _order(ground, known, sizes)
        with replaceable(ground, "PostgreSQL") as kill_and_start:
            moments = _moments(sizes, seed)
            sender = _Sender(ground, order)
            sender.start()
            started_at = time.monotonic()
            for moment in moments:
                time.sleep(max(0.0, started_at + moment - time.monotonic()))
                kill_and_start()
            sender.join()
            entry_ids = [entry_id for _, entry_id in known]
            with opened(ground.configuration.servers.database_url) as database:
                return [_stored(database, order, sender.result, sizes), _went_on(database, entry_ids)]


class _Sender(Thread):
    """Sends while the main thread, whose children live as long as it does, kills and starts servers."""

    def __init__(self, ground: Ground, order: LoadOrder) -> None:
        super().__init__(daemon=True)
        self._ground, self._order = ground, order
        self.result = LoadResult(seconds=0, milliseconds=[], statuses=[])

    def run(self) -> None:
        self.result = send_alone(self._ground, self._order)


def _order(ground: Ground, known: list[tuple[int, str]], sizes: Sizes) -> LoadOrder:
    count = PER_SECOND * sizes.power_cut_seconds
    messages = list(itertools.islice(webhooks.messages(ground, known), count))
    web = urlsplit(ground.configuration.addresses.site)
    return LoadOrder(
        host=web.hostname or "",
        port=web.port or 80,
        paths=[path for path, _ in messages],
        bodies=[body for _, body in messages],
        rate_per_second=PER_SECOND,
        seconds=sizes.power_cut_seconds,
    )


def _moments(sizes: Sizes, seed: int) -> list[float]:
    """One somewhere in the middle of each equal part of the time."""
    part = sizes.power_cut_seconds / sizes.power_cuts
    chance = random.Random(seed)  # noqa: S311  moments that a seed reproduces
    return [part * (number + chance.uniform(0.3, 0.7)) for number in range(sizes.power_cuts)]


def _stored(database: Database, order: LoadOrder, result: LoadResult, sizes: Sizes) -> Figure:
    hashes = [hashlib.sha256(order.bodies[number].encode()).hexdigest() for number in result.accepted]
    lost = len(hashes) - database.count_receipts(hashes)
    refused = len(order.bodies) - len(hashes)
    return Figure(
        name=f"PostgreSQL kill -9 under load, {sizes.power_cuts} times",
        asked="0 acknowledged notifications lost",
        measured=f"{lost} of {len(hashes)} acknowledged lost ({refused} were not taken while it was away)",
        is_met=lost == 0 and refused > 0 and len(hashes) > 0,
        details={"statuses": {str(each): result.statuses.count(each) for each in set(result.statuses)}},
    )


def _went_on(database: Database, entry_ids: list[str]) -> Figure:
    """Work that a dead connection interrupted comes back by itself, at the latest when its lease is over."""
    started_at = time.monotonic()

    def states() -> list[str]:
        rows = database.rows("SELECT state FROM syncjobs_delivery WHERE exact_entry_id = ANY(%s::uuid[])", [entry_ids])
        return [str(row[0]) for row in rows]

    is_done = wait_for(lambda: sum(each in EXPECTED for each in states()) == len(entry_ids), seconds=GO_ON_SECONDS)
    found = states()
    done, took = sum(each in EXPECTED for each in found), time.monotonic() - started_at
    return Figure(
        name="  deliveries under way meanwhile",
        asked=f"{len(entry_ids)} reported",
        measured=f"{done} reported, {took:.0f} s after the load",
        is_met=is_done,
        details={"states": {each: found.count(each) for each in set(found)}},
    )
