"""Reading Exact's side in few calls: what changed in the period by the sync API, the rest by key, many at a time."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from exact.changes import FIRST_TIMESTAMP, SyncEndpoint
from exact.client import ExactClient
from exact.errors import ExactRejected
from exact.records import GoodsDelivery, SyncRow
from syncjobs.reconciling.sides import ExactDelivery, ExactSide

LOOKS_BACK = timedelta(days=14)
WIDER = timedelta(days=90)
"""Exact names no first change where nothing changed since a moment, or so it seems (`exact.md` 12): look further."""
PAGES_AT_ONCE = 20
"""Of 1,000 changes each; a company with more in the period is compared in part, and the report says so."""
SECONDS_AT_ONCE = 40
"""The rest of the run fits into the hard time limit of a task."""
KEYS_AT_ONCE = 500
"""Asked for by key in one run, about twenty calls (`exact.md` 6.1)."""


def read_period(client: ExactClient, *, since_at: datetime, read_at: datetime) -> ExactSide:
    """Every goods delivery that was booked or changed in the period; raises Exact's errors."""
    shown: dict[UUID, ExactDelivery] = {}
    after = _start(client, since_at)
    for _ in _turns():
        page = client.sync(SyncEndpoint.GOODS_DELIVERIES, after)
        shown |= {row.key: _of_row(row, row.record) for row in page.rows if isinstance(row.record, GoodsDelivery)}
        after = page.highest
        if not page.more:
            return ExactSide(read_at=read_at, shown=shown)
    return ExactSide(read_at=read_at, shown=shown, is_whole=False)


def ask_for(
    client: ExactClient, side: ExactSide, keys: Sequence[UUID], *, booked: Mapping[UUID, datetime]
) -> ExactSide:
    """The same side with these deliveries as well, the first ones of them where there are too many.

    `booked` says when some of them were booked, as an earlier run read it.
    """
    wanted = [key for key in dict.fromkeys(keys) if key not in side.shown]
    asked = wanted[:KEYS_AT_ONCE]
    goods = client.goods_deliveries(asked) if asked else []
    found = {one.entry_id: _of_goods(one, booked_at=booked.get(one.entry_id)) for one in goods}
    return ExactSide(
        read_at=side.read_at,
        shown={**side.shown, **found},
        asked=frozenset(asked),
        is_whole=side.is_whole and len(asked) == len(wanted),
    )


def _turns() -> Iterator[int]:
    """As many pages as one run takes, and no longer than it may last."""
    ends = time.monotonic() + SECONDS_AT_ONCE
    return itertools.takewhile(lambda _: time.monotonic() < ends, range(PAGES_AT_ONCE))


def _start(client: ExactClient, since_at: datetime) -> int:
    for moment in (since_at, since_at - WIDER):
        try:
            first = client.sync_timestamp(SyncEndpoint.GOODS_DELIVERIES, moment)
        except ExactRejected:
            break
        if first is not None:
            return first - 1
    return FIRST_TIMESTAMP


def _of_row(row: SyncRow, goods: GoodsDelivery) -> ExactDelivery:
    return _of_goods(goods, booked_at=row.created_at)


def _of_goods(goods: GoodsDelivery, *, booked_at: datetime | None = None) -> ExactDelivery:
    return ExactDelivery(
        entry_id=goods.entry_id,
        number=str(goods.delivery_number or ""),
        tracking_number=goods.tracking_number,
        method_id=goods.shipping_method_id,
        method_code=goods.shipping_method_code,
        modified_at=goods.modified_at,
        booked_at=booked_at,
    )
