"""What becomes of one booked delivery, read from the product's database while it happens."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row

from connector_site.demo.errors import DemoFailed

POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 90
WAITS_FOR_A_PERSON = frozenset({"hold", "review", "skipped", "cancelled"})
SHIPPING = ("webhook received", "delivery read", "shipment created", "label stored", "tracking number in Exact")
TRAVEL = (
    "first push stored",
    "milestone: our line in Exact",
    "parcel 1 out for delivery",
    "parcel 1 delivered",
    "parcel 1 delivered: confirmed by Tracking",
    "parcel 2 delivered",
    "parcel 2 delivered: confirmed by Tracking",
    "proof of delivery in Exact",
    "closed",
)
"""Of a delivery of two parcels. What happens to one does not wait for the other: the order is the usual one."""
SOURCES = {"push": "a push", "view": "Quantum View", "track": "Tracking"}
# The owner's login sees every tenant, so the delivery is named exactly.
STORY = """
SELECT delivery.code, delivery.state, delivery.problems,
       (SELECT last_error FROM syncjobs_syncjob
         WHERE subject = delivery.code ORDER BY id DESC LIMIT 1) AS last_error,
       (SELECT min(parcel.tracking_number) FROM syncjobs_parcel parcel
          JOIN syncjobs_shipment shipment ON shipment.id = parcel.shipment_id
         WHERE shipment.delivery_id = delivery.id AND parcel.position = 1) AS tracking_number
  FROM syncjobs_delivery delivery WHERE delivery.exact_entry_id::text = %(entry_id)s
"""
SHIPPING_STAGES = """
WITH delivery AS (SELECT * FROM syncjobs_delivery WHERE exact_entry_id::text = %(entry_id)s)
SELECT 'webhook received' AS name, min(received_at) AS reached_at, '[]'::jsonb AS sources
  FROM syncjobs_receipt WHERE subject::text = %(entry_id)s
UNION ALL
SELECT 'delivery read', min(recorded_at), '[]'
  FROM audit_event JOIN delivery ON subject = delivery.code WHERE kind = 'moved' AND to_state = 'ready'
UNION ALL
SELECT 'shipment created', min(shipment.created_at), '[]'
  FROM syncjobs_shipment shipment JOIN delivery ON delivery_id = delivery.id
UNION ALL
SELECT 'label stored', min(recorded_at), '[]'
  FROM audit_event JOIN delivery ON subject = delivery.code WHERE kind = 'moved' AND to_state = 'labelled'
   AND EXISTS (SELECT FROM syncjobs_label WHERE tenant_id = delivery.tenant_id)
UNION ALL
SELECT 'tracking number in Exact', min(recorded_at), '[]'
  FROM audit_event JOIN delivery ON subject = delivery.code WHERE kind = 'moved' AND to_state = 'reported'
"""
TRAVEL_STAGES = """
WITH delivery AS (SELECT * FROM syncjobs_delivery WHERE exact_entry_id::text = %(entry_id)s),
parcels AS (
    SELECT parcel.* FROM syncjobs_parcel parcel JOIN syncjobs_shipment shipment ON shipment.id = parcel.shipment_id
      JOIN delivery ON delivery.id = shipment.delivery_id
)
SELECT 'first push stored' AS name, min(received_at) AS reached_at, '[]'::jsonb AS sources
  FROM syncjobs_receipt JOIN delivery ON subject = delivery.code WHERE source = 'ups'
UNION ALL
SELECT 'milestone: our line in Exact', min(recorded_at), '[]'
  FROM audit_event JOIN delivery ON subject = delivery.code
 WHERE kind = 'wrote' AND coalesce(details ->> 'milestone', '') <> ''
UNION ALL
SELECT format('parcel %%s %%s', parcels.position, replace(event.milestone, '_', ' ')), event.recorded_at, event.sources
  FROM syncjobs_trackingevent event JOIN parcels ON parcels.id = event.parcel_id
 WHERE event.milestone IN ('out_for_delivery', 'delivered')
UNION ALL
SELECT format('parcel %%s delivered: confirmed by Tracking', position), confirmed_at, '[]' FROM parcels
UNION ALL
SELECT 'proof of delivery in Exact', min(recorded_at), '[]'
  FROM audit_event JOIN delivery ON subject = delivery.code WHERE kind = 'wrote' AND details ->> 'to' = 'documents'
UNION ALL
SELECT 'closed', min(recorded_at), '[]'
  FROM audit_event JOIN delivery ON subject = delivery.code WHERE kind = 'moved' AND to_state = 'closed'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage that was reached; `told_by` names who told of it first, in words, where that is a question."""

    name: str
    reached_at: datetime
    told_by: str
    tracking_number: str


def follow_shipping(database_url: str, entry_id: str) -> Iterator[Stage]:
    """Every stage up to the number in Exact as it is reached; raises when the delivery stops before the last."""
    return _follow(database_url, entry_id, SHIPPING, SHIPPING_STAGES)


def follow_travel(database_url: str, entry_id: str) -> Iterator[Stage]:
    """The same for the way of both parcels, up to the closed delivery."""
    return _follow(database_url, entry_id, TRAVEL, TRAVEL_STAGES)


def _follow(database_url: str, entry_id: str, names: Sequence[str], stages: LiteralString) -> Iterator[Stage]:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    waiting = list(names)
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        while waiting:
            story = connection.execute(STORY, {"entry_id": entry_id}).fetchone()
            for row in _reached(connection.execute(stages, {"entry_id": entry_id}).fetchall(), waiting):
                waiting.remove(row["name"])
                yield _stage(row, story)
            if waiting:
                _raise_when_stuck(story, waiting[0], is_late=time.monotonic() > deadline)
                time.sleep(POLL_SECONDS)


def _reached(rows: list[DictRow], waiting: Sequence[str]) -> list[DictRow]:
    """Those that are waited for, in the order in which they were reached."""
    found = [row for row in rows if row["reached_at"] and row["name"] in waiting]
    return sorted(found, key=lambda row: (row["reached_at"], waiting.index(row["name"])))


def _stage(row: DictRow, story: DictRow | None) -> Stage:
    return Stage(
        name=row["name"],
        reached_at=row["reached_at"],
        told_by=" and ".join(words for source, words in SOURCES.items() if source in row["sources"]),
        tracking_number=(story["tracking_number"] if story else "") or "",
    )


def _raise_when_stuck(row: DictRow | None, stage: str, *, is_late: bool) -> None:
    if row and row["state"] in WAITS_FOR_A_PERSON:
        reasons = "; ".join(f"{problem['text']} ({problem['where']})" for problem in row["problems"])
        raise DemoFailed(f"The delivery stopped before `{stage}`: it is in state {row['state']}. {reasons}")
    if is_late:
        state = f"in state {row['state']}" if row else "not known to the product"
        last_error = f" Last error of its work: {row['last_error']}" if row and row["last_error"] else ""
        raise DemoFailed(
            f"`{stage}` was not reached within {TIMEOUT_SECONDS} seconds; the delivery is {state}.{last_error}"
        )
