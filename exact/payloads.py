"""Exact's wire shapes: envelopes, odd values, and the properties that we read of each resource.

`$select` is made from the models, so what is asked for and what is read are the same list. Property names are checked
against the published lists in tests. Unknown names are ignored; a required one is one that we cannot go on without.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

SERVER_ZONE = ZoneInfo("Europe/Amsterdam")
"""`/Date(ms)/` is wall-clock time of this zone, not UTC (`exact.md` 6.3)."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  a wall clock has no zone
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


class UnreadableAnswer(Exception):
    """The body does not have a shape that Exact is known to answer."""


def wall_clock(value: object) -> datetime | None:
    """The naive wall-clock time of `/Date(ms)/` or of an ISO text; None for nothing."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    found = _DATE.fullmatch(text)
    if found:
        return _after_epoch(int(found.group(1)))
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _after_epoch(milliseconds: int) -> datetime | None:
    """None for a date that no calendar holds: Exact's way of saying never."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def instant(value: object) -> datetime | None:
    """The true moment of a `/Date(ms)/`, in UTC."""
    naive = wall_clock(value)
    if naive is None:
        return None
    try:
        return naive.replace(tzinfo=SERVER_ZONE).astimezone(UTC)
    except OverflowError:
        return None


def day(value: object) -> date | None:
    """The date of a date-only property: no zone arithmetic (`exact.md` 6.3)."""
    naive = wall_clock(value)
    return None if naive is None else naive.date()


def _stripped(value: object) -> object:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else str(value)


def _exact_number(value: object) -> object:
    bare = _nothing_if_blank(value)
    if not isinstance(bare, int | float | str):
        return bare
    try:
        return Decimal(str(bare))
    except ArithmeticError as error:
        raise ValueError("not a number") from error


def _nothing_if_blank(value: object) -> object:
    bare = value.strip() if isinstance(value, str) else value
    return None if bare == "" else bare


Text = Annotated[str, BeforeValidator(_stripped)]
Verbatim = Annotated[str, BeforeValidator(lambda sent: "" if sent is None else str(sent))]
"""A text that we write back: every blank in it is the customer's."""
Number = Annotated[Decimal, BeforeValidator(_exact_number)]
OptionalNumber = Annotated[Decimal | None, BeforeValidator(_exact_number)]
Key = Annotated[UUID | None, BeforeValidator(_nothing_if_blank)]
Instant = Annotated[datetime | None, BeforeValidator(instant)]
Day = Annotated[date | None, BeforeValidator(day)]
Flag = Annotated[bool, BeforeValidator(bool)]
WholeNumber = Annotated[int | None, BeforeValidator(_nothing_if_blank)]
"""Int64 arrives as text (`exact.md` 6.2); pydantic reads digits in text as a number."""


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


class Wire(BaseModel):
    """One record as Exact writes it; properties are named by their own names in CamelCase unless an alias says else."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=_pascal, populate_by_name=True)
    path: ClassVar[str] = ""


AnyWire = TypeVar("AnyWire", bound=Wire)


def select_list(model: type[Wire]) -> str:
    """The `$select` of a resource: every property the model reads."""
    return ",".join(field.alias or name for name, field in model.model_fields.items() if not field.exclude)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of one answer and the address of the next page, as Exact wrote them."""

    rows: tuple[dict[str, Any], ...]
    next_url: str | None = None


def read_json(body: bytes) -> Any:
    """JSON with exact decimals; raises `UnreadableAnswer` for anything else."""
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise UnreadableAnswer("not JSON") from error


def read_page(body: bytes) -> Page:
    """The rows under `d`, in each of its three shapes (`exact.md` 6.2). An empty body has no rows (204)."""
    if not body.strip():
        return Page(rows=())
    document = read_json(body)
    if not isinstance(document, dict) or "d" not in document:
        raise UnreadableAnswer("no d")
    content = document["d"]
    if isinstance(content, list):
        return Page(rows=_records(content))
    if not isinstance(content, dict):
        raise UnreadableAnswer("d is neither a list nor a record")
    if isinstance(content.get("results"), list):
        following = content.get("__next")
        return Page(rows=_records(content["results"]), next_url=following if isinstance(following, str) else None)
    return Page(rows=(content,))


def expanded(value: object) -> tuple[dict[str, Any], ...] | None:
    """The rows of an expanded property; None when Exact left it deferred, or shows its first page only."""
    if isinstance(value, list):
        return _records(value)
    if isinstance(value, dict) and isinstance(value.get("results"), list) and "__next" not in value:
        return _records(value["results"])
    return None


def is_deferred(value: object) -> bool:
    """Whether Exact gave an address in the place of rows."""
    return not isinstance(value, list) and not (isinstance(value, dict) and "results" in value)


def parse(model: type[AnyWire], rows: Sequence[dict[str, Any]]) -> list[AnyWire]:
    """Typed records; raises `UnreadableAnswer` naming the property, never its value."""
    try:
        return [model.model_validate(row) for row in rows]
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UnreadableAnswer(f"{model.__name__}: {where}") from error


def error_text(body: bytes) -> str:
    """`error.message.value` of a refusal, or nothing: bodies may be HTML or empty (`exact.md` 6.5)."""
    try:
        document = json.loads(body)
        return str(document["error"]["message"]["value"]).strip()
    except (ValueError, KeyError, TypeError):
        return ""


def _records(values: list[Any]) -> tuple[dict[str, Any], ...]:
    if not all(isinstance(value, dict) for value in values):
        raise UnreadableAnswer("a row is not a record")
    return tuple(values)


class TokenAnswer(BaseModel):
    """A successful token answer. `expires_in` is not read: our own clock says when to renew (`exact.md` 3.3)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    access_token: str = Field(min_length=1)
    refresh_token: str = Field(min_length=1)


class TokenRefusal(BaseModel):
    """A refusal by the token endpoint (`exact.md` 3.4)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    error: str
    error_description: Text = ""
