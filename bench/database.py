"""What the product's database tells: how far deliveries are, what arrived, what was asked of the server.

Reads with the owner's login, which no tenant wall hides rows from and whose statements are not counted.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg

from bench.errors import BenchFailed
from connector_site.lib.row_security import APP_ROLE

EXTENSION = "pg_stat_statements"
POLL_SECONDS = 0.02
STUCK = ("hold", "review", "skipped", "cancelled")
SCAN_CODE = "AR"
TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Statements of the product since the last `forget_statements`."""

    work: int
    transaction_control: int
    milliseconds: float
    most_often: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When the first notification of a delivery arrived."""

    entry_id: str
    received_at: datetime


class Database:
    """One connection, kept open for the whole run."""

    def __init__(self, link: psycopg.Connection[tuple[object, ...]]) -> None:
        self._link = link
        self.counts_statements = False

    @property
    def server_process_id(self) -> int:
        """The process that serves this connection."""
        return self._link.info.backend_pid

    def count_statements(self) -> None:
        """Have the server count statements, where it can."""
        try:
            self._link.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")
            self.forget_statements()
        except psycopg.Error:
            return
        self.counts_statements = True

    def forget_statements(self) -> None:
        """Count from now on."""
        self._link.execute("SELECT pg_stat_statements_reset()")

    def counted(self) -> Counted:
        """Statements sent by web, worker and beat; what functions and triggers do inside is not counted."""
        rows = self._link.execute(
            "SELECT s.calls, s.query, s.total_exec_time FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid"
            " WHERE r.rolname = %s AND s.toplevel ORDER BY s.calls DESC",
            [APP_ROLE],
        ).fetchall()
        seen = [(int(str(calls)), " ".join(str(query).split()), float(str(spent))) for calls, query, spent in rows]
        control = sum(calls for calls, query, _ in seen if query.upper().startswith(TRANSACTION_CONTROL))
        return Counted(
            work=sum(calls for calls, _, _ in seen) - control,
            transaction_control=control,
            milliseconds=sum(spent for _, _, spent in seen),
            most_often=tuple((calls, query) for calls, query, _ in seen),
        )

    def count_reported(self, entry_ids: Iterable[str]) -> int:
        """How many of these deliveries have their tracking number written to Exact."""
        return self._count(
            "SELECT count(*) FROM syncjobs_delivery WHERE state = 'reported' AND exact_entry_id = ANY(%s)",
            [UUID(each) for each in entry_ids],
        )

    def wait_until_reported(self, entry_ids: list[str], *, seconds: float, poll_seconds: float = POLL_SECONDS) -> None:
        """Return once all of them are; raises when one stands still or the time is over."""
        deadline = time.monotonic() + seconds
        while (done := self.count_reported(entry_ids)) < len(entry_ids):
            if time.monotonic() > deadline:
                raise BenchFailed(f"{len(entry_ids) - done} of {len(entry_ids)} deliveries: {self._why(entry_ids)}")
            time.sleep(poll_seconds)

    def _why(self, entry_ids: list[str]) -> str:
        rows = self._link.execute(
            "SELECT state, problems::text, count(*) FROM syncjobs_delivery WHERE exact_entry_id = ANY(%s)"
            " GROUP BY 1, 2 ORDER BY 3 DESC",
            [[UUID(each) for each in entry_ids]],
        ).fetchall()
        known = sum(int(str(row[2])) for row in rows)
        return f"{len(entry_ids) - known} unknown to the product; " + "; ".join(f"{c} {s} {p}" for s, p, c in rows)

    def arrivals(self, entry_ids: Iterable[str]) -> list[Arrival]:
        """The first notification of each delivery."""
        rows = self._link.execute(
            "SELECT subject, min(received_at) FROM syncjobs_receipt WHERE subject = ANY(%s) GROUP BY subject",
            [[UUID(each) for each in entry_ids]],
        ).fetchall()
        return [
            Arrival(entry_id=str(subject), received_at=received_at)
            for subject, received_at in rows
            if isinstance(received_at, datetime)
        ]

    def count_receipts(self, body_hashes: list[str]) -> int:
        """How many of these notifications are stored byte for byte, named by the SHA-256 of their bodies."""
        return self._count(
            "SELECT count(*) FROM syncjobs_receipt WHERE encode(sha256(body), 'hex') = ANY(%s)", body_hashes
        )

    def tracking_numbers(self, entry_ids: Iterable[str]) -> dict[str, str]:
        """The first parcel of each delivery that has one, by entry id."""
        rows = self._link.execute(
            "SELECT delivery.exact_entry_id, min(parcel.tracking_number) FROM syncjobs_parcel parcel"
            " JOIN syncjobs_shipment shipment ON shipment.id = parcel.shipment_id"
            " JOIN syncjobs_delivery delivery ON delivery.id = shipment.delivery_id"
            " WHERE delivery.exact_entry_id = ANY(%s) GROUP BY 1",
            [[UUID(each) for each in entry_ids]],
        ).fetchall()
        return {str(entry_id): str(number) for entry_id, number in rows}

    def count_pushes(self) -> int:
        """How many pushes are stored that are not a repetition of another."""
        return self._count("SELECT count(*) FROM syncjobs_receipt WHERE source = ANY(%s)", ["ups"])

    def count_scans(self) -> int:
        """How many scans in a building stand in the histories of parcels."""
        return self._count("SELECT count(*) FROM syncjobs_trackingevent WHERE event_code = ANY(%s)", [SCAN_CODE])

    def count_scanned(self, numbers: list[str]) -> int:
        """How many of these parcels have such a scan in their history."""
        return self._count(
            "SELECT count(DISTINCT parcel.id) FROM syncjobs_parcel parcel JOIN syncjobs_trackingevent event"
            " ON event.parcel_id = parcel.id AND event.event_code = 'AR' WHERE parcel.tracking_number = ANY(%s)",
            numbers,
        )

    def count_told(self, entry_ids: list[str]) -> int:
        """How many of these deliveries have a line of ours in Exact that tells of a milestone."""
        return self._count(
            "SELECT count(*) FROM syncjobs_delivery WHERE written ? 'milestone' AND exact_entry_id = ANY(%s)",
            [UUID(each) for each in entry_ids],
        )

    def count_closed(self, entry_ids: list[str]) -> int:
        """How many of these deliveries are closed."""
        return self._count(
            "SELECT count(*) FROM syncjobs_delivery WHERE state = 'closed' AND exact_entry_id = ANY(%s)",
            [UUID(each) for each in entry_ids],
        )

    def wait_until_taken_in(self, *, seconds: float) -> float | None:
        """Until no push waits to be taken into a history; how long that took, None when the time was over."""
        started_at = time.monotonic()
        waiting = (
            "SELECT count(*) FROM syncjobs_receipt WHERE source = ANY(%s) AND applied_at IS NULL AND dead_letter = ''"
        )
        while self._count(waiting, ["ups"]):
            if time.monotonic() - started_at > seconds:
                return None
            time.sleep(POLL_SECONDS * 5)
        return time.monotonic() - started_at

    def wait_until_idle(self, *, seconds: float) -> bool:
        """Until no job is open any more, the ones that wait for their moment included; False when time is over."""
        deadline = time.monotonic() + seconds
        while self._count("SELECT count(*) FROM syncjobs_syncjob WHERE state = ANY(%s)", ["due", "running"]):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS * 10)
        return True

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """A transaction of which nothing stays; inside another one, a part of it."""
        with self._link.transaction(force_rollback=True):
            yield

    @contextmanager
    def as_product(self) -> Iterator[None]:
        """With the rights of the product, not those of the owner."""
        self._link.execute(f"SET LOCAL ROLE {APP_ROLE}")
        yield
        self._link.execute("RESET ROLE")

    def run(self, statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> None:
        """A statement without an answer."""
        self._link.execute(statement, values)

    def rows(self, statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[object, ...]]:
        """What a statement answers."""
        return self._link.execute(statement, values).fetchall()

    def _count(self, statement: str, values: list[str] | list[UUID]) -> int:
        row = self._link.execute(statement, [values]).fetchone()
        return int(str(row[0])) if row else 0


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database for the length of the block."""
    with psycopg.connect(url, autocommit=True) as link:
        yield Database(link)


def ask_to_preload(url: str) -> bool:
    """Have the server load the extension at its next start; False when it does already or may not be told so."""
    with psycopg.connect(url, autocommit=True) as link:
        row = link.execute("SHOW shared_preload_libraries").fetchone()
        if row is None or EXTENSION in str(row[0]):
            return False
        try:
            link.execute(f"ALTER SYSTEM SET shared_preload_libraries = '{EXTENSION}'")
        except psycopg.Error:
            return False
    return True
