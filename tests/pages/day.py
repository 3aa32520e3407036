"""A day at a desk between both stand-ins: who sits there, what is booked, and what the outside world has of it."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Route
from pypdf import PdfReader

from syncjobs import ticks
from syncjobs.models import Delivery
from tenants.models import User
from tests.journey.conftest import Journey
from tests.journey.way import Way
from tests.pages.test_browser import WIDTHS
from tests.pages.walk import Walk, stay_signed_in

THEMES = ("light", "dark")
REFUSAL = {
    "path_regex": "/ship$",
    "action": "status",
    "status": 400,
    "times": 1,
    "body": {"response": {"errors": [{"code": "120124", "message": "Service not available"}]}},
}
"""Given once, to whatever is sent next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A goods delivery as the bookkeeper knows it."""

    entry_id: str
    number: str


@dataclass(slots=True, kw_only=True)
class Day:
    """A person at the window, who may call on both stand-ins and let workers work."""

    walk: Walk
    way: Way
    printed: list[bytes] = field(default_factory=list)
    """Files that the browser was given to print."""

    def __post_init__(self) -> None:
        """Keep what is printed instead of showing it: a browser without a screen has no viewer and no printer."""
        context = self.walk.page.context

        def keep(route: Route) -> None:
            answer = route.fetch()
            if answer.headers.get("content-type") != "application/pdf":
                route.fulfill(response=answer)
                return
            self.printed.append(answer.body())
            route.fulfill(content_type="text/html", body="<title>Labels</title>")

        context.route("**/print/", keep)
        context.route("**/label.pdf", lambda route: route.fulfill(content_type="text/html", body="the label"))
        context.add_init_script("window.print = () => { window.top.printed = true; };")

    @property
    def journey(self) -> Journey:
        """The company with its connections."""
        return self.way.journey

    def become(self, person: User) -> None:
        """Somebody else sits down."""
        self.walk.page.context.clear_cookies()
        stay_signed_in(self.walk.window, person)

    def open(self, name: str, *args: object) -> None:
        """A page of the company."""
        self.walk.page.goto(self.walk.window.site + reverse(name, args=[self.journey.tenant.code, *args]))

    def open_delivery(self, booked: Booked) -> None:
        """The page of a delivery."""
        self.open("syncjobs:delivery", self.row(booked).code)
        self.walk.sees(f"Delivery {booked.number}")

    def picture(self, name: str) -> None:
        """At every width, light and dark; nothing sticks out, and axe looks at each theme."""
        page = self.walk.page
        for width, (wide, high) in WIDTHS.items():
            page.set_viewport_size({"width": wide, "height": high})
            for theme in THEMES:
                page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
                self.walk.window.photograph(f"{name}-{width}-{theme}")
        self.walk.note_violations(f"{name} (dark)")
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        wide, high = WIDTHS["desk"]
        page.set_viewport_size({"width": wide, "height": high})

    def line_of(self, booked: Booked) -> Locator:
        """What the page "To do" says of a delivery."""
        title = re.compile(rf"^Delivery {booked.number}\b")
        return self.walk.page.get_by_role("article", name=title)

    def book(self, count: int = 1, **wishes: Any) -> list[Booked]:
        """As the bookkeeper does; returns when we were told."""
        company = self.journey.company
        order = {
            "account_id": company.account_in("NL")["id"],
            "shipping_method_id": str(company.method("UPSSTD")),
            "lines": [{"item_id": company.item_with_weight()["id"], "quantity": 2}],
            "count": count,
            **wishes,
        }
        made = company.exact.control("POST", f"companies/{company.division}/deliveries", order)["deliveries"]
        booked = [Booked(entry_id=str(row["EntryID"]), number=str(row["DeliveryNumber"])) for row in made]
        for one in booked:
            self.journey.notified(one.entry_id)
        return booked

    def row(self, booked: Booked) -> Delivery:
        """What we have of it."""
        found = self.journey.delivery(booked.entry_id)
        assert found is not None
        return found

    def number_in_exact(self, booked: Booked) -> str:
        """The tracking number that stands there."""
        return str(self.journey.company.delivery(booked.entry_id)["TrackingNumber"] or "")

    def live_numbers(self) -> set[str]:
        """Of every parcel that UPS will carry for the company."""
        shipments = [one for one in self.journey.shipments_at_ups() if not one["voided"]]
        return {parcel["tracking_number"] for one in shipments for parcel in one["parcels"]}

    def travel(self, some: Sequence[Booked], script: str) -> None:
        """Hand the parcels to UPS, which does with them what the script says."""
        for one in some:
            self.way.travel_all(self.way.parcels(self.row(one)), script)

    def let_pass(self, hours: float, some: Sequence[Booked]) -> None:
        """Let time pass at UPS, and hear what became of these."""
        self.way.advance(hours)
        self.way.look_now(*(self.row(one) for one in some))

    def count(self) -> None:
        """What the clock has done every ten minutes."""
        ticks.plan_figures(at=timezone.now())
        self.journey.work()


def pages_of(document: bytes) -> int:
    """Of a PDF."""
    return len(PdfReader(io.BytesIO(document)).pages)
