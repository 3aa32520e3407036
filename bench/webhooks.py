"""The door for notifications under load, while the worker has its usual work."""

import contextlib
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count, cycle, islice
from urllib.parse import urlsplit

from bench import standins
from bench.errors import BenchFailed
from bench.figures import Spread, spread
from bench.ground import CHECKOUT, Ground
from bench.load import LoadOrder, LoadResult
from bench.shape import Shape
from bench.usage import cpu_ms_each, cpu_seconds
from connector_site.lib.local_servers.processes import Child, start, stop

MOST_PER_SECOND = 3_000
"""Notifications made ready for the closed loop; more cannot be answered here."""
GRACE_SECONDS = 60
SITE = "NL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How notifications were answered."""

    sent: int
    accepted: int
    stored: int
    """Of the accepted ones, those that stand in the database."""
    per_second: float
    latency_ms: Spread
    cpu_ms_each: dict[str, float]
    statements_each: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Both measurements."""

    at_rate: Answers
    in_turn: Answers


def measure(ground: Ground, shape: Shape, known: Sequence[tuple[int, str]]) -> Door:
    """Signed notifications of changes to deliveries that are `known`, each a new message."""
    messages = _messages(ground, known)
    web = urlsplit(ground.configuration.addresses.site)
    number = shape.webhooks_per_second * shape.webhook_seconds
    steady = list(islice(messages, number))
    flood = list(islice(messages, MOST_PER_SECOND * shape.closed_loop_seconds))
    host, port = web.hostname or "", web.port or 80
    at_rate = LoadOrder(
        host=host,
        port=port,
        paths=[path for path, _ in steady],
        bodies=[body for _, body in steady],
        rate_per_second=shape.webhooks_per_second,
        seconds=shape.webhook_seconds,
    )
    in_turn = LoadOrder(
        host=host,
        port=port,
        paths=[path for path, _ in flood],
        bodies=[body for _, body in flood],
        connections=shape.closed_loop_connections,
        seconds=shape.closed_loop_seconds,
    )
    return Door(
        at_rate=_answers(ground, at_rate, background_per_second=shape.background_per_second),
        in_turn=_answers(ground, in_turn, background_per_second=0),
    )


def signed(content: dict[str, object], secret: str) -> str:
    """A notification as Exact sends it (`exact.md` 11.4)."""
    raw = json.dumps(content, separators=(",", ":"))
    code = hmac.new(secret.encode(), raw.encode(), hashlib.sha256).hexdigest().upper()
    return f'{{"Content":{raw},"HashCode":"{code}"}}'


def _messages(ground: Ground, known: Sequence[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Path and body, without end; the moment in each makes it a message of its own."""
    environment = ground.configuration.environment
    secret, client_id = environment[f"EXACT_WEBHOOK_SECRET_{SITE}"], environment[f"EXACT_CLIENT_ID_{SITE}"]
    urls = standins.callback_urls(ground.exact)
    for serial, (division, entry_id) in zip(count(1), cycle(known)):
        resource = f"/nl/api/v1/{division}/salesorder/GoodsDeliveries(guid'{entry_id}')"
        content: dict[str, object] = {
            "Topic": "GoodsDeliveries",
            "ClientId": client_id,
            "Division": division,
            "Action": "Update",
            "Key": entry_id,
            "ExactOnlineEndpoint": f"{ground.exact.address}{resource}",
            "EventCreatedOn": f"2026-01-01T00:00:00.{serial:09d}",
        }
        yield urlsplit(urls[division]).path, signed(content, secret)


def _answers(ground: Ground, order: LoadOrder, *, background_per_second: int) -> Answers:
    ground.forget()
    cpu_before = cpu_seconds(ground.parts)
    result, booked = _send(ground, order, background_per_second)
    cpu_after = cpu_seconds(ground.parts)
    sent = len(result.sent_milliseconds)
    counted = ground.database.counted() if ground.database.counts_statements and not booked else None
    ground.database.wait_until_reported(booked, seconds=GRACE_SECONDS)
    accepted = [hashlib.sha256(order.bodies[number].encode()).hexdigest() for number in result.accepted]
    return Answers(
        sent=sent,
        accepted=len(accepted),
        stored=ground.database.count_receipts(accepted),
        per_second=len(accepted) / result.seconds,
        latency_ms=spread(result.sent_milliseconds),
        cpu_ms_each=cpu_ms_each(cpu_before, cpu_after, sent),
        statements_each=counted.work / sent if counted else None,
    )


def _send(ground: Ground, order: LoadOrder, background_per_second: int) -> tuple[LoadResult, list[str]]:
    """Have another process send, and book deliveries meanwhile."""
    folder = ground.configuration.logs_directory
    order_path, result_path = folder / "load-order.json", folder / "load-result.json"
    order_path.write_text(json.dumps(asdict(order)))
    result_path.unlink(missing_ok=True)
    sender = start(
        "The sender of notifications",
        [sys.executable, "-m", "bench.load", order_path, result_path],
        log_path=folder / "load.log",
        working_directory=CHECKOUT,
        environment=ground.configuration.environment,
    )
    with contextlib.ExitStack() as stack:
        stack.callback(stop, sender)
        booked = _book_meanwhile(ground, sender, background_per_second, order.seconds + GRACE_SECONDS)
    if not result_path.exists():
        raise BenchFailed(f"The sender ended without a result:\n{sender.last_log_lines()}")
    return LoadResult(**json.loads(result_path.read_text())), booked


def _book_meanwhile(ground: Ground, sender: Child, per_second: int, seconds: float) -> list[str]:
    """So many deliveries a second while the sender runs; returns when it has ended."""
    booked: list[str] = []
    companies = cycle(ground.companies)
    deadline = time.monotonic() + seconds
    while sender.is_running:
        if time.monotonic() > deadline:
            raise BenchFailed("Notifications were not answered in time.")
        if per_second:
            booked += standins.book(ground.exact, next(companies))
        time.sleep(1 / per_second if per_second else 0.1)
    return booked
