"""A flood of notifications, each sent twice and in any order: what is answered, stored, and done about it."""

import hashlib
import itertools
import random
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench import standins, webhooks
from bench.door import send_alone
from bench.faults.figure import Figure
from bench.faults.ground import system
from bench.faults.sizes import Sizes
from bench.figures import percentile
from bench.ground import Ground, say
from bench.load import LoadOrder, LoadResult

TENANTS = 10
NOTIFICATIONS_EACH = 50
"""So many are about the same delivery: the first tells of it, the others of changes."""
ANSWER_MS = 200
WORK_SECONDS_EACH = 1.0
LEAST_WORK_SECONDS = 60


def measure(data_directory: Path, sizes: Sizes, seed: int) -> list[Figure]:
    """Deliveries that nobody was told of, then everything at once."""
    say(f"{sizes.notifications} notifications in {sizes.notification_seconds} s, each twice, shuffled")
    with system(data_directory, tenants=TENANTS) as ground:
        known = _book_in_silence(ground, max(sizes.notifications // NOTIFICATIONS_EACH, 1))
        order = _order(ground, known, sizes, seed)
        result = send_alone(ground, order)
        return [_answered(ground, order, result, sizes), _done(ground, known, order)]


def _book_in_silence(ground: Ground, count: int) -> list[tuple[int, str]]:
    """Division and entry id of deliveries whose own notifications are lost."""
    ground.exact.control("POST", "settings", {"webhook_copies": 0})
    companies = itertools.islice(itertools.cycle(ground.companies), count)
    return [(company.division, standins.book(ground.exact, company)[0]) for company in companies]


def _order(ground: Ground, known: list[tuple[int, str]], sizes: Sizes, seed: int) -> LoadOrder:
    messages = list(itertools.islice(webhooks.messages(ground, known), sizes.notifications)) * 2
    random.Random(seed).shuffle(messages)  # noqa: S311  an order that a seed reproduces
    web = urlsplit(ground.configuration.addresses.site)
    return LoadOrder(
        host=web.hostname or "",
        port=web.port or 80,
        paths=[path for path, _ in messages],
        bodies=[body for _, body in messages],
        rate_per_second=len(messages) / sizes.notification_seconds,
        seconds=sizes.notification_seconds,
    )


def _answered(ground: Ground, order: LoadOrder, result: LoadResult, sizes: Sizes) -> Figure:
    hashes = list({hashlib.sha256(order.bodies[number].encode()).hexdigest() for number in result.accepted})
    lost = len(hashes) - ground.database.count_receipts(hashes)
    refused = len(order.bodies) - len(result.accepted)
    slowest = percentile(result.sent_milliseconds, 99)
    return Figure(
        name=f"{sizes.notifications} notifications in {sizes.notification_seconds} s, each twice, shuffled",
        asked=f"0 lost, p99 below {ANSWER_MS} ms",
        measured=f"{len(order.bodies)} sent, {refused} not taken, {lost} lost, p99 {slowest:.0f} ms",
        is_met=lost == refused == 0 and slowest < ANSWER_MS,
        details={"p50_ms": percentile(result.sent_milliseconds, 50), "seconds": result.seconds},
    )


def _done(ground: Ground, known: list[tuple[int, str]], order: LoadOrder) -> Figure:
    """The end state is that of one notification for each delivery: one shipment, one number in Exact, one receipt."""
    started_at = time.monotonic()
    entry_ids = [entry_id for _, entry_id in known]
    limit = max(LEAST_WORK_SECONDS, WORK_SECONDS_EACH * len(known))
    ground.database.wait_until_reported(entry_ids, seconds=limit)
    took = time.monotonic() - started_at
    rows = ground.database.rows
    receipts = rows("SELECT count(*), coalesce(sum(repeats), 0) FROM syncjobs_receipt WHERE source = 'exact'")[0]
    deliveries = rows("SELECT count(*) FROM syncjobs_delivery")[0][0]
    shipments = len(ground.ups.control("GET", "shipments")["shipments"])
    shown = [standins.tracking_numbers(ground.exact, company) for company in ground.companies]
    numbers = len({number for each in shown for number in each.values()} - {""})
    repeated = len(set(order.bodies))
    wanted = len(known)
    return Figure(
        name="  what came of them",
        asked=f"{wanted} deliveries, each shipped once, its number in Exact",
        measured=f"{deliveries} deliveries, {shipments} shipments, {numbers} numbers, {took:.0f} s after the last",
        is_met=(deliveries, shipments, numbers) == (wanted,) * 3 and receipts == (repeated, repeated),
        details={"receipts and repeats": [str(each) for each in receipts], "messages": repeated},
    )
