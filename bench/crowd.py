"""Many active parcels, made from those of the run by SQL: copies on the same shipments, each with its subscription."""

from bench.database import Database

COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'"
PARCELS = """
INSERT INTO syncjobs_parcel ({columns})
SELECT {values} FROM generate_series(0, %(count)s - 1) AS serial(n)
  JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS places
          FROM (SELECT DISTINCT ON (shipment_id) * FROM syncjobs_parcel ORDER BY shipment_id, id) AS one) AS old
    ON old.place = serial.n %% old.places
"""
PARCEL_CHANGES = {
    "code": "gen_random_uuid()",
    "position": "100 + serial.n / old.places",
    "tracking_number": "'CROWD' || serial.n",
    "look_at": "clock_timestamp() + interval '1 hour' + random() * interval '23 hours'",
}
SUBSCRIPTIONS = """
INSERT INTO ups_alertsubscription ({columns})
SELECT {values} FROM syncjobs_parcel AS made
  JOIN (SELECT DISTINCT ON (tenant_id) * FROM ups_alertsubscription ORDER BY tenant_id, id) AS old
    ON old.tenant_id = made.tenant_id
 WHERE made.tracking_number LIKE 'CROWD%%'
"""
SUBSCRIPTION_CHANGES = {
    "code": "gen_random_uuid()",
    "tracking_number": "made.tracking_number",
    "state": "'active'",
    "expires_at": "clock_timestamp() + interval '14 days'",
    "due_at": "clock_timestamp() + interval '1 day' + random() * interval '11 days'",
}
DUE = """
UPDATE syncjobs_parcel SET look_at = clock_timestamp() - interval '1 second' WHERE id IN (
    SELECT DISTINCT ON (shipment_id) id FROM syncjobs_parcel WHERE look_at IS NOT NULL ORDER BY shipment_id LIMIT %s)
"""


def gather(database: Database, *, active: int, due: int) -> None:
    """So many active parcels and no others, of which so many, each of another delivery, are due now."""
    database.run("UPDATE syncjobs_parcel SET look_at = NULL")
    database.run("UPDATE ups_alertsubscription SET due_at = NULL")
    _copy(database, "syncjobs_parcel", PARCELS, PARCEL_CHANGES, {"count": active})
    _copy(database, "ups_alertsubscription", SUBSCRIPTIONS, SUBSCRIPTION_CHANGES, {})
    database.run(DUE, [due])
    for table in ("syncjobs_parcel", "ups_alertsubscription"):
        database.run(f"ANALYZE {table}")


def _copy(database: Database, table: str, statement: str, changes: dict[str, str], values: dict[str, int]) -> None:
    """Rows with the columns of an old one, but for these changes."""
    columns = [str(name) for (name,) in database.rows(COLUMNS, [table])]
    expressions = [changes.get(name, f"old.{name}") for name in columns]
    database.run(statement.format(columns=", ".join(columns), values=", ".join(expressions)), values)
