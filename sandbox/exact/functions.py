"""The two function addresses: a test of rights, and where to start a sync (exact.md 4, 12)."""

import re
from collections.abc import Mapping

import orjson
from aiohttp import web

from sandbox.exact.access import has_right
from sandbox.exact.catalog import RESOURCES, TIMESTAMP
from sandbox.exact.errors import bad_request
from sandbox.exact.reading import JSON_TYPE, Call, list_answer
from sandbox.exact.render import Shown
from sandbox.exact.wallclock import parse_wall

USER_HAS_RIGHTS = "users/UserHasRights"
SYNC_TIMESTAMP = "read/sync/Sync/SyncTimestamp"
RIGHTS_SCOPE = "organization administration"
_QUOTED = re.compile(r"'([^']*)'")
_MOMENT = re.compile(r"datetime'([^']*)'")

SYNC_ENDPOINTS = {path.rpartition("/")[2]: path for path in RESOURCES if path.startswith("sync/")}
"""Names that `endPoint` takes, such as `GoodsDeliveries`."""


def user_has_rights(call: Call) -> web.Response:
    """`{"d":{"UserHasRights":true}}`, from the user's rights alone: the app's scopes do not show here."""
    endpoint = _quoted(call.query, "endpoint")
    action = _quoted(call.query, "action").upper()
    resource = RESOURCES.get(endpoint)
    may = resource is not None and action in resource.methods and has_right(call.company, endpoint, action)
    return web.Response(body=orjson.dumps({"d": {"UserHasRights": may}}), content_type=JSON_TYPE)


def sync_timestamp(call: Call) -> web.Response:
    """The row version of the first record modified at or after a moment; nothing when there is none."""
    name = _quoted(call.query, "endPoint")
    match = _MOMENT.fullmatch(call.query.get("modified", ""))
    since_ms = parse_wall(match[1]) if match else None
    if since_ms is None:
        raise bad_request("Mandatory: modified")
    path = SYNC_ENDPOINTS.get(name)
    if path is None:
        raise bad_request(f"Unknown endPoint '{name}'.")
    table = call.company.table(RESOURCES[path].table)
    for row in table.in_change_order(after=0):
        modified = row.get("Modified")
        if isinstance(modified, int) and modified >= since_ms:
            found: Shown = {
                "__metadata": {"type": "Exact.Web.Api.Models.Sync.SyncTimestamp"},
                "Modified": f"/Date({modified})/",
                "API": name,
                "TimeStampAsBigInt": str(row[TIMESTAMP]),
            }
            return list_answer(call, [found], extra={}, is_short=False)
    return list_answer(call, [], extra={}, is_short=False)


def _quoted(query: Mapping[str, str], name: str) -> str:
    match = _QUOTED.fullmatch(query.get(name, ""))
    if match is None:
        raise bad_request(f"Mandatory: {name}")
    return match[1]
