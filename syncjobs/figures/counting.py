"""The statement that counts the shipments of whole days anew, and nothing else.

Each day is read by the index of when shipments were made, and what hangs on a shipment by its own key: what it costs
grows with the days, not with what the company has. Rows that no shipment stands behind any more are deleted.
"""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from syncjobs.models.figures import LABEL_SECONDS

_CLASSES = ", ".join(
    f"count(*) FILTER (WHERE width_bucket(seconds, ARRAY{list(LABEL_SECONDS)}::numeric[]) = {place})"
    for place in range(len(LABEL_SECONDS) + 1)
)
_COUNTED = {
    "shipments": "count(*)",
    "parcels": "sum(parcels)",
    "delivered": "count(*) FILTER (WHERE is_delivered)",
    "exceptions": "count(*) FILTER (WHERE was_exception)",
    "promised": "count(*) FILTER (WHERE is_delivered AND is_promised)",
    "on_time": "count(*) FILTER (WHERE is_delivered AND is_promised AND is_on_time)",
    "charged_amount": "coalesce(sum(charge_amount), 0)",
    "quoted": "count(quoted_amount)",
    "quoted_amount": "coalesce(sum(quoted_amount), 0)",
    "charged_of_quoted": "coalesce(sum(charge_amount) FILTER (WHERE quoted_amount IS NOT NULL), 0)",
    "label_seconds": "coalesce(round(sum(seconds)), 0)",
    "label_classes": f"ARRAY[{_CLASSES}]",
}
_KEY = "tenant_id, day, service_code, country, currency"
_COUNT = f"""
WITH shipped AS (
    SELECT days.day, s.tenant_id, s.service_code, s.country, s.charge_currency AS currency, s.charge_amount,
           CASE WHEN a.quoted_currency = s.charge_currency AND s.charge_amount IS NOT NULL
                THEN a.quoted_amount END AS quoted_amount,
           CASE WHEN a.shipment_no = 1
                THEN greatest(extract(epoch FROM s.created_at - d.created_at), 0) END AS seconds,
           p.parcels, p.is_delivered, p.was_exception, p.is_promised, p.is_on_time
      FROM unnest(%(days)s::date[]) AS days(day)
     CROSS JOIN LATERAL (
        SELECT * FROM syncjobs_shipment s
         WHERE s.tenant_id = %(tenant)s
           AND s.created_at >= days.day::timestamp AT TIME ZONE %(zone)s
           AND s.created_at < (days.day + 1)::timestamp AT TIME ZONE %(zone)s OFFSET 0
     ) s
     CROSS JOIN LATERAL (SELECT * FROM syncjobs_delivery WHERE id = s.delivery_id OFFSET 0) d
     CROSS JOIN LATERAL (SELECT * FROM syncjobs_attempt WHERE id = s.attempt_id OFFSET 0) a
     CROSS JOIN LATERAL (
        SELECT count(*) AS parcels, bool_and(p.milestone = 'delivered') AS is_delivered,
               bool_or(p.had_exception OR p.milestone IN ('exception', 'returned_to_sender')) AS was_exception,
               bool_and(p.promised_date IS NOT NULL) AS is_promised,
               bool_and(coalesce(there.day, (p.milestone_at AT TIME ZONE %(zone)s)::date) <= p.promised_date)
                   AS is_on_time
          FROM syncjobs_parcel p
          LEFT JOIN LATERAL (
            SELECT left(e.local_at, 10)::date AS day FROM syncjobs_trackingevent e
             WHERE p.milestone = 'delivered' AND p.promised_date IS NOT NULL
               AND e.tenant_id = p.tenant_id AND e.parcel_id = p.id AND e.milestone = 'delivered' AND e.local_at <> ''
             ORDER BY e.happened_at DESC NULLS LAST LIMIT 1
          ) there ON true
         WHERE p.tenant_id = s.tenant_id AND p.shipment_id = s.id AND p.voided_at IS NULL AND p.milestone <> 'voided'
     ) p
     WHERE s.voided_at IS NULL AND d.return_of_id IS NULL AND p.parcels > 0
), counted AS (
    INSERT INTO syncjobs_dayfigures (code, {_KEY}, {", ".join(_COUNTED)}, counted_at)
    SELECT gen_random_uuid(), {_KEY}, {", ".join(_COUNTED.values())}, %(at)s FROM shipped GROUP BY {_KEY}
    ON CONFLICT ({_KEY}) DO UPDATE
       SET {", ".join(f"{name} = excluded.{name}" for name in _COUNTED)}, counted_at = excluded.counted_at
    RETURNING id
)
DELETE FROM syncjobs_dayfigures
 WHERE tenant_id = %(tenant)s AND day = ANY (%(days)s::date[]) AND id NOT IN (SELECT id FROM counted)
"""  # noqa: S608  columns and numbers of this module
"""In this order whatever PostgreSQL knows of the tables (`OFFSET 0`): before it has counted a flood's rows it would go
through every delivery, and each time through every shipment. The day a parcel arrived is that of the clock where it
did, as UPS told it, else that of the company's own."""


def count(tenant_id: UUID, days: Collection[date], *, zone: str, at: datetime) -> None:
    """Inside the tenant's context, by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"tenant": tenant_id, "days": sorted(set(days)), "zone": zone, "at": at})
