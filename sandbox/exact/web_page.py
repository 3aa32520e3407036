"""The small web page: companies, booking a delivery, deliveries with their tracking numbers, calls, trouble, clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import jinja2
import orjson
from aiohttp import web

from sandbox.core.app import CALLS, CLOCK, FAULTS, TITLE
from sandbox.core.calllog import Call, readable_body
from sandbox.core.pages import back_to, page
from sandbox.exact.booking import Booking, BookingError, shown_delivery
from sandbox.exact.records import DELIVERIES, DELIVERY_LINES
from sandbox.exact.seed import Seeder
from sandbox.exact.sites import SITES
from sandbox.exact.store import Company, User
from sandbox.exact.wallclock import wall_text
from sandbox.exact.webhooks import SUBSCRIPTIONS, VALIDATED, Notifier
from sandbox.exact.world import World

SHOWN_CALLS = 30
SHOWN_DELIVERIES = 40
SHOWN_NOTIFICATIONS = 15
LINE_FIELDS = 3
API_PATH = "^/../api/v1/"
HOUR_SECONDS = 3600
CLOCK_STEPS = {
    "minute": 60,
    "ten minutes": 600,
    "hour": HOUR_SECONDS,
    "day": 24 * HOUR_SECONDS,
    "31 days": 31 * 24 * HOUR_SECONDS,
}

TROUBLES: dict[str, tuple[str, dict[str, object]]] = {
    "busy": ("Next call: too many requests", {"path_regex": API_PATH, "action": "status", "status": 429}),
    "down": ("Next 3 calls: maintenance", {"path_regex": API_PATH, "action": "status", "status": 503, "times": 3}),
    "broken": ("Next call: server error", {"path_regex": API_PATH, "action": "status", "status": 500}),
    "html": ("Next call: a web page instead of data", {"path_regex": API_PATH, "action": "html_200"}),
    "lost_write": (
        "Next write happens, its answer is lost",
        {"operation": "PUT salesorder/GoodsDeliveries", "action": "reset_after"},
    ),
    "slow_read": (
        "Next read takes 40 seconds",
        {"operation": "GET salesorder/GoodsDeliveries", "action": "stall_before", "seconds": 40},
    ),
    "lost_token": ("Next token answer is lost", {"operation": "oauth.token", "action": "reset_after"}),
    "half": ("Next answer breaks off half-way", {"path_regex": API_PATH, "action": "half_body"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """A call as the page shows it."""

    at: datetime
    method: str
    path: str
    query: str
    operation: str
    status: int | None
    fault: str
    duration_ms: float
    request_text: str
    response_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """Handlers of the page and its forms."""

    world: World
    seeder: Seeder
    booking: Booking
    notifier: Notifier
    templates: jinja2.Environment

    def routes(self) -> list[web.RouteDef]:
        """To be added to the application."""
        return [
            web.get("/", self.show),
            web.get(r"/sandbox/page/companies/{division:\d+}", self.show_company),
            web.post("/sandbox/page/companies", self.found),
            web.post(r"/sandbox/page/companies/{division:\d+}/deliveries", self.book),
            web.post("/sandbox/page/trouble", self.order_trouble),
            web.post("/sandbox/page/trouble/remove", self.remove_trouble),
            web.post("/sandbox/page/clock", self.move_clock),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Companies, trouble, clock, calls."""
        values = self._common(request) | {
            "companies": [self._summary(company) for company in self.world.companies.values()],
            "sites": SITES.values(),
            "apps": list(self.world.apps.values()),
            "troubles": {name: text for name, (text, _order) in TROUBLES.items()},
            "faults": request.app[FAULTS].waiting(),
            "steps": CLOCK_STEPS,
            "calls": [_shown_call(call) for call in request.app[CALLS].latest(SHOWN_CALLS)],
            "notifications": list(self.notifier.sent)[-SHOWN_NOTIFICATIONS:][::-1],
        }
        return page(self.templates, "start.html", values)

    async def show_company(self, request: web.Request) -> web.Response:
        """One company: book a delivery, see what became of the others."""
        company = self._company(request)
        rows = list(company.table(DELIVERIES).rows())[-SHOWN_DELIVERIES:][::-1]
        values = self._common(request) | {
            "company": company,
            "site": SITES[company.site],
            "known": self.booking.describe(company, self._owner(company)),
            "deliveries": [self._delivery(company, shown_delivery(company, row)) for row in rows],
            "total": len(company.table(DELIVERIES)),
            "line_fields": range(LINE_FIELDS),
            "subscriptions": list(company.table(SUBSCRIPTIONS).rows()),
            "validated": VALIDATED,
        }
        return page(self.templates, "company.html", values)

    async def found(self, request: web.Request) -> web.Response:
        """Found a company from the form."""
        form = await request.post()
        site = str(form.get("site", "nl"))
        if site not in SITES:
            return back_to("/")
        name = str(form.get("name", "")).strip() or None
        user = self.world.users.get(str(form.get("user", ""))) or self.seeder.make_user(site)
        company = self.seeder.make_company(site, user=user, name=name, country=None)
        return back_to(f"/sandbox/page/companies/{company.division}")

    async def book(self, request: web.Request) -> web.Response:
        """Book a delivery from the form."""
        company = self._company(request)
        form = await request.post()
        order: dict[str, object] = {
            "account_id": form.get("account"),
            "shipping_method_id": form.get("method") or None,
            "remarks": str(form.get("remarks", "")),
            "lines": _lines(list(map(str, form.getall("item", []))), list(map(str, form.getall("quantity", [])))),
        }
        here = f"/sandbox/page/companies/{company.division}"
        try:
            self.booking.book(company, order, user_id=self._owner(company).user_id)
        except BookingError:
            return back_to(here + "?notice=nothing")
        return back_to(here + "?notice=booked")

    async def order_trouble(self, request: web.Request) -> web.Response:
        """A button for trouble was pressed."""
        form = await request.post()
        trouble = TROUBLES.get(str(form.get("trouble")))
        if trouble is not None:
            request.app[FAULTS].add(trouble[1])
        return back_to("/")

    async def remove_trouble(self, request: web.Request) -> web.Response:
        """Trouble is taken back."""
        number = str((await request.post()).get("id", ""))
        if number.isdecimal():
            request.app[FAULTS].remove(int(number))
        return back_to("/")

    async def move_clock(self, request: web.Request) -> web.Response:
        """The clock jumps ahead."""
        seconds = CLOCK_STEPS.get(str((await request.post()).get("step")))
        if seconds is not None:
            request.app[CLOCK].advance(seconds)
        return back_to("/")

    def _common(self, request: web.Request) -> dict[str, object]:
        clock = request.app[CLOCK]
        return {
            "title": request.app[TITLE],
            "theme": "exact",
            "now": clock.now().strftime("%Y-%m-%d %H:%M:%S"),
            "speed": clock.speed,
            "notice": _NOTICES.get(request.query.get("notice", "")),
        }

    def _summary(self, company: Company) -> Mapping[str, object]:
        return {
            "company": company,
            "site": SITES[company.site],
            "user": self._owner(company),
            "deliveries": len(company.table(DELIVERIES)),
            "subscriptions": len(company.table(SUBSCRIPTIONS)),
        }

    def _delivery(self, company: Company, shown: Mapping[str, object]) -> Mapping[str, object]:
        lines = company.table(DELIVERY_LINES).find("EntryID", str(shown["EntryID"]))
        created = shown["Created"]
        return {
            **shown,
            "at": wall_text(created)[11:19] if isinstance(created, int) else "",
            "lines": [
                f"{line['QuantityDelivered']:g} x {line['Description']}"
                + (f" ({line['TrackingNumber']})" if line["TrackingNumber"] else "")
                for line in lines
            ],
        }

    def _company(self, request: web.Request) -> Company:
        company = self.world.companies.get(int(request.match_info["division"]))
        if company is None:
            raise web.HTTPNotFound(text="There is no such company.")
        return company

    def _owner(self, company: Company) -> User:
        return next(user for user in self.world.users.values() if company.division in user.divisions)


_NOTICES = {
    "booked": "The goods delivery is booked.",
    "nothing": "Nothing was booked: choose at least one item with a quantity.",
}


def _lines(items: list[str], quantities: list[str]) -> list[dict[str, object]]:
    """The filled lines of the form."""
    lines: list[dict[str, object]] = []
    for item, quantity in zip(items, quantities, strict=False):
        text = quantity.strip()
        if item and text.isdecimal() and int(text) > 0:
            lines.append({"item_id": item, "quantity": int(text)})
    return lines


def _shown_call(call: Call) -> ShownCall:
    return ShownCall(
        at=call.at,
        method=call.method,
        path=call.path,
        query=call.query,
        operation=call.operation,
        status=call.status,
        fault=call.fault,
        duration_ms=call.duration_ms,
        request_text=_pretty(call.request_body),
        response_text=_pretty(call.response_body),
    )


def _pretty(body: bytes) -> str:
    readable = readable_body(body)
    if readable is None:
        return "no body"
    if isinstance(readable, str):
        return readable
    return orjson.dumps(readable, option=orjson.OPT_INDENT_2).decode()
