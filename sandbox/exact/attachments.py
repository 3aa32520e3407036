"""The address behind an attachment's `Url`: the file itself, for a bearer of the right company (exact.md 8.9)."""

import base64
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.exact.access import authenticate, has_right, require_scope
from sandbox.exact.catalog import RESOURCES
from sandbox.exact.documents import ATTACHMENTS
from sandbox.exact.errors import RefusedError
from sandbox.exact.world import World


def download(world: World) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler; without `Download=1` the answer is a page of Exact's own, here empty."""

    async def handle(request: web.Request) -> web.Response:
        try:
            caller = authenticate(world, request, site=request.match_info["site"])
            require_scope(caller.app, RESOURCES[ATTACHMENTS].scope, method="GET")
        except RefusedError as refused:
            return web.Response(status=refused.status)
        division = request.query.get("_Division_", "")
        company = world.companies.get(int(division)) if division.isdecimal() else None
        allowed = world.grants.consents.get(caller.grant, frozenset())
        if company is None or company.division not in allowed:
            return web.Response(status=403)
        if not has_right(company, ATTACHMENTS, "GET"):
            return web.Response(status=403)
        row = company.table(ATTACHMENTS).get(request.query.get("ID", "").lower())
        if row is None:
            return web.Response(status=404)
        if request.query.get("Download") != "1":
            return web.Response(text="", content_type="text/html")
        body = base64.b64decode(str(row["Attachment"]))
        return web.Response(body=body, content_type="application/octet-stream")

    return handle
