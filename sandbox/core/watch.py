"""The middleware around every outside call: names it, delays it, spoils it if so ordered, logs it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson
from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.core import damage
from sandbox.core.calllog import Call, CallLog, kept_body, shown_headers
from sandbox.core.clock import Clock
from sandbox.core.faults import Action, Fault, FaultScript
from sandbox.core.settings import Settings
from sandbox.core.storm import Storm, Subject, about_nothing

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Identify = Callable[[web.Request], str]

OPERATION = web.RequestKey("operation", str)
TENANT_HINT = web.RequestKey("tenant_hint", str)
"""Handlers may set both for the log."""
_WHOLE_BODY = web.RequestKey("whole_body", bytes)

UNWATCHED = ("/sandbox/", "/favicon.ico")
"""Control routes, pages and their style are not outside calls; neither is the page at `/`."""

_RESHAPING: dict[Action, Callable[[object], object]] = {
    Action.WRONG_SHAPE: damage.single_objects,
    Action.DROP_LABEL: damage.without_labels,
    Action.UNKNOWN_FIELDS: damage.with_unknown_fields,
    Action.PLACEHOLDER: damage.with_placeholders,
    Action.MORE_PACKAGES: damage.with_one_package_more,
}


def operation_by_route(request: web.Request) -> str:
    """The name the route was registered with."""
    return request.match_info.route.name or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Everything the middleware needs.

    `identify` names the operation before the handler runs, so that faults can match it; the handler may still set
    `request[OPERATION]` and `request[TENANT_HINT]` for the log. `subject` says what a call is about, for the storm.
    """

    clock: Clock
    calls: CallLog
    faults: FaultScript
    settings: Settings
    identify: Identify = operation_by_route
    storm: Storm = field(default_factory=Storm)
    subject: Subject = about_nothing
    late_effects: set[asyncio.Task[None]] = field(default_factory=set)

    def middleware(self) -> Middleware:
        """The aiohttp middleware."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path == "/" or request.path.startswith(UNWATCHED):
                return await handler(request)
            return await self._watched(request, handler)

        return watch

    async def _watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        at = self.clock.now()
        sequence = self.calls.next_sequence()
        request_body = await request.read()
        request[OPERATION] = self.identify(request)
        fault = self._fault(request, request_body)
        response = await self._answer(request, handler, fault)
        dropped = request.transport is None or request.transport.is_closing()
        self.calls.add(
            Call(
                sequence=sequence,
                at=at,
                method=request.method,
                path=request.path,
                query=request.query_string,
                operation=request[OPERATION],
                status=None if dropped else response.status,
                request_headers=shown_headers(request.headers),
                request_body=kept_body(request_body),
                response_body=kept_body(request.get(_WHOLE_BODY) or damage.body_of(response)),
                duration_ms=(time.perf_counter() - started) * 1000,
                client=request.get(TENANT_HINT, ""),
                fault=fault.name if fault else "",
            )
        )
        return response

    def _fault(self, request: web.Request, body: bytes) -> Fault | None:
        """What was ordered for the call goes before what the storm has for it."""
        operation = request[OPERATION]
        if ordered := self.faults.take(method=request.method, path=request.path, operation=operation):
            return ordered
        return self.storm.take(operation, self.subject(request, body)) if self.storm.hits(operation) else None

    async def _answer(self, request: web.Request, handler: Handler, fault: Fault | None) -> web.StreamResponse:
        if self.settings.added_delay_ms:
            await asyncio.sleep(self.settings.added_delay_ms / 1000)
        if fault is None:
            return await _handled(request, handler)
        if early := await self._before_effect(request, handler, fault):
            return early
        response = await _handled(request, handler)
        return await _after_effect(request, response, fault)

    async def _before_effect(self, request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse | None:
        """An answer that keeps the handler from running now, or None."""
        if fault.action is Action.STALL_BEFORE:
            await asyncio.sleep(fault.seconds)
            return None
        if fault.action is Action.RESET_BEFORE:
            damage.drop_connection(request)
            return web.Response(status=500)
        if fault.action is Action.LATE_EFFECT:
            self._run_later(request, handler, fault.seconds)
            damage.drop_connection(request)
            return web.Response(status=500)
        if fault.action in {Action.STATUS, Action.HTML_200} and not fault.after:
            return _scripted(fault)
        return None

    def _run_later(self, request: web.Request, handler: Handler, seconds: float) -> None:
        async def land() -> None:
            await self.clock.sleep(seconds)
            await _handled(request, handler)

        task = asyncio.get_running_loop().create_task(land())
        self.late_effects.add(task)
        task.add_done_callback(self.late_effects.discard)


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as answer:
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


async def _after_effect(request: web.Request, response: web.StreamResponse, fault: Fault) -> web.StreamResponse:
    if fault.action is Action.STALL_AFTER:
        await asyncio.sleep(fault.seconds)
    elif fault.action is Action.RESET_AFTER:
        damage.drop_connection(request)
    elif fault.action is Action.HALF_BODY:
        request[_WHOLE_BODY] = damage.body_of(response)
        return await damage.send_half(request, response)
    elif fault.action in {Action.STATUS, Action.HTML_200}:
        return _scripted(fault)
    elif fault.action in _RESHAPING:
        return _reshaped(response, _RESHAPING[fault.action])
    return response


def _reshaped(response: web.StreamResponse, change: Callable[[object], object]) -> web.StreamResponse:
    try:
        parsed = orjson.loads(damage.body_of(response))
    except orjson.JSONDecodeError:
        return response
    return damage.reshaped(response, body=change(parsed))


def _scripted(fault: Fault) -> web.Response:
    if fault.action is Action.HTML_200:
        return web.Response(body=damage.HTML_PAGE, content_type="text/html", charset="utf-8")
    return web.Response(
        status=fault.status, body=fault.body_bytes(), headers=fault.headers, content_type=fault.content_type
    )
