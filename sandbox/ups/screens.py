"""The small web page: shipments with labels, calls, trouble to inject."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from aiohttp import web

from sandbox.core.app import CALLS, FAULTS, TITLE
from sandbox.core.calllog import Call, readable_body
from sandbox.core.pages import back_to, page, page_environment
from sandbox.ups.refusals import TOO_MANY_REQUESTS
from sandbox.ups.state import UPS

TEMPLATES = page_environment(Path(__file__).parent / "templates")
SHOWN_SHIPMENTS = 30
SHOWN_CALLS = 30

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
    ]


async def show_page(request: web.Request) -> web.Response:
    """Everything on one page."""
    ups = request.app[UPS]
    shipments = ups.shipments.all()
    values = {
        "title": request.app[TITLE],
        "theme": "ups",
        "now": ups.clock.now().strftime("%d %b %Y %H:%M:%S"),
        "speed": ups.clock.speed,
        "shipments": shipments[::-1][:SHOWN_SHIPMENTS],
        "shipment_count": len(shipments),
        "clients": ups.accounts.all(),
        "calls": [_shown(call) for call in request.app[CALLS].latest(SHOWN_CALLS)],
        "faults": request.app[FAULTS].waiting(),
        "troubles": {name: text for name, (text, _) in TROUBLES.items()},
    }
    return page(TEMPLATES, "ups.html", values)


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
