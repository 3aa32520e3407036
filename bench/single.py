"""One delivery after the other, nothing else going on: latency, outside calls, statements."""

import time
from dataclasses import dataclass
from datetime import datetime

from bench import standins
from bench.database import Counted
from bench.figures import Spread, spread
from bench.ground import Ground
from bench.standins import Call, Company
from bench.throughput import operations_each, writes
from bench.usage import cpu_ms_each, cpu_seconds

WAIT_SECONDS = 30
POLL_SECONDS = 0.005
PAUSE_SECONDS = 0.1
"""Between two deliveries: the echo of a write is answered before the next delivery is booked."""
ALERT_CALL = "subscribe_parcels"
"""Asks for UPS's news of parcels of earlier deliveries: on no delivery's way to its tracking number."""
TOKEN_WORD = "token"  # noqa: S105  part of the name of an operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Singles:
    """Per delivery. A call is a call to the API; fetching a token is counted apart."""

    deliveries: int
    total_ms: Spread
    """From the first notification to the tracking number in Exact."""
    own_ms: Spread
    """The same without the time in which a stand-in worked on an answer."""
    exact_calls: Spread
    ups_calls: Spread
    token_calls_each: float
    operations_each: dict[str, float]
    statements_each: float | None
    """Sent by web, worker and beat; BEGIN, COMMIT and savepoints apart."""
    transaction_control_each: float | None
    database_ms_each: float | None
    most_often: tuple[tuple[float, str], ...]
    cpu_ms_each: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """One delivery from its first notification to its tracking number."""

    division: int
    received_at: datetime
    written_at: datetime

    @property
    def total_ms(self) -> float:
        """The whole way."""
        return (self.written_at - self.received_at).total_seconds() * 1000

    def during(self, calls: list[Call]) -> list[Call]:
        """The calls that were made on the way."""
        return [call for call in calls if self.received_at <= call.at < self.written_at]


def measure(ground: Ground, companies: list[Company]) -> Singles:
    """A delivery for each company named, one after the other."""
    ground.forget()
    cpu_before = cpu_seconds(ground.parts)
    entries: dict[str, Company] = {}
    for company in companies:
        (entry_id,) = standins.book(ground.exact, company)
        entries[entry_id] = company
        ground.database.wait_until_reported([entry_id], seconds=WAIT_SECONDS, poll_seconds=POLL_SECONDS)
        time.sleep(PAUSE_SECONDS)
    cpu = cpu_ms_each(cpu_before, cpu_seconds(ground.parts), len(entries))
    counted = ground.database.counted() if ground.database.counts_statements else None
    return _result(ground, entries, counted, cpu)


def _result(ground: Ground, entries: dict[str, Company], counted: Counted | None, cpu: dict[str, float]) -> Singles:
    exact, all_ups = ground.exact.calls(), ground.ups.calls()
    ups = [call for call in all_ups if call.operation != ALERT_CALL]
    ways = _ways(ground, entries, writes(exact))
    tokens = [call for call in [*exact, *ups] if TOKEN_WORD in call.operation.lower()]
    exact_api = [call for call in exact if call.division is not None]
    ups_api = [call for call in ups if call not in tokens]
    count = len(entries)
    return Singles(
        deliveries=count,
        total_ms=spread([way.total_ms for way in ways]),
        own_ms=spread([way.total_ms - sum(c.duration_ms for c in way.during([*exact, *ups])) for way in ways]),
        exact_calls=spread([sum(c.division == way.division for c in way.during(exact_api)) for way in ways]),
        ups_calls=spread([len(way.during(ups_api)) for way in ways]),
        token_calls_each=len(tokens) / count,
        operations_each=operations_each([*exact, *all_ups], count),
        statements_each=counted.work / count if counted else None,
        transaction_control_each=counted.transaction_control / count if counted else None,
        database_ms_each=counted.milliseconds / count if counted else None,
        most_often=tuple((calls / count, query) for calls, query in counted.most_often) if counted else (),
        cpu_ms_each=cpu,
    )


def _ways(ground: Ground, entries: dict[str, Company], written: dict[str, Call]) -> list[_One]:
    return [
        _One(
            division=entries[arrival.entry_id].division,
            received_at=arrival.received_at,
            written_at=written[arrival.entry_id].ended_at,
        )
        for arrival in ground.database.arrivals(entries)
    ]
