"""The door for UPS's pushes under load, while the worker takes what comes into the deliveries' histories."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, cycle, islice
from urllib.parse import urlsplit

from bench.database import SCAN_CODE
from bench.door import MOST_PER_SECOND, Answers, send
from bench.errors import BenchFailed
from bench.ground import Ground
from bench.load import LoadOrder, LoadResult
from bench.order import PushDoor
from bench.shape import Shape
from bench.usage import cpu_ms_each, cpu_seconds, suspended

ALONE_SECONDS = 1.0
DRAIN_SECONDS = 300
LONG_AGO = timedelta(days=2)
"""The events lie a second apart from here on, all in the past."""
WORKING_PARTS = ("worker", "beat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parcel of the run's own."""

    entry_id: str
    number: str
    door: PushDoor


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One push, ready to be sent."""

    path: str
    credential: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushes:
    """All measurements. `alone`: the worker stands still, so that every statement and millisecond is the door's."""

    at_rate: Answers
    in_turn: Answers
    alone: Answers
    recorded: int
    """Of the stored ones, those that stand in a parcel's history at the end."""
    drain_seconds: float
    """From the last answer at the fixed rate until the worker had taken everything in."""
    whole_cpu_ms_each: dict[str, float]
    """At the fixed rate, until the worker had taken everything in."""
    whole_statements_each: float | None


def targets(ground: Ground, booked: Sequence[tuple[int, str]]) -> list[Target]:
    """The parcels of these deliveries, by division and entry id."""
    doors = {door.division: door for door in ground.push_doors}
    numbers = ground.database.tracking_numbers([entry_id for _, entry_id in booked])
    return [
        Target(entry_id=entry_id, number=numbers[entry_id], door=doors[division])
        for division, entry_id in booked
        if entry_id in numbers
    ]


def measure(ground: Ground, shape: Shape, parcels: Sequence[Target]) -> Pushes:
    """Pushes of scans on the way to these parcels, each a new event."""
    recorded_before = ground.database.count_scans()
    unsent = messages(parcels)
    seconds = shape.push_seconds
    wanted = islice(unsent, shape.pushes_per_second * seconds)
    cpu_before = cpu_seconds(ground.parts)
    at_rate = _send(ground, _order(ground, wanted, seconds=seconds, rate_per_second=shape.pushes_per_second))
    drain_seconds = _drain(ground)
    whole_cpu = cpu_ms_each(cpu_before, cpu_seconds(ground.parts), at_rate.sent)
    whole = ground.database.counted() if ground.database.counts_statements else None
    most = islice(unsent, MOST_PER_SECOND * shape.closed_loop_seconds)
    flood = _order(ground, most, seconds=shape.closed_loop_seconds, connections=shape.closed_loop_connections)
    in_turn = _send(ground, flood)
    _drain(ground)
    few = _order(ground, islice(unsent, MOST_PER_SECOND), seconds=ALONE_SECONDS, connections=1)
    with suspended(part for part in ground.parts if part.name in WORKING_PARTS):
        alone = _send(ground, few)
    _drain(ground)
    return Pushes(
        at_rate=at_rate,
        in_turn=in_turn,
        alone=alone,
        recorded=ground.database.count_scans() - recorded_before,
        drain_seconds=drain_seconds,
        whole_cpu_ms_each=whole_cpu,
        whole_statements_each=whole.work / at_rate.sent if whole else None,
    )


def push(parcel: Target, happened_at: datetime) -> Message:
    """A scan in a UPS building, as version 1 of Track Alert tells it (`ups.md` 10.3)."""
    stamp = happened_at.astimezone(UTC)
    body = {
        "trackingNumber": parcel.number,
        "localActivityDate": f"{stamp:%Y%m%d}",
        "localActivityTime": f"{stamp:%H%M%S}",
        "activityLocation": {"city": "EINDHOVEN", "stateProvince": "", "postalCode": "", "country": "NL"},
        "activityStatus": {
            "type": "I",
            "code": SCAN_CODE,
            "description": "Arrived at Facility",
            "descriptionCode": "005",
        },
        "scheduledDeliveryDate": "",
        "actualDeliveryDate": "",
        "actualDeliveryTime": "",
        "gmtActivityDate": f"{stamp:%Y%m%d}",
        "gmtActivityTime": f"{stamp:%H%M%S}",
        "gmtOffset": "+00.00",
        "deliveryStartTime": "",
        "deliveryEndTime": "",
        "deliveryTimeDescription": "",
        "deliveryPhoto": "",
        "alternateTrackingNumber": "",
        "receivedBy": "",
    }
    return Message(path=parcel.door.path, credential=parcel.door.credential, body=json.dumps(body))


def messages(parcels: Sequence[Target]) -> Iterator[Message]:
    """Without end, to one parcel after the other."""
    first_at = datetime.now(UTC).replace(microsecond=0) - LONG_AGO
    for serial, parcel in zip(count(), cycle(parcels)):
        yield push(parcel, first_at + timedelta(seconds=serial // len(parcels)))


def _send(ground: Ground, order: LoadOrder) -> Answers:
    before = ground.database.count_pushes()

    def count_stored(result: LoadResult) -> int:
        del result
        return ground.database.count_pushes() - before

    return send(ground, order, count_stored=count_stored)


def _order(
    ground: Ground, messages: Iterator[Message], *, seconds: float, connections: int = 0, rate_per_second: float = 0
) -> LoadOrder:
    web = urlsplit(ground.configuration.addresses.site)
    ready = list(messages)
    return LoadOrder(
        host=web.hostname or "",
        port=web.port or 80,
        paths=[message.path for message in ready],
        bodies=[message.body for message in ready],
        credentials=[message.credential for message in ready],
        connections=connections,
        rate_per_second=rate_per_second,
        seconds=seconds,
    )


def _drain(ground: Ground) -> float:
    """Until everything that was pushed stands in a history."""
    seconds = ground.database.wait_until_taken_in(seconds=DRAIN_SECONDS)
    if seconds is None:
        raise BenchFailed(f"Pushes were not taken in within {DRAIN_SECONDS} seconds.")
    return seconds
