"""Many deliveries booked at once in one company: what that costs in calls to Exact, which allows 60 a minute."""

from collections import Counter
from typing import Any

import pytest

from syncjobs.steps.reading import READ_AT_ONCE
from tests.journey.conftest import Journey

pytestmark = pytest.mark.slow

BOOKED = 2 * READ_AT_ONCE
"""More than one call can name, and more than a minute of the narrow limit below holds."""
WIDE_LIMIT = 10_000
NARROW_LIMIT = 30
"""Calls a minute that the stand-in allows; of these we use five sixths."""
MOST_MINUTES = 5


def book(journey: Journey, count: int, **wishes: Any) -> list[str]:
    """Book, and wait until each was announced."""
    entry_ids = [journey.company.book(**wishes) for _ in range(count)]
    for entry_id in entry_ids:
        journey.notified(entry_id)
    return entry_ids


def calls_by_route(journey: Journey) -> Counter[str]:
    """How often Exact was asked for what, and written to."""
    found = [f"{call['method']} {call['path'].rsplit('/', 1)[-1].partition('(')[0]}" for call in journey.exact_calls()]
    return Counter(found)


def numbers_in_exact(journey: Journey, entry_ids: list[str]) -> set[str]:
    """The tracking numbers that stand there."""
    return {journey.company.delivery(entry_id)["TrackingNumber"] for entry_id in entry_ids} - {None, ""}


def warmed(journey: Journey, *, minutely_limit: int) -> None:
    """A company whose goods and nearest customer are known, with so many calls a minute."""
    journey.let_a_minute_pass()
    journey.company.exact.control("POST", "settings", {"minutely_limit": minutely_limit})
    journey.ship()
    journey.company.exact.control("DELETE", "calls")


def minutes_until_all_are_written(journey: Journey, entry_ids: list[str]) -> int:
    """How many minutes pass until each delivery has its number."""
    for minutes in range(1, MOST_MINUTES + 1):
        journey.let_a_minute_pass()
        journey.work()
        if len(numbers_in_exact(journey, entry_ids)) == len(entry_ids):
            return minutes
    raise AssertionError(f"not all were written within {MOST_MINUTES} minutes")


def make_customer(journey: Journey, country: str, *, has_phone: bool) -> str:
    """A customer with an address of its own, made by hand in Exact; its contact has the phone."""
    like = journey.company.account_in(country)
    contact = journey.company.record("crm/Contacts", like["contact_id"])
    account_id = journey.company.make("crm/Accounts", Name="Een andere klant", Country=country)
    values = {name: contact[name] for name in ("FirstName", "LastName", "FullName", "Phone", "BusinessPhone")}
    contact_id = journey.company.make("crm/Contacts", Account=account_id, **values)
    address = journey.company.record("crm/Addresses", like["address_id"])
    names = ("AddressLine1", "City", "Postcode", "Country", "Type", "Main")
    phone = {"Phone": address["Phone"]} if has_phone else {}
    values = {name: address[name] for name in names} | phone
    journey.company.make("crm/Addresses", Account=account_id, Contact=contact_id, **values)
    return account_id


def without_echoes(journey: Journey) -> None:
    """Exact does not tell us of our own writes here; what those cost stands in `test_costs`."""
    journey.company.exact.control("POST", "settings", {"echo_own_changes": False})


@pytest.fixture(autouse=True)
def usual_settings(journey: Journey) -> Any:
    """The stand-in is shared: give it back as it was."""
    before = journey.company.exact.control("GET", "settings")
    without_echoes(journey)
    yield
    kept = {name: before[name] for name in ("echo_own_changes", "minutely_limit")}
    journey.company.exact.control("POST", "settings", kept)


def test_many_deliveries_cost_one_write_each_and_a_read_for_22(journey: Journey) -> None:
    warmed(journey, minutely_limit=WIDE_LIMIT)

    entry_ids = book(journey, BOOKED)
    journey.work()

    assert calls_by_route(journey) == {"GET GoodsDeliveries": 2, "PUT GoodsDeliveries": BOOKED}
    assert len(numbers_in_exact(journey, entry_ids)) == BOOKED


def test_numbers_that_wait_for_the_next_minutes_cost_a_read_for_22_and_not_one_each(journey: Journey) -> None:
    warmed(journey, minutely_limit=NARROW_LIMIT)
    entry_ids = book(journey, BOOKED)

    minutes = minutes_until_all_are_written(journey, entry_ids)

    calls = calls_by_route(journey)
    assert calls["PUT GoodsDeliveries"] == BOOKED
    assert calls["GET GoodsDeliveries"] <= 2 + minutes * 2
    assert minutes == 2
    assert {call["status"] for call in journey.exact_calls()} == {200, 204}


def test_customers_never_seen_before_cost_one_read_of_addresses_together(journey: Journey) -> None:
    warmed(journey, minutely_limit=WIDE_LIMIT)
    customers = [make_customer(journey, "NL", has_phone=True) for _ in range(6)]
    journey.company.exact.control("DELETE", "calls")

    entry_ids = [book(journey, 1, account_id=each)[0] for each in customers]
    journey.work()

    reads = {"GET GoodsDeliveries": 1, "GET Addresses": 1}
    assert calls_by_route(journey) == {**reads, "PUT GoodsDeliveries": 6}
    assert len(numbers_in_exact(journey, entry_ids)) == 6


def test_phones_of_customers_abroad_are_asked_for_together(journey: Journey) -> None:
    warmed(journey, minutely_limit=WIDE_LIMIT)
    customers = [make_customer(journey, "DE", has_phone=False) for _ in range(4)]
    journey.company.exact.control("DELETE", "calls")

    entry_ids = [book(journey, 1, account_id=each)[0] for each in customers]
    journey.work()

    reads = {"GET GoodsDeliveries": 1, "GET Addresses": 1, "GET Contacts": 1}
    assert calls_by_route(journey) == {**reads, "PUT GoodsDeliveries": 4}
    assert len(numbers_in_exact(journey, entry_ids)) == 4


def test_many_whose_order_alone_names_the_shipping_method_cost_one_read_of_orders(journey: Journey) -> None:
    warmed(journey, minutely_limit=WIDE_LIMIT)

    entry_ids = book(journey, 5, shipping_method_id=None)
    journey.work()

    calls = calls_by_route(journey)
    assert calls["GET SalesOrders"] == 1
    assert calls["GET Accounts"] <= 1
    assert len(entry_ids) == 5
