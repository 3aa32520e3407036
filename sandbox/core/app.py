"""The frame of a stand-in: an aiohttp application with call log, faults and the routes under `/sandbox/`."""

from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from sandbox.core.answers import NotAnObjectError, json_answer, read_object, refusal
from sandbox.core.calllog import CallLog
from sandbox.core.clock import Clock
from sandbox.core.faults import FaultScript, InvalidFaultError
from sandbox.core.settings import InvalidSettingError, Settings
from sandbox.core.storm import Storm, Subject, about_nothing
from sandbox.core.watch import Identify, Watch, operation_by_route

MAX_REQUEST_BYTES = 32_000_000
STYLE_FILE = Path(__file__).parent / "style.css"

TITLE = web.AppKey("title", str)
CLOCK = web.AppKey("clock", Clock)
CALLS = web.AppKey("calls", CallLog)
FAULTS = web.AppKey("faults", FaultScript)
STORM = web.AppKey("storm", Storm)
SETTINGS = web.AppKey("settings", Settings)
ON_RESET: web.AppKey[list[Callable[[], None]]] = web.AppKey("on_reset", list)
"""Functions that empty the stand-in's own store; append yours after `make_app`."""


def make_app(
    title: str,
    clock: Clock,
    calls: CallLog,
    faults: FaultScript,
    *,
    settings: Settings | None = None,
    identify: Identify = operation_by_route,
    subject: Subject = about_nothing,
) -> web.Application:
    """An application with middleware and control routes installed; add your own routes to it."""
    settings = settings or Settings()
    storm = Storm()
    watch = Watch(
        clock=clock, calls=calls, faults=faults, settings=settings, identify=identify, storm=storm, subject=subject
    )
    app = web.Application(client_max_size=MAX_REQUEST_BYTES, middlewares=[watch.middleware(), _plain_refusals])
    app[TITLE] = title
    app[CLOCK] = clock
    app[CALLS] = calls
    app[FAULTS] = faults
    app[STORM] = storm
    app[SETTINGS] = settings
    app[ON_RESET] = []
    _add_control_routes(app)
    return app


def _add_control_routes(app: web.Application) -> None:
    app.add_routes(
        [
            web.get("/sandbox/health", _health),
            web.get("/sandbox/calls", _list_calls),
            web.delete("/sandbox/calls", _clear_calls),
            web.get("/sandbox/faults", _list_faults),
            web.post("/sandbox/faults", _add_faults),
            web.delete("/sandbox/faults", _clear_faults),
            web.delete("/sandbox/faults/{id:[0-9]+}", _remove_fault),
            web.get("/sandbox/storm", _show_storm),
            web.post("/sandbox/storm", _begin_storm),
            web.delete("/sandbox/storm", _end_storm),
            web.get("/sandbox/clock", _show_clock),
            web.post("/sandbox/clock", _change_clock),
            web.get("/sandbox/settings", _show_settings),
            web.post("/sandbox/settings", _change_settings),
            web.post("/sandbox/reset", _reset),
            web.get("/sandbox/style.css", _style),
            web.get("/favicon.ico", _no_icon),
        ]
    )


@web.middleware
async def _plain_refusals(request: web.Request, handler: Callable[[web.Request], object]) -> web.StreamResponse:
    """Wrong input to a control route is answered in words instead of a traceback."""
    try:
        return await handler(request)  # type: ignore[misc,no-any-return]
    except (NotAnObjectError, InvalidFaultError, InvalidSettingError) as err:
        return refusal(str(err))


async def _health(request: web.Request) -> web.Response:
    return json_answer({"status": "ok", "title": request.app[TITLE], "now": request.app[CLOCK].now().isoformat()})


async def _list_calls(request: web.Request) -> web.Response:
    since = request.query.get("since", "0")
    limit = request.query.get("limit", "200")
    if not (since.isdecimal() and limit.isdecimal()):
        return refusal("since and limit are whole numbers.")
    found = request.app[CALLS].find(operation=request.query.get("operation"), since=int(since), limit=int(limit))
    return json_answer({"calls": [call.as_json() for call in found]})


async def _clear_calls(request: web.Request) -> web.Response:
    request.app[CALLS].clear()
    return json_answer({"calls": []})


async def _list_faults(request: web.Request) -> web.Response:
    return json_answer({"faults": [fault.as_json() for fault in request.app[FAULTS].waiting()]})


async def _add_faults(request: web.Request) -> web.Response:
    """One order, or `{"faults": [order, ...]}`."""
    body = await read_object(request)
    orders = body.get("faults", [body])
    if not isinstance(orders, list) or not all(isinstance(order, dict) for order in orders):
        return refusal("faults is a list of objects.")
    added = [request.app[FAULTS].add(order) for order in orders]
    return json_answer({"faults": [fault.as_json() for fault in added]}, status=201)


async def _clear_faults(request: web.Request) -> web.Response:
    request.app[FAULTS].clear()
    return json_answer({"faults": []})


async def _remove_fault(request: web.Request) -> web.Response:
    if not request.app[FAULTS].remove(int(request.match_info["id"])):
        return refusal("No fault of that number is waiting.", status=404)
    return await _list_faults(request)


async def _show_storm(request: web.Request) -> web.Response:
    return json_answer(request.app[STORM].as_json())


async def _begin_storm(request: web.Request) -> web.Response:
    """`{seed, weather: {operation: {share, faults: [{weight, action, ...}]}}, names: {owner: {name, first}}}`."""
    request.app[STORM].begin(await read_object(request))
    return json_answer(request.app[STORM].as_json(), status=201)


async def _end_storm(request: web.Request) -> web.Response:
    """Calm; answers with what the storm did."""
    done = request.app[STORM].as_json()
    request.app[STORM].end()
    return json_answer(done)


async def _show_clock(request: web.Request) -> web.Response:
    clock = request.app[CLOCK]
    return json_answer({"now": clock.now().isoformat(), "elapsed_seconds": clock.monotonic(), "speed": clock.speed})


async def _change_clock(request: web.Request) -> web.Response:
    changes = await read_object(request)
    clock = request.app[CLOCK]
    for name, value in changes.items():
        if name not in {"advance_seconds", "speed"} or isinstance(value, bool) or not isinstance(value, int | float):
            return refusal("Send advance_seconds or speed, each a number.")
        if value < 0:
            return refusal("The clock cannot go back.")
    if "speed" in changes:
        clock.set_speed(float(str(changes["speed"])))
    if "advance_seconds" in changes:
        clock.advance(float(str(changes["advance_seconds"])))
    return await _show_clock(request)


async def _show_settings(request: web.Request) -> web.Response:
    return json_answer(request.app[SETTINGS].as_json())


async def _change_settings(request: web.Request) -> web.Response:
    request.app[SETTINGS].change(await read_object(request))
    return await _show_settings(request)


async def _reset(request: web.Request) -> web.Response:
    """Empty the store, the log and the faults; settings return to their defaults, the clock goes on."""
    for empty in request.app[ON_RESET]:
        empty()
    request.app[CALLS].clear()
    request.app[FAULTS].clear()
    request.app[STORM].end()
    request.app[SETTINGS].restore()
    return json_answer({"status": "reset"})


async def _style(request: web.Request) -> web.Response:
    del request
    return web.Response(body=STYLE_FILE.read_bytes(), content_type="text/css", charset="utf-8")


async def _no_icon(request: web.Request) -> web.Response:
    del request
    return web.Response(status=204)
