"""The door for notifications under load, while the worker has its usual work."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle, islice
from urllib.parse import urlsplit

from bench import standins
from bench.door import MOST_PER_SECOND, Answers, send
from bench.ground import Ground
from bench.load import LoadOrder, LoadResult
from bench.shape import Shape

SITE = "NL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Both measurements."""

    at_rate: Answers
    in_turn: Answers


def measure(ground: Ground, shape: Shape, known: Sequence[tuple[int, str]]) -> Door:
    """Signed notifications of changes to deliveries that are `known`, each a new message."""
    wanted = messages(ground, known)
    web = urlsplit(ground.configuration.addresses.site)
    number = shape.webhooks_per_second * shape.webhook_seconds
    steady = list(islice(wanted, number))
    flood = list(islice(wanted, MOST_PER_SECOND * shape.closed_loop_seconds))
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
        at_rate=_send(ground, at_rate, background_per_second=shape.background_per_second),
        in_turn=_send(ground, in_turn, background_per_second=0),
    )


def signed(content: dict[str, object], secret: str) -> str:
    """A notification as Exact sends it (`exact.md` 11.4)."""
    raw = json.dumps(content, separators=(",", ":"))
    code = hmac.new(secret.encode(), raw.encode(), hashlib.sha256).hexdigest().upper()
    return f'{{"Content":{raw},"HashCode":"{code}"}}'


def messages(ground: Ground, known: Sequence[tuple[int, str]]) -> Iterator[tuple[str, str]]:
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


def _send(ground: Ground, order: LoadOrder, *, background_per_second: int) -> Answers:
    def count_stored(result: LoadResult) -> int:
        hashes = [hashlib.sha256(order.bodies[number].encode()).hexdigest() for number in result.accepted]
        return ground.database.count_receipts(hashes)

    return send(ground, order, count_stored=count_stored, background_per_second=background_per_second)
