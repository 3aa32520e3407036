"""How an answer is spoiled: shapes that real answers were seen to have, and cut connections."""

import asyncio
import socket
import struct

import orjson
from aiohttp import web

HTML_PAGE = b"<html><head><title>Service</title></head><body><h1>One moment please</h1></body></html>"
LABEL_FIELDS = frozenset({"GraphicImage"})
NUMBER_FIELDS = frozenset({"TrackingNumber", "ShipmentIdentificationNumber"})
PLACEHOLDER = "1ZXXXXXXXXXXXXXXXX"
"""What UPS's test system gives for every shipment (ups.md 1.15)."""
PACKAGES_FIELD = "PackageResults"
JSON_TYPE = "application/json"


def single_objects(value: object) -> object:
    """Every list with exactly one object becomes that object (ups.md 4.4)."""
    if isinstance(value, dict):
        return {name: single_objects(inner) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) == 1 and isinstance(value[0], dict):
        return single_objects(value[0])
    return [single_objects(inner) for inner in value]


def without_labels(value: object) -> object:
    """The same answer without its images."""
    if isinstance(value, dict):
        return {name: without_labels(inner) for name, inner in value.items() if name not in LABEL_FIELDS}
    if isinstance(value, list):
        return [without_labels(inner) for inner in value]
    return value


def with_unknown_fields(value: object) -> object:
    """A field nobody knows in every object."""
    if isinstance(value, dict):
        return {name: with_unknown_fields(inner) for name, inner in value.items()} | {"NewIn2027": {"Code": "01"}}
    if isinstance(value, list):
        return [with_unknown_fields(inner) for inner in value]
    return value


def with_placeholders(value: object) -> object:
    """The same answer with UPS's placeholder for every number."""
    if isinstance(value, dict):
        return {
            name: PLACEHOLDER if name in NUMBER_FIELDS else with_placeholders(inner) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [with_placeholders(inner) for inner in value]
    return value


def with_one_package_more(value: object) -> object:
    """The last package of the answer twice, so that their number is not the one asked for."""
    if isinstance(value, list):
        return [with_one_package_more(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    changed = {name: with_one_package_more(inner) for name, inner in value.items()}
    if PACKAGES_FIELD in changed:
        packages = changed[PACKAGES_FIELD]
        listed = packages if isinstance(packages, list) else [packages]
        changed[PACKAGES_FIELD] = [*listed, *listed[-1:]]
    return changed


def reshaped(response: web.StreamResponse, *, body: object) -> web.Response:
    """The same status with another JSON body."""
    return web.Response(status=response.status, body=orjson.dumps(body), content_type=JSON_TYPE)


def body_of(response: web.StreamResponse) -> bytes:
    """The bytes of a complete answer; streams count as empty."""
    if isinstance(response, web.Response) and isinstance(response.body, bytes | bytearray):
        return bytes(response.body)
    return b""


def drop_connection(request: web.Request) -> None:
    """Reset the connection at once, without a byte of an answer. Zero linger makes it a true reset."""
    if request.transport is None:
        return
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


async def send_half(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Announce the whole body, send half of it, hang up."""
    whole = body_of(response)
    stump = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
    stump.content_length = len(whole)
    await stump.prepare(request)
    await stump.write(whole[: len(whole) // 2])
    await asyncio.sleep(0)
    if request.transport is not None:
        request.transport.close()
    return stump
