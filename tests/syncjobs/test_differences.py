"""What a row of the sync API tells: older data is no news, nor is what we wrote; a change is."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exact.records import GoodsDelivery, GoodsDeliveryLine, SyncRow
from syncjobs.models import Delivery
from syncjobs.steps.differences import is_booked_since, is_news, was_missed
from syncjobs.steps.facts import facts_of
from tests.syncjobs.samples import goods, line

READ_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NUMBER = "1Z999AA10123456784"
SHIPPED = (
    Delivery.State.SHIPPING,
    Delivery.State.LABELLED,
    Delivery.State.REPORTED,
    Delivery.State.IN_TRANSIT,
    Delivery.State.DELIVERED,
    Delivery.State.CLOSED,
    Delivery.State.REVIEW,
)
WAITING = (
    Delivery.State.RECEIVED,
    Delivery.State.READY,
    Delivery.State.SKIPPED,
    Delivery.State.HOLD,
    Delivery.State.CANCELLED,
)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def known(state: Delivery.State, shown: GoodsDelivery | None = None, **columns: Any) -> Delivery:
    """A delivery that was last read at `READ_AT` as `shown`."""
    return Delivery(state=state, **facts_of(shown or goods(lines=(line(),)), READ_AT) | columns)


def row(record: GoodsDelivery | GoodsDeliveryLine, *, after: timedelta | None = None) -> SyncRow:
    """A row stamped so long after `READ_AT`; without one it has no stamp."""
    modified_at = None if after is None else READ_AT + after
    return SyncRow(timestamp=7, key=uuid.uuid4(), record=record, modified_at=modified_at)


@pytest.mark.parametrize("state", WAITING)
def test_a_delivery_that_waits_is_read_again_after_any_later_change(state: Delivery.State) -> None:
    assert is_news(known(state), row(goods(), after=minutes(1)))
    assert is_news(known(state), row(goods()))


@pytest.mark.parametrize("state", WAITING + SHIPPED)
def test_what_exact_stamped_well_before_we_read_is_no_news_whatever_it_says(state: Delivery.State) -> None:
    other = goods(tracking_number="3SABCD123", shipping_method_code="POST")

    assert not is_news(known(state), row(other, after=minutes(-3)))
    assert not is_news(known(state), row(line(quantity=Decimal(9)), after=minutes(-3)))


@pytest.mark.parametrize("state", WAITING + SHIPPED)
def test_what_was_stamped_while_we_read_is_news_only_where_it_differs(state: Delivery.State) -> None:
    assert not is_news(known(state), row(goods(), after=minutes(-1)))
    assert is_news(known(state), row(goods(shipping_method_code="POST"), after=minutes(-1)))


@pytest.mark.parametrize("state", SHIPPED)
def test_the_echo_of_our_own_write_is_no_news(state: Delivery.State) -> None:
    written: dict[str, Any] = {"written": {"tracking_number": NUMBER}, "written_at": READ_AT + minutes(1)}
    echo = goods(tracking_number=NUMBER, remarks="Shipped with UPS", document=uuid.uuid4())

    assert not is_news(known(state, **written), row(echo, after=minutes(1)))


@pytest.mark.parametrize("number", ["", "3SABCD123"])
def test_a_number_of_ours_that_somebody_took_away_or_replaced_is_news(number: str) -> None:
    written: dict[str, Any] = {"written": {"tracking_number": NUMBER}, "written_at": READ_AT + minutes(1)}
    delivery = known(Delivery.State.REPORTED, **written)

    assert is_news(delivery, row(goods(tracking_number=number), after=minutes(5)))


def test_a_foreign_number_that_we_have_seen_is_told_once() -> None:
    seen = goods(tracking_number="3SABCD123", lines=(line(),))
    delivery = known(
        Delivery.State.REPORTED, seen, written={"tracking_number": NUMBER}, written_at=READ_AT - minutes(9)
    )

    assert not is_news(delivery, row(goods(tracking_number="3SABCD123"), after=minutes(5)))


@pytest.mark.parametrize("text", ["remarks", "description"])
def test_the_customers_own_words_on_what_was_shipped_are_no_news(text: str) -> None:
    delivery = known(Delivery.State.IN_TRANSIT)

    assert not is_news(delivery, row(goods(**{text: "Call before you come"}), after=minutes(5)))


@pytest.mark.parametrize("state", WAITING + SHIPPED)
def test_lines_are_news_only_where_we_do_not_know_them(state: Delivery.State) -> None:
    assert not is_news(known(state), row(line(quantity=Decimal("2.0"), tracking_number="x"), after=minutes(5)))
    assert is_news(known(state), row(line(quantity=Decimal(3)), after=minutes(5)))
    assert is_news(known(state), row(line(item_code="TABLE")))


def test_lines_of_a_delivery_that_is_about_to_be_read_ask_for_nothing_more() -> None:
    assert not is_news(Delivery(state=Delivery.State.RECEIVED), row(line(), after=minutes(5)))


@pytest.mark.parametrize(
    ("created_at", "since"), [(READ_AT, True), (READ_AT - timedelta(seconds=1), False), (None, False)]
)
def test_only_exacts_own_moment_of_booking_proves_that_a_delivery_is_new(
    created_at: datetime | None,
    since: bool,  # noqa: FBT001  the case
) -> None:
    modified = READ_AT + timedelta(days=1)
    found = SyncRow(timestamp=7, key=uuid.uuid4(), record=goods(), created_at=created_at, modified_at=modified)

    assert is_booked_since(found, READ_AT) is since


@pytest.mark.parametrize(("seconds", "missed"), [(119, False), (121, True)])
def test_a_notification_has_two_minutes_to_arrive(seconds: int, missed: bool) -> None:  # noqa: FBT001  the case
    found = SyncRow(timestamp=7, key=uuid.uuid4(), record=goods(), created_at=READ_AT)

    assert was_missed(found, READ_AT + timedelta(seconds=seconds)) is missed
