"""How soon after its push an event stands in the parcel's history, and in Exact."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from bench.errors import BenchFailed
from bench.figures import Spread, spread
from bench.ground import Ground
from bench.pushes import Target, push
from bench.throughput import writes

POLL_SECONDS = 0.005
PAUSE_SECONDS = 0.2
LATEST_SECONDS = 30
PUSH_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """From the moment a push was sent."""

    visible_ms: Spread
    in_exact_ms: Spread
    """Until Exact had answered the write of our line."""


def measure(ground: Ground, parcels: Sequence[Target]) -> Telling:
    """A first scan of each parcel, one shortly after the other."""
    ground.forget()
    sent_at: dict[str, datetime] = {}
    visible: list[float] = []
    with requests.Session() as session:
        for parcel in parcels:
            sent_at[parcel.entry_id] = datetime.now(UTC)
            visible.append(_push(ground, session, parcel))
            time.sleep(PAUSE_SECONDS)
    _wait_until_told(ground, list(sent_at))
    written = writes(ground.exact.calls())
    return Telling(
        visible_ms=spread(visible),
        in_exact_ms=spread(
            [(written[entry_id].ended_at - at).total_seconds() * 1000 for entry_id, at in sent_at.items()]
        ),
    )


def _push(ground: Ground, session: requests.Session, parcel: Target) -> float:
    """Milliseconds until the event can be read."""
    message = push(parcel, datetime.now(UTC))
    headers = {"credential": message.credential, "Content-Type": "application/json"}
    started_at = time.perf_counter()
    address = f"{ground.configuration.addresses.site}{message.path}"
    answer = session.post(address, data=message.body, headers=headers, timeout=PUSH_TIMEOUT_SECONDS)
    if not answer.ok:
        raise BenchFailed(f"A push was answered {answer.status_code}.")
    while not ground.database.count_scanned([parcel.number]):
        if time.perf_counter() - started_at > LATEST_SECONDS:
            raise BenchFailed(f"The event of parcel {parcel.number} was not recorded.")
        time.sleep(POLL_SECONDS)
    return (time.perf_counter() - started_at) * 1000


def _wait_until_told(ground: Ground, entry_ids: list[str]) -> None:
    deadline = time.monotonic() + LATEST_SECONDS
    while (told := ground.database.count_told(entry_ids)) < len(entry_ids):
        if time.monotonic() > deadline:
            raise BenchFailed(f"{len(entry_ids) - told} of {len(entry_ids)} events were not told to Exact.")
        time.sleep(POLL_SECONDS * 10)
