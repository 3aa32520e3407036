"""The small web page: shipments with labels, calls, trouble to inject."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from aiohttp import web

from sandbox.core.app import CALLS, FAULTS
from sandbox.core.calllog import Call, readable_body
from sandbox.core.pages import back_to
from sandbox.ups import page_settings, travel_screens, view_screens
from sandbox.ups.pages import ups_page
from sandbox.ups.quantum_view import refusal_body
from sandbox.ups.refusals import TOO_MANY_REQUESTS
from sandbox.ups.shipments import Shipment
from sandbox.ups.state import UPS, Ups
from sandbox.ups.view_questions import UNAVAILABLE, ViewRefusal

SHOWN_SHIPMENTS = 30
SHOWN_CALLS = 30
RETRY_SECONDS = 300

TROUBLES: dict[str, tuple[str, dict[str, object]]] = {
    "lost_answer": ("Next shipment is made, its answer gets lost", {"operation": "ship", "action": "reset_after"}),
    "lost_call": ("Next ship call never arrives", {"operation": "ship", "action": "reset_before"}),
    "late": ("Next ship call lands 30 seconds late", {"operation": "ship", "action": "late_effect", "seconds": 30}),
    "slow": ("Next ship answer takes 70 seconds", {"operation": "ship", "action": "stall_after", "seconds": 70}),
    "down": ("Next 3 calls: service unavailable", {"path_regex": "^/api/", "action": "status", "times": 3}),
    "busy": (
        "Next call: too many requests",
        {
            "path_regex": "^/api/",
            "action": "status",
            "status": TOO_MANY_REQUESTS,
            "body": {"response": {"errors": [{"code": "10429", "message": "Too Many Requests"}]}},
        },
    ),
    "no_label": ("Next shipment comes without its label", {"operation": "ship", "action": "drop_label"}),
    "half": ("Next ship answer breaks off half-way", {"operation": "ship", "action": "half_body"}),
    "no_alert": (
        "Next 3 subscription calls: unavailable",
        {"operation": "subscribe_parcels", "action": "status", "times": 3},
    ),
    "alert_lost": (
        "Next subscription is taken, its answer gets lost",
        {"operation": "subscribe_parcels", "action": "reset_after"},
    ),
    "no_tracking": ("Next 3 Tracking calls: unavailable", {"operation": "track", "action": "status", "times": 3}),
    "view_later": (
        "Next Quantum View call: come back in 5 minutes",
        {
            "operation": "quantum_view",
            "action": "status",
            "status": 200,
            "body": refusal_body(ViewRefusal(UNAVAILABLE, retry_seconds=RETRY_SECONDS)),
        },
    ),
    "view_lost": ("Next Quantum View answer gets lost", {"operation": "quantum_view", "action": "reset_after"}),
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


def routes() -> list[web.RouteDef]:
    """The page and its buttons."""
    return [
        web.get("/", show_page),
        web.post("/sandbox/page/trouble", order_trouble),
        web.post("/sandbox/page/trouble/remove", remove_trouble),
        web.post("/sandbox/page/clock", advance_clock),
        *page_settings.routes(),
        *travel_screens.routes(),
        *view_screens.routes(),
    ]


async def show_page(request: web.Request) -> web.Response:
    """Everything on one page."""
    ups = request.app[UPS]
    shipments = ups.shipments.all()
    values = {
        "shipments": [_shown_shipment(ups, shipment) for shipment in shipments[::-1][:SHOWN_SHIPMENTS]],
        "shipment_count": len(shipments),
        "clients": ups.accounts.all(),
        "view_subscriptions": view_screens.shown_subscriptions(ups),
        "choices": page_settings.CHOICES,
        "current": page_settings.current_values(ups.settings),
        "calls": [_shown(call) for call in request.app[CALLS].latest(SHOWN_CALLS)],
        "faults": request.app[FAULTS].waiting(),
        "troubles": {name: text for name, (text, _) in TROUBLES.items()},
    }
    return ups_page(request, "ups.html", values | travel_screens.travel_choices())


async def order_trouble(request: web.Request) -> web.Response:
    """One of the prepared faults."""
    form = await request.post()
    trouble = TROUBLES.get(str(form.get("trouble", "")))
    if trouble:
        request.app[FAULTS].add(trouble[1])
    return back_to("/#trouble")


async def remove_trouble(request: web.Request) -> web.Response:
    """Take a fault back."""
    form = await request.post()
    number = str(form.get("id", ""))
    if number.isdecimal():
        request.app[FAULTS].remove(int(number))
    return back_to("/#trouble")


async def advance_clock(request: web.Request) -> web.Response:
    """Jump ahead by some hours."""
    form = await request.post()
    hours = str(form.get("hours", ""))
    if hours.isdecimal():
        request.app[UPS].clock.advance(int(hours) * 3600)
    return back_to("/")


def _shown_shipment(ups: Ups, shipment: Shipment) -> tuple[Shipment, list[travel_screens.ShownParcel]]:
    return shipment, [travel_screens.shown_parcel(ups, parcel) for parcel in shipment.parcels]


def _shown(call: Call) -> ShownCall:
    return ShownCall(
        at=call.at,
        method=call.method,
        path=call.path,
        query=call.query,
        operation=call.operation,
        status=call.status,
        fault=call.fault,
        duration_ms=call.duration_ms,
        request_text=_indented(readable_body(call.request_body)),
        response_text=_indented(readable_body(call.response_body)),
    )


def _indented(body: object) -> str:
    if body is None:
        return "(empty)"
    return body if isinstance(body, str) else orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
