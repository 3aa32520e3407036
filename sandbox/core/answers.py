"""JSON in and out of the stand-ins."""

from collections.abc import Mapping

import orjson
from aiohttp import web


class NotAnObjectError(ValueError):
    """The body is not a JSON object."""


def json_answer(data: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with a JSON body."""
    return web.Response(body=orjson.dumps(data), status=status, headers=headers, content_type="application/json")


def refusal(message: str, *, status: int = 400) -> web.Response:
    """What a control route says when it cannot do what was asked."""
    return json_answer({"error": message}, status=status)


async def read_object(request: web.Request) -> dict[str, object]:
    """The JSON object in the body; an empty body is an empty object."""
    raw = await request.read()
    if not raw:
        return {}
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError as err:
        raise NotAnObjectError("The body is not JSON.") from err
    if not isinstance(parsed, dict):
        raise NotAnObjectError("The body is not a JSON object.")
    return parsed
