"""What becomes of one booked delivery, read from the product's database while it happens."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import DictRow, dict_row

from connector_site.demo.errors import DemoFailed

POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 90
WAITS_FOR_A_PERSON = frozenset({"hold", "review", "skipped", "cancelled"})
# The columns are the stages, in their order. The owner's login sees every tenant, so the delivery is named exactly.
STORY = """
SELECT delivery.code, delivery.state, delivery.problems,
       (SELECT last_error FROM syncjobs_syncjob
         WHERE subject = delivery.code ORDER BY id DESC LIMIT 1) AS last_error,
       (SELECT min(received_at) FROM syncjobs_receipt WHERE subject::text = %(entry_id)s) AS "webhook received",
       (SELECT min(recorded_at) FROM audit_event
         WHERE subject = delivery.code AND kind = 'moved' AND to_state = 'ready') AS "delivery read",
       (SELECT min(created_at) FROM syncjobs_shipment
         WHERE delivery_id = delivery.id) AS "shipment created",
       (SELECT min(recorded_at) FROM audit_event
         WHERE subject = delivery.code AND kind = 'moved' AND to_state = 'labelled'
           AND EXISTS (SELECT FROM syncjobs_label WHERE tenant_id = delivery.tenant_id)) AS "label stored",
       (SELECT min(recorded_at) FROM audit_event
         WHERE subject = delivery.code AND kind = 'moved' AND to_state = 'reported') AS "tracking number in Exact",
       (SELECT min(parcel.tracking_number) FROM syncjobs_parcel parcel
          JOIN syncjobs_shipment shipment ON shipment.id = parcel.shipment_id
         WHERE shipment.delivery_id = delivery.id AND parcel.position = 1) AS tracking_number
  FROM syncjobs_delivery delivery WHERE delivery.exact_entry_id::text = %(entry_id)s
"""
STAGES = ("webhook received", "delivery read", "shipment created", "label stored", "tracking number in Exact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage that was reached."""

    name: str
    reached_at: datetime
    delivery_code: UUID
    tracking_number: str


def follow(database_url: str, entry_id: str) -> Iterator[Stage]:
    """Every stage as it is reached; ends after the last one, raises when the delivery stops before it."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    waiting = list(STAGES)
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        while waiting:
            row = connection.execute(STORY, {"entry_id": entry_id}).fetchone()
            while row and waiting and row[waiting[0]]:
                yield _stage(row, waiting.pop(0))
            if waiting:
                _raise_when_stuck(row, waiting[0], is_late=time.monotonic() > deadline)
                time.sleep(POLL_SECONDS)


def _stage(row: DictRow, name: str) -> Stage:
    return Stage(
        name=name,
        reached_at=row[name],
        delivery_code=row["code"],
        tracking_number=row["tracking_number"] or "",
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
