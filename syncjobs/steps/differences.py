"""What a row of the sync API tells that we do not know yet. Pure functions (`reliability.md` 3, `exact.md` 11.5)."""

from datetime import datetime, timedelta
from decimal import Decimal

from exact.records import GoodsDelivery, GoodsDeliveryLine, SyncRow
from syncjobs.models import Delivery
from syncjobs.silence import NOTIFIED_WITHIN
from syncjobs.steps.read import OPEN_TO_PLANNING

SHOWN_WITHIN = timedelta(minutes=2)
"""Exact stamps a row when it is written, by its own clock, and shows it when the transaction commits: so soon after
its stamp a read of ours may not have shown it."""


def is_booked_since(row: SyncRow, connected_at: datetime) -> bool:
    """Whether a delivery was booked after the connection was made.

    Only `Created` proves it. `Modified` says that somebody touched it, which happens to old ones too; where Exact
    leaves `Created` out we take nothing in by ourselves: a label for goods that left long ago would be bought.
    """
    return row.created_at is not None and row.created_at >= connected_at


def was_missed(row: SyncRow, at: datetime) -> bool:
    """Whether a notification of this new delivery should have come by now."""
    return row.created_at is not None and row.created_at < at - NOTIFIED_WITHIN


def is_news(delivery: Delivery, row: SyncRow) -> bool:
    """Whether a delivery that we know is to be read again: older data is no news, and neither is what we wrote."""
    read_at = delivery.facts_read_at
    if read_at is not None and row.modified_at is not None and row.modified_at < read_at - SHOWN_WITHIN:
        return False
    if isinstance(row.record, GoodsDeliveryLine):
        return read_at is not None and not _is_known_line(delivery, row.record)
    if not isinstance(row.record, GoodsDelivery):
        return False
    is_later = read_at is None or row.modified_at is None or row.modified_at > read_at
    if is_later and delivery.state in OPEN_TO_PLANNING:
        return True
    return _seen(row.record) != _known(delivery)


def _seen(record: GoodsDelivery) -> tuple[str, str, str]:
    return record.tracking_number, record.shipping_method_code, record.warehouse_code


def _known(delivery: Delivery) -> tuple[str, str, str]:
    """What we last read, with the number that we wrote since."""
    facts = delivery.facts
    number = facts.get("tracking_number", "")
    read_at, written_at = delivery.facts_read_at, delivery.written_at
    if written_at is not None and (read_at is None or written_at >= read_at):
        number = delivery.written.get("tracking_number", number)
    return number, facts.get("shipping_method", ""), facts.get("warehouse", "")


def _is_known_line(delivery: Delivery, line: GoodsDeliveryLine) -> bool:
    known = [(row["item"], Decimal(row["quantity"]), row["order"]) for row in delivery.facts.get("lines", [])]
    return (line.item_code, line.quantity, line.sales_order_number) in known
