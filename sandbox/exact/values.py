"""What a client may send: JSON values checked against the type of the property (exact.md 6.3, 6.4)."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping

from sandbox.exact.catalog import Property, Resource
from sandbox.exact.errors import RefusedError, bad_request
from sandbox.exact.filter_tokens import GUID_PATTERN
from sandbox.exact.settings import MAX_TRACKING_LENGTH
from sandbox.exact.store import Value
from sandbox.exact.wallclock import parse_wall

Body = Mapping[str, object]
MAX_LENGTHS = {"TrackingNumber": MAX_TRACKING_LENGTH}
_GUID = re.compile(GUID_PATTERN)
_RANGES = {
    "Byte": (0, 255),
    "Int16": (-(2**15), 2**15 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "Int64": (-(2**63), 2**63 - 1),
}


def typed_values(resource: Resource, body: Body, *, verb: str) -> dict[str, Value]:
    """The plain properties of a body; unknown, read-only and mistyped ones are refused, collections are left out."""
    values: dict[str, Value] = {}
    for name, value in body.items():
        found = _writable(resource, name, verb=verb)
        if not found.is_collection:
            values[name] = typed(found, value)
    return values


def require_mandatory(resource: Resource, body: Body, *, except_for: frozenset[str] = frozenset()) -> None:
    """400 naming the first mandatory property that is missing or empty on a POST."""
    for name, found in resource.properties.items():
        value = body.get(name)
        if found.mandatory and name not in except_for and (value is None or value == ""):
            raise bad_request(f"Mandatory: {name}")


def child_bodies(resource: Resource, body: Body, name: str) -> list[Body]:
    """The records of a deep insert: at least one object."""
    value = body.get(name)
    if isinstance(value, Mapping):
        value = value.get("results")
    if not isinstance(value, list) or not value or not all(isinstance(each, Mapping) for each in value):
        raise bad_request(f"Mandatory: {name} must hold at least one record of {resource.model}.")
    return value


def _writable(resource: Resource, name: str, *, verb: str) -> Property:
    found = resource.properties.get(name)
    if found is None:
        raise bad_request(
            f"The property '{name}' does not exist on type 'Exact.Web.Api.Models.{resource.model}'."
            " Make sure to only use property names that are defined by the type."
        )
    allowed = found.post if verb == "POST" else found.put
    if not allowed or name == resource.key:
        raise bad_request(f"The property '{name}' is read-only.")
    if found.is_collection and verb == "PUT":
        raise bad_request(f"The collection '{name}' can not be changed through its parent.")
    return found


def typed(found: Property, value: object) -> Value:
    """A value of the right type for the property, or 400."""
    if value is None:
        if found.mandatory:
            raise bad_request(f"Mandatory: {found.name}")
        return None
    read = _READERS.get(found.edm)
    if read is None:
        raise _mistyped(found)
    return read(found, value)


def _mistyped(found: Property) -> RefusedError:
    return bad_request(f"Cannot convert the value of property '{found.name}' to type 'Edm.{found.edm}'.")


def _text(found: Property, value: object) -> Value:
    if not isinstance(value, str):
        raise _mistyped(found)
    limit = MAX_LENGTHS.get(found.name)
    if limit is not None and len(value) > limit:
        raise bad_request(f"Value of {found.name} is too long, the maximum length is {limit} characters.")
    return value


def _guid(found: Property, value: object) -> Value:
    if not isinstance(value, str) or not _GUID.fullmatch(value.strip("{}")):
        raise _mistyped(found)
    return value.strip("{}").lower()


def _date(found: Property, value: object) -> Value:
    wall_ms = parse_wall(value) if isinstance(value, str) else None
    if wall_ms is None:
        raise _mistyped(found)
    return wall_ms


def _whole(found: Property, value: object) -> Value:
    """64-bit numbers are text in answers, so they are taken as text too."""
    if found.edm == "Int64" and isinstance(value, str) and value.lstrip("-").isdecimal():
        value = int(value)
    lowest, highest = _RANGES[found.edm]
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise _mistyped(found)
    return value


def _double(found: Property, value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mistyped(found)
    return float(value)


def _truth(found: Property, value: object) -> Value:
    if not isinstance(value, bool):
        raise _mistyped(found)
    return value


def _binary(found: Property, value: object) -> Value:
    if not isinstance(value, str):
        raise _mistyped(found)
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as err:
        raise _mistyped(found) from err
    return value


_READERS: dict[str, Callable[[Property, object], Value]] = {
    "String": _text,
    "Guid": _guid,
    "DateTime": _date,
    "Byte": _whole,
    "Int16": _whole,
    "Int32": _whole,
    "Int64": _whole,
    "Double": _double,
    "Boolean": _truth,
    "Binary": _binary,
}
