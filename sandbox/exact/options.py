"""The `$` options of a GET, read and checked against the resource (exact.md 6.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.exact.catalog import RESOURCES, Property, Resource, Style
from sandbox.exact.errors import bad_request
from sandbox.exact.filter_tokens import Kind, read_tokens
from sandbox.exact.filters import KIND_OF_EDM, Filter, compile_filter, no_such_property
from sandbox.exact.store import Value

SELECT_DEMAND = "Please add a $select or a $top=1 statement to the query string."
"""Verbatim from a recorded refusal (exact.md 6.1)."""
SELECT_NOT_DEMANDED = frozenset({"system/Divisions", "current/Me"})
"""The two that were recorded answering a list without `$select`; for all others the stricter reading holds."""
KNOWN_OPTIONS = frozenset(
    {"$select", "$filter", "$orderby", "$top", "$skip", "$skiptoken", "$inlinecount", "$expand", "$format"}
)
ONLY_SINGLE = ("$orderby", "$skip", "$expand", "$inlinecount")
FILTER_DEMANDED = frozenset({each.table for each in RESOURCES.values() if each.style is not Style.SINGLE}) | {
    "documents/Documents",
    "documents/DocumentAttachments",
}
"""Resources with a twin for sync or bulk may demand a filter (exact.md 5); the twins of documents are not served."""
MAX_TOP = 2_147_483_647


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """One part of `$orderby`."""

    name: str
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the query string asks for."""

    select: tuple[str, ...] | None
    expand: tuple[str, ...]
    filter: Filter | None
    order: tuple[Ordering, ...]
    top: int | None
    skip: int
    skiptoken: tuple[Value, ...] | None
    with_count: bool


def read_list_options(resource: Resource, query: Mapping[str, str]) -> Options:
    """The options of a collection; a list without `$select` is refused unless `$top=1`."""
    _refuse_unknown(resource, query)
    top = _read_number(query, "$top")
    select, expand = _read_columns(resource, query)
    if select is None and top != 1 and resource.path not in SELECT_NOT_DEMANDED and query.get("$select") != "*":
        raise bad_request(SELECT_DEMAND)
    return Options(
        select=select,
        expand=expand,
        filter=_read_filter(resource, query),
        order=_read_order(resource, query.get("$orderby", "")),
        top=top,
        skip=_read_number(query, "$skip") or 0,
        skiptoken=_read_skiptoken(query.get("$skiptoken")),
        with_count=_read_inlinecount(query),
    )


def demand_filter(resource: Resource, query: Mapping[str, str], *, also_single: bool) -> None:
    """Refuse a list without `$filter` where one is demanded: always of bulk; the sync API has its timestamp alone."""
    is_demanded = resource.style is Style.BULK or (resource.style is Style.SINGLE and also_single)
    if is_demanded and resource.table in FILTER_DEMANDED and not query.get("$filter"):
        raise bad_request("Please add a $filter statement to the query string.")


def read_record_options(resource: Resource, query: Mapping[str, str]) -> Options:
    """The options of one record: only which properties and collections to show."""
    unfit = query.keys() & KNOWN_OPTIONS - {"$select", "$expand", "$format"}
    if unfit:
        raise bad_request(f"Query options {', '.join(sorted(unfit))} can not be applied to a single record.")
    _refuse_unknown(resource, query)
    select, expand = _read_columns(resource, query)
    return Options(
        select=select, expand=expand, filter=None, order=(), top=None, skip=0, skiptoken=None, with_count=False
    )


def _refuse_unknown(resource: Resource, query: Mapping[str, str]) -> None:
    for name in query:
        if name.startswith("$") and name not in KNOWN_OPTIONS:
            raise bad_request(f"The query parameter '{name}' is not supported.")
        if name in ONLY_SINGLE and resource.style is not Style.SINGLE:
            raise bad_request(f"The query parameter '{name}' is not supported on this resource.")


def _read_columns(resource: Resource, query: Mapping[str, str]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    expand = tuple(_names(query.get("$expand", "")))
    for name in expand:
        if not _property(resource, name).is_collection:
            raise bad_request(f"The property '{name}' can not be expanded.")
    select = _read_select(resource, query.get("$select"))
    missing = [name for name in expand if select is None or name not in select]
    if missing and query.get("$select") != "*":
        raise bad_request(f"The expanded property '{missing[0]}' must be part of $select.")
    return select, expand


def _read_select(resource: Resource, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    if text == "*":
        if resource.style is Style.SYNC:
            raise bad_request("The use of $select=* is not supported on this resource.")
        return None
    names = _names(text)
    if not names:
        raise bad_request(SELECT_DEMAND)
    wanted = {_property(resource, name).name for name in names}
    return tuple(name for name in resource.properties if name in wanted)


def _property(resource: Resource, name: str) -> Property:
    found = resource.properties.get(name)
    if found is None:
        raise no_such_property(name, resource)
    return found


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _read_filter(resource: Resource, query: Mapping[str, str]) -> Filter | None:
    text = query.get("$filter")
    return None if text is None else compile_filter(resource.path, text)


def _read_order(resource: Resource, text: str) -> tuple[Ordering, ...]:
    return tuple(_read_ordering(resource, part) for part in _names(text))


def _read_ordering(resource: Resource, part: str) -> Ordering:
    name, _, direction = part.partition(" ")
    found = _property(resource, name)
    if found.is_collection or found.edm not in KIND_OF_EDM:
        raise bad_request(f"The property '{name}' can not be used in $orderby.")
    if direction.strip() not in {"", "asc", "desc"}:
        raise bad_request(f"Syntax error in $orderby near '{direction}'.")
    return Ordering(name=name, descending=direction.strip() == "desc")


def _read_number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not text.isdecimal() or int(text) > MAX_TOP:
        raise bad_request(f"Incorrect format for {name} argument '{text}'.")
    return int(text)


def _read_inlinecount(query: Mapping[str, str]) -> bool:
    text = query.get("$inlinecount", "none")
    if text not in {"allpages", "none"}:
        raise bad_request(f"Unknown $inlinecount option '{text}', only 'allpages' and 'none' are supported.")
    return text == "allpages"


def _read_skiptoken(text: str | None) -> tuple[Value, ...] | None:
    """Literals separated by commas, as `__next` carries them."""
    if text is None:
        return None
    tokens = read_tokens(text)
    values = tokens[::2]
    separators = tokens[1::2]
    if len(tokens) % 2 == 0 or any(each.kind in {Kind.NAME, Kind.SIGN} for each in values):
        raise bad_request("Invalid $skiptoken.")
    if any(each.value != "," for each in separators):
        raise bad_request("Invalid $skiptoken.")
    return tuple(each.value for each in values)
