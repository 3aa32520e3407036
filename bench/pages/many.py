"""Many deliveries, copied by SQL from those of the run with everything that belongs to them."""

from bench.crowd import COLUMNS
from bench.database import Database

STATE = "CASE WHEN serial.n %% 400 = 0 THEN 'hold' WHEN serial.n %% 40 = 0 THEN 'in_transit' ELSE 'closed' END"
AGE = "interval '365 days'"
COPY = """
INSERT INTO {table} ({columns})
SELECT {values} FROM {table} AS old CROSS JOIN generate_series(1, %(copies)s) AS serial(n) {joins}
 WHERE NOT {made}
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
TABLES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "syncjobs_delivery",
        "",
        {
            "code": _code("d"),
            "exact_entry_id": "gen_random_uuid()",
            "track_code": "gen_random_uuid()",
            "delivery_number": "(serial.n * 100 + old.id %% 100)::text",
            "created_at": f"clock_timestamp() - random() * {AGE}",
            "state": STATE,
        },
    ),
    ("syncjobs_partyaddress", _D, {"code": "gen_random_uuid()", "delivery_id": "d.id"}),
    (
        "syncjobs_attempt",
        _D,
        {"code": _code("a"), "delivery_id": "d.id", "reference": "'C' || old.id || 'x' || serial.n"},
    ),
    (
        "syncjobs_shipment",
        f"{_D} {_join('syncjobs_attempt', 'a', 'old.attempt_id')}",
        {
            "code": _code("s"),
            "delivery_id": "d.id",
            "attempt_id": "a.id",
            "ups_shipment_id": "'C' || old.id || 'x' || serial.n",
        },
    ),
    (
        "syncjobs_parcel",
        _join("syncjobs_shipment", "s", "old.shipment_id"),
        {"code": _code("p"), "shipment_id": "s.id", "tracking_number": "'C' || old.id || 'x' || serial.n"},
    ),
    (
        "syncjobs_trackingevent",
        _join("syncjobs_parcel", "p", "old.parcel_id"),
        {"code": "gen_random_uuid()", "parcel_id": "p.id"},
    ),
    (
        "syncjobs_receipt",
        _OF_SUBJECT,
        {
            "code": "gen_random_uuid()",
            "subject": "d.code",
            "fingerprint": "md5(old.id || '-' || serial.n)",
            "received_at": "d.created_at",
        },
    ),
    ("syncjobs_syncjob", _OF_SUBJECT, {"code": "gen_random_uuid()", "subject": "d.code", "state": "'done'"}),
    (
        "audit_event",
        _OF_SUBJECT,
        {
            "code": "gen_random_uuid()",
            "subject": "d.code",
            "sequence": "(SELECT max(sequence) FROM audit_event) + row_number() OVER ()",
        },
    ),
)
"""Each table with how its copies find what they belong to, and what differs from the row that is copied."""


def multiply(database: Database, deliveries: int) -> None:
    """So many deliveries more. Triggers stand aside: the copies' hashes are not the ones of their chain."""
    have = len(database.rows("SELECT id FROM syncjobs_delivery"))
    copies = deliveries // have
    database.run("SET session_replication_role = replica")
    for table, joins, changes in TABLES:
        columns = [str(name) for (name,) in database.rows(COLUMNS, [table])]
        values = [changes.get(name, f"old.{name}") for name in columns]
        last = database.rows(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]  # noqa: S608  names of our own tables
        database.run(
            COPY.format(
                table=table,
                columns=", ".join(columns),
                values=", ".join(values),
                joins=joins,
                made=f"old.id > {int(str(last))}",
            ),
            {"copies": copies},
        )
    database.run("SET session_replication_role = DEFAULT")
    database.run("UPDATE audit_chainhead SET sequence = (SELECT max(sequence) FROM audit_event)")
    database.run("ANALYZE")
