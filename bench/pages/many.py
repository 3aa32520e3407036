"""Many deliveries, copied by SQL from those of the run with everything that belongs to them."""

from dataclasses import dataclass, field

from bench.crowd import COLUMNS
from bench.database import Database

STATE = "CASE WHEN serial.n %% 400 = 0 THEN 'hold' WHEN serial.n %% 40 = 0 THEN 'in_transit' ELSE 'closed' END"
"""Of 400 deliveries one waits for a person and nine are on their way, as in a year's books."""
BOOKED_AT = "clock_timestamp() - interval '365 days' * (1 - serial.n::float8 / %(copies)s)"
"""A year's bookings, the newest last."""
COPY = """
INSERT INTO {table} ({columns})
SELECT {values} FROM {source} AS old CROSS JOIN generate_series(1, %(copies)s) AS serial(n) {joins}
 WHERE NOT {made}
"""
FIRST = """
(SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY {of} ORDER BY id) AS place FROM {table}) AS numbered
  WHERE place <= {most})
"""


def _code(letter: str, column: str = "old.id") -> str:
    return f"md5('{letter}' || {column} || '-' || serial.n)::uuid"


def _join(table: str, letter: str, column: str) -> str:
    return f"JOIN {table} AS {letter} ON {letter}.code = {_code(letter, column)}"


_D = _join("syncjobs_delivery", "d", "old.delivery_id")
_OF_SUBJECT = (
    "JOIN syncjobs_delivery AS first ON first.code = old.subject"
    f" JOIN syncjobs_delivery AS d ON d.code = {_code('d', 'first.id')}"
)
_OF_SHIPMENT = (
    f"{_join('syncjobs_shipment', 's', 'old.shipment_id')} JOIN syncjobs_delivery AS d ON d.id = s.delivery_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A table: how its copies find what they belong to, what differs from the old row, and how many of an owner's."""

    table: str
    joins: str
    changes: dict[str, str] = field(default_factory=dict)
    owner: str = ""
    most: int = 0

    @property
    def source(self) -> str:
        """The old rows, all or the first ones of each owner."""
        return FIRST.format(table=self.table, of=self.owner, most=self.most) if self.owner else self.table


TABLES = (
    Copied(
        table="syncjobs_delivery",
        joins="",
        changes={
            "code": _code("d"),
            "exact_entry_id": "gen_random_uuid()",
            "track_code": "gen_random_uuid()",
            "delivery_number": "(1000000 + serial.n * 20 + old.id %% 20)::text",
            "order_numbers": "(5000000 + serial.n * 20 + old.id %% 20)::text",
            "created_at": BOOKED_AT,
            "changed_at": f"{BOOKED_AT} + interval '3 days' * random()",
            "printed_at": f"{BOOKED_AT} + interval '1 minute'",
            "state": STATE,
            "milestone": "CASE WHEN serial.n %% 40 = 0 THEN 'in_transit' ELSE 'delivered' END",
        },
    ),
    Copied(
        table="syncjobs_partyaddress",
        joins=_D,
        changes={
            "code": "gen_random_uuid()",
            "delivery_id": "d.id",
            "sealed": "NULL",
            "sealed_key": "NULL",
            "finders": "old.finders[1:1] || ARRAY[md5('w' || serial.n %% 5000), md5('@' || serial.n)]::text[]",
            "erased_at": "d.created_at",
        },
    ),
    Copied(
        table="syncjobs_attempt",
        joins=_D,
        changes={
            "code": _code("a"),
            "delivery_id": "d.id",
            "reference": "'C' || old.id || 'x' || serial.n",
            "request": "NULL",
            "erased_at": "d.created_at",
        },
    ),
    Copied(
        table="syncjobs_shipment",
        joins=f"{_D} {_join('syncjobs_attempt', 'a', 'old.attempt_id')}",
        changes={
            "code": _code("s"),
            "delivery_id": "d.id",
            "attempt_id": "a.id",
            "ups_shipment_id": "'C' || old.id || 'x' || serial.n",
            "created_at": "d.created_at + interval '4 seconds'",
        },
    ),
    Copied(
        table="syncjobs_parcel",
        joins=_OF_SHIPMENT,
        changes={
            "code": _code("p"),
            "shipment_id": "s.id",
            "tracking_number": "'1Z' || lpad((old.id * 10000000 + serial.n)::text, 16, '0')",
            "milestone": "d.milestone",
            "milestone_at": "d.created_at + interval '2 days'",
            "confirmed_at": "d.created_at + interval '2 days'",
            "promised_date": "(d.created_at + interval '2 days')::date",
            "look_at": "NULL",
        },
    ),
    Copied(
        table="syncjobs_trackingevent",
        joins=f"{_join('syncjobs_parcel', 'p', 'old.parcel_id')}",
        changes={"code": "gen_random_uuid()", "parcel_id": "p.id", "sealed": "NULL"},
        owner="parcel_id",
        most=2,
    ),
)
"""Each table in the order in which its rows can be made.

What is sealed is left out where no list shows it: it is bound to the row that it was copied from anyway.
"""


def trail(events: int) -> Copied:
    """The audit trail, with so many events of each delivery."""
    return Copied(
        table="audit_event",
        joins=_OF_SUBJECT,
        changes={
            "code": "gen_random_uuid()",
            "subject": "d.code",
            "correlation": "d.correlation",
            "recorded_at": "d.created_at",
            "sequence": "(SELECT max(sequence) FROM audit_event) + row_number() OVER ()",
        },
        owner="subject",
        most=events,
    )


def multiply(database: Database, deliveries: int, *, events: int) -> None:
    """So many deliveries more, with so many events of the audit trail.

    Triggers stand aside: the copies' hashes are not the ones of their chain.
    """
    have = len(database.rows("SELECT id FROM syncjobs_delivery"))
    copies = deliveries // have
    database.run("SET session_replication_role = replica")
    database.run("SET synchronous_commit = off")
    for copied in (*TABLES, trail(max(1, round(events / deliveries)))):
        _copy(database, copied, copies)
    database.run("SET session_replication_role = DEFAULT")
    database.run("UPDATE audit_chainhead SET sequence = (SELECT max(sequence) FROM audit_event)")
    database.run("VACUUM ANALYZE")


def _copy(database: Database, copied: Copied, copies: int) -> None:
    table = copied.table
    columns = [str(name) for (name,) in database.rows(COLUMNS, [table])]
    values = [copied.changes.get(name, f"old.{name}") for name in columns]
    last = database.rows(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]  # noqa: S608  names of our own tables
    statement = COPY.format(
        table=table,
        columns=", ".join(columns),
        values=", ".join(values),
        source=copied.source,
        joins=copied.joins,
        made=f"old.id > {int(str(last))}",
    )
    database.run(statement, {"copies": copies})
