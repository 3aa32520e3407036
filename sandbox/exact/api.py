"""The REST side: every call to `/{site}/api/v1/...` passes the same gates in the same order.

Token, call limits, error block, company, resource, scope, verb, user right; then the call itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

from sandbox.core.watch import TENANT_HINT
from sandbox.exact import functions
from sandbox.exact.access import (
    Caller,
    UnauthorizedError,
    authenticate,
    error_key,
    open_company,
    require_right,
    require_scope,
)
from sandbox.exact.catalog import RESOURCES, Resource
from sandbox.exact.documents import ATTACHMENTS
from sandbox.exact.errors import RefusedError, bad_request, error_body, not_found
from sandbox.exact.people import current_division
from sandbox.exact.reading import JSON_TYPE, Call, find_record, read, read_key, record_answer
from sandbox.exact.records import DELIVERY_LINES, Records
from sandbox.exact.render import plan, record_uri, show, show_only_key
from sandbox.exact.settings import ERROR_STATUSES
from sandbox.exact.store import Company, Row
from sandbox.exact.subscriptions import subscribe
from sandbox.exact.target import TARGET, Target, site_root
from sandbox.exact.webhooks import SUBSCRIPTIONS, Notifier
from sandbox.exact.world import World
from sandbox.exact.writing import Writer

ME = "current/Me"
BARE_ECHO = frozenset({"crm/Accounts", "crm/Contacts", "logistics/Items"})
"""Resources whose POST answers with nearly every property null (exact.md 6.4)."""
XML_TYPE = "application/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The handler of all resource addresses."""

    world: World
    records: Records
    writer: Writer
    notifier: Notifier

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one call, refusals and limit headers included."""
        target = request.get(TARGET)
        if target is None:
            return _refused(request, not_found())
        headers: dict[str, str] = {}
        try:
            response = await self._gated(request, target, headers)
        except UnauthorizedError as refused:
            if refused.caller is not None:
                self._count_error(refused.caller, target, refused.status)
            response = _refused(request, refused)
        response.headers.update(headers)
        return response

    async def _gated(self, request: web.Request, target: Target, headers: dict[str, str]) -> web.Response:
        caller = authenticate(self.world, request, site=target.site)
        request[TENANT_HINT] = f"{caller.app.client_id}/{target.division or 'me'}"
        verdict = self.world.calls.take(caller.app.key, target.division or current_division(caller))
        headers.update(verdict.headers)
        if verdict.is_over:
            return web.Response(status=429)
        key = error_key(caller, target)
        if self.world.errors.is_blocked(key):
            return self._blocked(request, caller, target, headers)
        try:
            return await self._serve(request, target, caller)
        except RefusedError as refused:
            self._count_error(caller, target, refused.status)
            return _refused(request, refused)

    def _blocked(self, request: web.Request, caller: Caller, target: Target, headers: dict[str, str]) -> web.Response:
        if self.world.settings.error_block_status == 429:  # noqa: PLR2004 - too many requests
            headers.clear()
            return web.Response(status=429)
        try:
            self.world.errors.refuse_blocked(error_key(caller, target))
        except RefusedError as refused:
            return _refused(request, refused)
        return web.Response(status=429)

    def _count_error(self, caller: Caller, target: Target, status: int) -> None:
        if status in ERROR_STATUSES:
            self.world.errors.count(error_key(caller, target))

    async def _serve(self, request: web.Request, target: Target, caller: Caller) -> web.Response:
        if (target.path == ME) != (target.division is None):
            raise not_found()
        company = self._company(caller, target)
        if target.path == functions.USER_HAS_RIGHTS:
            require_scope(caller.app, functions.RIGHTS_SCOPE, method="GET")
            return functions.user_has_rights(self._call(request, caller, company, RESOURCES[ME]))
        resource = RESOURCES.get(target.path)
        if resource is None:
            raise not_found()
        require_scope(caller.app, resource.scope, method=request.method)
        _require_verb(resource, target, request.method)
        require_right(company, resource, method=request.method)
        call = self._call(request, caller, company, resource)
        if target.path == functions.SYNC_TIMESTAMP:
            return functions.sync_timestamp(call)
        if request.method == "GET":
            return read(call)
        return await self._write(request, call)

    def _company(self, caller: Caller, target: Target) -> Company:
        if target.division is not None:
            return open_company(self.world, caller, target)
        company = self.world.companies.get(current_division(caller))
        if company is None:
            raise RefusedError(403, "Forbidden - The user has no company.")
        return company

    def _call(self, request: web.Request, caller: Caller, company: Company, resource: Resource) -> Call:
        target = request[TARGET]
        late_ms = self.world.settings.lines_late_ms
        company.lines_made_until_ms = self.world.now_ms() - late_ms if late_ms else None
        division = "" if target.division is None else f"{target.division}/"
        return Call(
            world=self.world,
            caller=caller,
            company=company,
            resource=resource,
            target=target,
            query=_single_values(request),
            root=f"{site_root(request, target.site)}/api/v1/{division}",
            wants_json=wants_json(request),
        )

    async def _write(self, request: web.Request, call: Call) -> web.Response:
        user_id = call.caller.user.user_id
        if request.method == "POST":
            row = await self._create(call, await _read_body(request))
            return _created(call, row)
        find_record(call)
        key = read_key(call.resource, call.target.key or "")
        if request.method == "DELETE":
            self.writer.remove(call.company, call.resource, key, user_id=user_id)
        else:
            self.writer.change(call.company, call.resource, key, await _read_body(request), user_id=user_id)
        return web.Response(status=204)

    async def _create(self, call: Call, body: Mapping[str, object]) -> Row:
        if call.resource.path == SUBSCRIPTIONS:
            return await subscribe(call, body, records=self.records, notifier=self.notifier)
        row = self.writer.create(call.company, call.resource, body, user_id=call.caller.user.user_id)
        if call.resource.path == ATTACHMENTS:
            site = call.root.partition("/api/v1/")[0]
            row["Url"] = f"{site}{row['Url']}&_Division_={call.company.division}"
        return row


def wants_json(request: web.Request) -> bool:
    """Only `Accept: application/json` gets JSON (exact.md 6.1)."""
    return JSON_TYPE in request.headers.get("Accept", "").lower()


def _require_verb(resource: Resource, target: Target, method: str) -> None:
    if method == "POST" and resource.path == DELIVERY_LINES:
        raise RefusedError(403, "Forbidden - Lines can only be created together with their goods delivery.")
    fits_address = (target.key is not None) == (method in {"PUT", "DELETE"}) or method == "GET"
    if method not in resource.methods or not fits_address or (target.tail and method != "GET"):
        raise RefusedError(405, f"The method {method} is not supported on this resource.")


def _single_values(request: web.Request) -> dict[str, str]:
    query = request.query
    values = dict(query)
    if len(values) != len(query):
        raise bad_request("A query option was given more than once.")
    return values


async def _read_body(request: web.Request) -> Mapping[str, object]:
    if request.content_type != JSON_TYPE:
        raise bad_request("Content-Type must be application/json.")
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as err:
        raise bad_request("Error processing request stream. The request is not valid JSON.") from err
    if not isinstance(body, dict):
        raise bad_request("Error processing request stream. An object is expected.")
    return body


def _created(call: Call, row: Row) -> web.Response:
    how = plan(call.resource.path, None)
    if call.resource.path in BARE_ECHO:
        record = show_only_key(row, how=how, root=call.root)
    else:
        record = show(row, how=how, company=call.company, root=call.root)
    response = record_answer(call, record, status=201)
    response.headers["Location"] = record_uri(call.resource, row, root=call.root)
    return response


def _refused(request: web.Request, refused: RefusedError) -> web.Response:
    as_json = wants_json(request)
    response = web.Response(
        body=error_body(refused.text, as_json=as_json),
        status=refused.status,
        content_type=JSON_TYPE if as_json else XML_TYPE,
    )
    if refused.reason:
        response.headers["Reason"] = refused.reason
    return response
