"""A day at a desk in a real browser: what comes in, is put right, packed, printed, voided, returned and accounted for.

The outside world are both stand-ins; what a step promises is looked up there, not on our pages alone.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from connector_site.lib.local_browser import installed_browser
from exact import credentials
from syncjobs.models import Delivery
from tenants.models import Role, User
from tests.audit.test_export import edited, forged, verified_alone
from tests.factories import make_member
from tests.journey.conftest import journey
from tests.journey.way import Way, way
from tests.pages.day import REFUSAL, Booked, Day, pages_of
from tests.pages.test_browser import Window, browser, window
from tests.pages.walk import Outside, Walk
from tests.standins import poll

__all__ = ["browser", "journey", "way", "window"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
    pytest.mark.parametrize("window", ["desk"], indirect=True),
]
STREET = "Vlaanderenstraat 102 bus 3"
"""Of the customer in Belgium."""
BOOKED = 20
ON_THE_WAY = 9
"""So many are handed to UPS on the first day; the last of them is not taken in."""
SHIPPED = BOOKED - 1
"""One is voided."""
PLAIN = 16


class Deliveries:
    """What was booked in the morning, by what becomes of it."""

    def __init__(self, day: Day) -> None:
        company = day.journey.company
        unweighed = next(row for row in company.facts["items"] if row["code"] == "LOCK-U230")
        company.change("logistics/Items", unweighed["id"], NetWeight=0, GrossWeight=0)
        belgian = company.account_in("BE")
        company.change("crm/Addresses", belgian["address_id"], AddressLine1="")
        self.street_of = str(belgian["address_id"])
        self.basket = company.item_without_weight()
        self.plain = day.book(PLAIN)
        (self.weightless,) = day.book(lines=[{"item_id": self.basket["id"], "quantity": 1}])
        (self.streetless,) = day.book(account_id=belgian["id"])
        (self.to_weigh,) = day.book(lines=[{"item_id": unweighed["id"], "quantity": 1}])
        self.sent = self.plain[:ON_THE_WAY]
        self.arriving, self.missed = self.sent[:-1], self.sent[-1]
        self.voided = self.plain[-1]


@pytest.fixture
def operator(way: Way) -> User:
    return make_member(way.journey.tenant, Role.OPERATOR)


@pytest.fixture
def manager(way: Way) -> User:
    return make_member(way.journey.tenant, Role.MANAGER)


@pytest.fixture
def day(window: Window, way: Way, operator: User) -> Iterator[Day]:
    credentials.forget_kept()
    outside = Outside(exact=way.journey.company.exact, ups=way.journey.ups, app={})
    walk = Walk(window=window, outside=outside, is_counted=False)
    opened = Day(walk=walk, way=way)
    opened.become(operator)
    yield opened
    window.page.screenshot(path=window.album / "last.png", full_page=True)


def come_in(day: Day) -> tuple[Deliveries, Booked]:
    """One that UPS refuses, then all the others; they appear on the open page."""
    day.open("syncjobs:overview")
    day.walk.reads("All is ready for the first delivery")
    day.picture("01-morning")
    day.open("syncjobs:work")
    day.picture("02-nothing-to-do")
    day.open("syncjobs:deliveries")
    day.picture("03-no-deliveries")
    day.journey.ups.control("POST", "faults", REFUSAL)
    (refused,) = day.book()
    day.journey.work()
    booked = Deliveries(day)
    day.journey.work()
    day.way.subscribe()
    expect(day.walk.page.get_by_role("link", name=booked.plain[-1].number)).to_be_visible()
    expect(day.walk.page.get_by_role("checkbox", name=re.compile("^Choose delivery"))).to_have_count(BOOKED)
    day.picture("04-deliveries")
    assert {day.number_in_exact(one) for one in booked.plain} == day.live_numbers()
    assert len(day.live_numbers()) == PLAIN
    return booked, refused


def put_right(day: Day, booked: Deliveries) -> None:
    """A weight and a street are missing; both are filled in in Exact, then the button is pressed."""
    company = day.journey.company
    day.open("syncjobs:work")
    expect(day.line_of(booked.weightless)).to_contain_text(f"Item {booked.basket['code']} has no weight.")
    expect(day.line_of(booked.streetless)).to_contain_text("street")
    day.picture("05-to-do")
    day.open_delivery(booked.streetless)
    day.picture("06-held")
    company.change("logistics/Items", booked.basket["id"], GrossWeight=1.5)
    company.change("crm/Addresses", booked.street_of, AddressLine1=STREET)
    for one in (booked.weightless, booked.streetless):
        day.open("syncjobs:work")
        day.line_of(one).get_by_role("button", name="Check again").click()
        day.walk.reads("is looked at again")
        day.journey.work()
        assert day.number_in_exact(one) in day.live_numbers()
    day.open("syncjobs:work")
    expect(day.line_of(booked.streetless)).to_have_count(0)
    expect(day.line_of(booked.weightless)).to_have_count(0)


def pack(day: Day, booked: Booked) -> None:
    """Scanned, weighed and shipped without a mouse."""
    page = day.walk.page
    day.open("syncjobs:scan")
    page.locator("#scan-number:focus").wait_for()
    day.picture("07-scan")
    page.keyboard.type(booked.number)
    page.keyboard.press("Enter")
    page.locator("[name=parcel0-weight]:focus").wait_for()
    day.picture("08-weigh")
    page.keyboard.type("2.7")
    page.keyboard.press("Enter")
    page.locator("[data-wait]").wait_for()
    day.journey.work()
    page.locator(".scan-numbers").wait_for()
    day.picture("09-packed")
    number = day.number_in_exact(booked)
    assert page.locator(".scan-numbers").inner_text().strip() == number
    assert poll(lambda: page.evaluate("window.printed"), seconds=10)
    (made,) = day.journey.ups.control("GET", f"shipments?tracking_number={number}")["shipments"]
    assert [parcel["weight"].split()[0] for parcel in made["parcels"]] == ["2.7"]


def print_all(day: Day, *, without: int) -> None:
    """Every label of the list in one file; once more is no new shipment, and said so."""
    made = len(day.journey.shipments_at_ups())
    day.open("syncjobs:deliveries")
    day.walk.page.get_by_role("checkbox", name="Choose all on this page").check()
    day.picture("10-chosen")
    day.walk.press("Print labels")
    day.walk.reads(f"{without} delivery has no label to print")
    day.picture("11-print")
    press_print(day)
    day.walk.page.reload()
    day.walk.reads("Printing them again makes no new shipment and costs nothing.")
    day.picture("11-print-again")
    press_print(day)
    assert [pages_of(file) for file in day.printed] == [len(day.live_numbers())] * 2
    assert len(day.journey.shipments_at_ups()) == made


def press_print(day: Day) -> None:
    """The file comes in a tab of its own."""
    with day.walk.page.context.expect_page() as opened:
        day.walk.press("Print")
    opened.value.wait_for_load_state()
    opened.value.close()


def void(day: Day, booked: Booked) -> None:
    """The consequences first; afterwards UPS carries nothing, and Exact names nothing."""
    number = day.number_in_exact(booked)
    day.open_delivery(booked)
    day.picture("12-delivery")
    day.walk.follow("Void the label")
    day.walk.sees("Void the label?")
    day.walk.reads("a voided shipment is not paid")
    day.picture("13-void")
    assert number in day.live_numbers()
    day.walk.check("Ship nothing")
    day.walk.press("Ask UPS to void it")
    day.journey.work()
    assert number not in day.live_numbers()
    assert day.number_in_exact(booked) == ""
    assert day.row(booked).state == Delivery.State.CANCELLED
    day.open_delivery(booked)
    day.picture("14-voided")


def run_again(day: Day, booked: Booked) -> None:
    """What UPS refused once: what would happen, what it costs, and only then the shipment."""
    day.open_delivery(booked)
    day.picture("15-refused")
    day.walk.follow("Run again")
    day.walk.press("Look at what would happen")
    day.walk.reads("UPS is asked for the price")
    day.picture("16-being-looked-at")
    day.journey.work()
    day.walk.reads("Would be shipped")
    day.picture("17-looked-at")
    assert day.number_in_exact(booked) == ""
    day.walk.press("Run again")
    day.journey.work()
    assert day.number_in_exact(booked) in day.live_numbers()


def travel(day: Day, booked: Deliveries) -> None:
    """A day later all have arrived but one, at whose door nobody was."""
    day.travel(booked.arriving, "normal")
    day.travel([booked.missed], "failed_attempts")
    day.let_pass(3, booked.sent)
    day.let_pass(24, booked.sent)
    assert {day.row(one).state for one in booked.arriving} == {Delivery.State.CLOSED}
    assert day.row(booked.missed).milestone == "exception"


def see_to_it(day: Day, booked: Booked, hours: float = 60) -> None:
    """The exception is taken, noted and put off; when the parcel has arrived, it is gone by itself."""
    page = day.walk.page
    day.open("syncjobs:work")
    day.picture("18-exception")
    day.line_of(booked).get_by_role("button", name="I take it").click()
    expect(day.line_of(booked)).to_contain_text("You have it")
    day.line_of(booked).get_by_role("link", name=f"Delivery {booked.number}").click()
    day.walk.fill("New note", "Called: somebody is there from ten o'clock.")
    day.walk.press("Keep note")
    day.walk.reads("somebody is there from ten o'clock")
    day.picture("19-exception-delivery")
    day.open("syncjobs:work")
    day.line_of(booked).get_by_text("Put off").click()
    day.picture("20-put-off")
    day.line_of(booked).get_by_role("button", name="for an hour").click()
    expect(day.line_of(booked)).to_have_count(0)
    page.goto(f"{day.walk.window.site}{reverse('syncjobs:work', args=[day.journey.tenant.code])}?who=snoozed")
    expect(day.line_of(booked)).to_contain_text("Comes back")
    day.picture("21-later")
    day.let_pass(hours, [booked])
    page.reload()
    expect(day.line_of(booked)).to_have_count(0)
    assert day.row(booked).state == Delivery.State.CLOSED


def bring_back(day: Day, booked: Booked) -> None:
    """The price is shown before the label is made; Exact is told nothing."""
    made = len(day.journey.shipments_at_ups())
    told = day.journey.company.delivery(booked.entry_id)
    day.open_delivery(booked)
    day.picture("22-arrived")
    day.walk.follow("Return label")
    day.picture("23-return")
    day.walk.press("Ask for the price")
    day.journey.work()
    confirm = day.walk.page.get_by_role("button", name=re.compile(r"^Make the return label for \d+\.\d\d EUR$"))
    expect(confirm).to_be_visible()
    day.picture("24-return-price")
    assert len(day.journey.shipments_at_ups()) == made
    confirm.click()
    day.journey.work()
    day.walk.sees(f"Return of delivery {booked.number}")
    expect(day.walk.page.get_by_role("button", name="Print label")).to_be_visible()
    day.picture("25-return-made")
    assert len(day.journey.shipments_at_ups()) == made + 1
    assert day.journey.company.delivery(booked.entry_id) == told


def add_up(day: Day) -> None:
    """The day's numbers, on the overview and in the reports."""
    day.count()
    page = day.walk.page
    day.open("syncjobs:overview")
    for name, count in (("Booked", BOOKED), ("Arrived", ON_THE_WAY), ("In trouble now", 0)):
        expect(page.get_by_role("region", name="Today").locator("div", has_text=name)).to_have_text(f"{name}{count}")
    weeks = page.get_by_role("region", name="The last three weeks")
    expect(weeks.locator("dl div", has_text="Shipments")).to_have_text(f"Shipments{SHIPPED}")
    expect(weeks.locator("dl div", has_text="Delivered")).to_have_text(f"Delivered{ON_THE_WAY}")
    day.picture("26-overview")
    day.open("syncjobs:reports")
    total = page.get_by_role("region", name="All together")
    expect(total.locator("div", has_text="Shipments")).to_contain_text(str(SHIPPED))
    expect(total.locator("div", has_text="Delivered")).to_have_text(f"Delivered{ON_THE_WAY}")
    expect(total.locator("div", has_text="Charged by UPS")).to_contain_text("EUR")
    day.picture("27-reports")


def take_the_trail_along(day: Day) -> None:
    """The chain is whole; so says the auditor's own program of the file, and not of a copy somebody changed."""
    day.open("audit:trail")
    day.walk.press("Check now")
    day.journey.work()
    expect(
        day.walk.page.get_by_role("region", name="Is the trail whole?").get_by_text("Whole", exact=True)
    ).to_be_visible()
    day.picture("28-trail")
    day.walk.follow("Take the trail along")
    day.picture("29-trail-export")
    with day.walk.page.expect_download() as taken:
        day.walk.press("Download")
    export = day.walk.window.album / taken.value.suggested_filename
    taken.value.save_as(export)
    verifies(export)


def verifies(export: Path) -> None:
    """Every event of the day is in it; one that is told otherwise is named."""
    code, told = verified_alone(export)
    assert (code, "each one fits" in told) == (0, True), told
    copy = forged(export, lambda rows: [*rows[:9], edited(rows[9], actor="nobody"), *rows[10:]])
    code, told = verified_alone(copy)
    assert code == 1
    assert told.startswith("BROKEN. Event 10 ")


def look_around(day: Day) -> None:
    """What else the menu leads to, as it stands in the evening."""
    for number, name in enumerate(
        ("stations", "news", "news_choices", "health", "reconciliation"),
        start=30,
    ):
        day.open(f"syncjobs:{name}")
        day.picture(f"{number}-{name}")


def test_a_day_at_the_desk(day: Day, manager: User) -> None:
    booked, refused = come_in(day)
    put_right(day, booked)
    pack(day, booked.to_weigh)
    print_all(day, without=1)
    void(day, booked.voided)
    run_again(day, refused)
    travel(day, booked)
    see_to_it(day, booked.missed)
    bring_back(day, booked.arriving[0])
    add_up(day)
    look_around(day)
    day.become(manager)
    take_the_trail_along(day)

    assert not day.walk.violations, "\n".join(day.walk.violations)
    assert day.walk.window.complaints == []
