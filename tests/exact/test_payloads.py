"""Envelopes and odd values of Exact's answers, recorded ones included."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from exact import payloads
from exact.directory import WireMe, WireSystemDivision
from exact.payloads import UnreadableAnswer, error_text, expanded, read_page
from exact.resources import WireAccount, WireContact, WireGoodsDelivery, WireGoodsDeliveryLine, WireItem, lines_of
from tests.exact import samples

MODELS: dict[str, type[Any]] = {
    "crm/Accounts": WireAccount,
    "crm/Contacts": WireContact,
    "logistics/Items": WireItem,
    "system/Divisions": WireSystemDivision,
    "current/Me": WireMe,
}
ENTRY = "0f0e0d0c-0b0a-0908-0706-050403020100"


def resource_of(payload: dict[str, Any]) -> str:
    """Which resource a recorded request was about."""
    path: str = payload["request"]["path"].split("/api/v1/")[1].split("(")[0]
    return path if path.startswith("current/") else path.partition("/")[2]


def at_path(document: Any, path: str) -> Any:
    """What stands at a dotted path."""
    for part in path.split("."):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


@samples.NEEDS_SAMPLES
@pytest.mark.parametrize("payload", samples.payloads("answer"))
def test_recorded_answers_give_their_rows(payload: dict[str, Any]) -> None:
    page = read_page(samples.body_of(payload))

    assert len(page.rows) == payload["expect"]["rows"]
    assert (page.next_url is not None) == payload["expect"].get("next", False)


@samples.NEEDS_SAMPLES
@pytest.mark.parametrize("payload", [*samples.payloads("answer"), *samples.payloads("date")])
def test_recorded_dates_are_wall_clock_time(payload: dict[str, Any]) -> None:
    instants = payload["expect"].get("instants", {})
    dates = payload["expect"].get("dates", {})

    read_instants = {path: payloads.instant(at_path(payload["body"], path)) for path in instants}
    read_dates = {path: payloads.day(at_path(payload["body"], path)) for path in dates}

    assert read_instants == {path: datetime.fromisoformat(text) for path, text in instants.items()}
    assert read_dates == {path: date.fromisoformat(text) for path, text in dates.items()}


@samples.NEEDS_SAMPLES
@pytest.mark.parametrize("payload", [one for one in samples.payloads("answer") if resource_of(one.values[0]) in MODELS])
def test_recorded_rows_of_resources_we_read_become_records(payload: dict[str, Any]) -> None:
    rows = payloads.parse(MODELS[resource_of(payload)], read_page(samples.body_of(payload)).rows)

    assert len([row.record() for row in rows]) == payload["expect"]["rows"]


@samples.NEEDS_SAMPLES
@pytest.mark.parametrize("payload", samples.payloads("error"))
def test_recorded_refusals_give_their_text_or_none(payload: dict[str, Any]) -> None:
    body = payload["body"]
    expected = body["error"]["message"]["value"] if isinstance(body, dict) else ""

    assert error_text(samples.body_of(payload)) == expected


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b'{"d":[{"a":1},{"a":2}]}', 2),
        (b'{"d":{"results":[{"a":1}]}}', 1),
        (b'{"d":{"results":[]}}', 0),
        (b'{"d":{"UserHasRights":true}}', 1),
        (b"", 0),
        (b"  ", 0),
    ],
)
def test_every_shape_of_d_is_read(body: bytes, rows: int) -> None:
    assert len(read_page(body).rows) == rows


@pytest.mark.parametrize(
    "body", [b"<html></html>", b"[]", b'{"e":1}', b'{"d":3}', b'{"d":[1]}', b'{"d":{"results":[null]}}', b"\xff\xfe"]
)
def test_other_shapes_are_named_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        read_page(body)


def test_numbers_keep_the_digits_exact_sent() -> None:
    page = read_page(b'{"d":[{"ID":"%b","NetWeight":0.1,"GrossWeight":2}]}' % ENTRY.encode())

    item = payloads.parse(WireItem, page.rows)[0].record()

    assert (item.net_weight, item.gross_weight) == (Decimal("0.1"), Decimal(2))


def test_texts_lose_their_padding_and_nulls_become_empty() -> None:
    row = {"ID": ENTRY, "Code": "                24", "Country": "NL ", "Name": None, "Phone": 31}

    account = payloads.parse(WireAccount, [row])[0].record()

    assert (account.code, account.country, account.name, account.phone) == ("24", "NL", "", "31")


def test_a_contact_gives_business_details_before_private_ones() -> None:
    row = {"ID": ENTRY, "Email": "private@example.com", "BusinessEmail": "work@example.com", "Phone": "1"}

    contact = payloads.parse(WireContact, [row])[0].record()

    assert (contact.email, contact.phone) == ("work@example.com", "1")


def test_the_division_status_of_both_lists_means_archived() -> None:
    rows = [{"Code": 1, "Status": 2}, {"Code": 2, "Status": 1}, {"Code": 3, "Status": 1, "BlockingStatus": 9}]

    found = [row.record() for row in payloads.parse(WireSystemDivision, rows)]

    assert [(one.is_archived, one.is_blocked) for one in found] == [(True, False), (False, False), (False, True)]


def test_a_missing_key_names_the_property_and_not_its_value() -> None:
    with pytest.raises(UnreadableAnswer, match="WireGoodsDelivery: EntryID") as unread:
        payloads.parse(WireGoodsDelivery, [{"EntryID": "secret text"}])

    assert "secret text" not in str(unread.value)


def test_one_line_split_over_locations_stays_two_and_a_repeated_row_becomes_one() -> None:
    one = {"ID": ENTRY, "EntryID": ENTRY, "QuantityDelivered": 1, "StorageLocation": ENTRY}
    other = one | {"StorageLocation": None, "QuantityDelivered": 2.5}
    row = {"GoodsDeliveryLines": {"results": [one, other, one]}}

    lines = lines_of(row)

    assert lines is not None
    assert [(line.storage_location_id, line.quantity) for line in lines] == [
        (UUID(ENTRY), Decimal(1)),
        (None, Decimal("2.5")),
    ]


def test_deferred_lines_are_not_taken_for_no_lines() -> None:
    assert lines_of({"GoodsDeliveryLines": {"__deferred": {"uri": "https://x"}}}) is None
    assert lines_of({"GoodsDeliveryLines": {"results": []}}) == ()
    assert expanded([{"a": 1}]) == ({"a": 1},)


def test_64_bit_numbers_are_read_from_text_and_from_digits() -> None:
    rows = [{"ID": ENTRY, "EntryID": ENTRY, "QuantityDelivered": 1, "SalesOrderNumber": value} for value in ("7", 7)]

    assert [line.sales_order_number for line in payloads.parse(WireGoodsDeliveryLine, rows)] == [7, 7]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/Date(1768471200000)/", datetime(2026, 1, 15, 9, tzinfo=UTC)),
        ("/Date(1782404890063+0200)/", datetime(2026, 6, 25, 14, 28, 10, 63_000, tzinfo=UTC)),
        ("2026-06-25T16:28:10", datetime(2026, 6, 25, 14, 28, 10, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_instants_in_winter_summer_and_iso(value: str | None, expected: datetime | None) -> None:
    assert payloads.instant(value) == expected


def test_odd_numbers_are_unreadable_and_zero_and_blanks_are_not() -> None:
    number: TypeAdapter[Decimal] = TypeAdapter(payloads.Number)
    key: TypeAdapter[UUID | None] = TypeAdapter(payloads.Key)

    with pytest.raises(ValidationError):
        number.validate_python("twelve")
    assert (number.validate_python(" 1.50 "), number.validate_python(Decimal("0.0"))) == (Decimal("1.50"), Decimal(0))
    assert TypeAdapter(payloads.OptionalNumber).validate_python(" ") is None
    assert (key.validate_python("  "), payloads.day(" ")) == (None, None)


@pytest.mark.parametrize(
    "far", ["/Date(99999999999999999999)/", "/Date(-99999999999999999999)/", "/Date(-62135596800000)/"]
)
def test_a_moment_outside_the_calendar_is_none(far: str) -> None:
    assert payloads.instant(far) is None
