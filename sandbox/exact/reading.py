"""GET: lists, single records, counts and followed collections (exact.md 6.1, 6.2)."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

from sandbox.exact import atom
from sandbox.exact.access import Caller
from sandbox.exact.catalog import COLLECTIONS, RESOURCES, Resource
from sandbox.exact.errors import bad_request, not_found
from sandbox.exact.filter_tokens import Kind, read_tokens
from sandbox.exact.options import Options, demand_filter, read_list_options, read_record_options
from sandbox.exact.people import division_row, me_row, visible_companies
from sandbox.exact.query import Source, fetch, next_link
from sandbox.exact.render import Shown, plan, show, shows
from sandbox.exact.store import Company, Row, Value
from sandbox.exact.target import COUNT, Target
from sandbox.exact.webhooks import SUBSCRIPTIONS
from sandbox.exact.world import World

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One accepted call to a resource. `root` is what resource paths are appended to in links."""

    world: World
    caller: Caller
    company: Company
    resource: Resource
    target: Target
    query: Mapping[str, str]
    root: str
    wants_json: bool


def read(call: Call) -> web.Response:
    """The answer to a GET."""
    if call.target.key is not None:
        return _read_record(call)
    if call.target.tail == COUNT:
        return _read_count(call)
    if call.target.tail:
        raise not_found()
    demand_filter(call.resource, call.query, also_single=call.world.settings.demands_filter)
    return _answer_list(call, source_of(call), call.resource, call.root + call.resource.path)


def source_of(call: Call) -> Source:
    """The rows behind a resource, as far as this app and user may see them."""
    path = call.resource.path
    if path == "current/Me":
        listed: tuple[Row, ...] = (me_row(call.world, call.caller),)
        return Source(company=call.company, resource=call.resource, listed=listed)
    if path in {"hrm/Divisions", "system/Divisions"}:
        companies = visible_companies(call.world, call.caller)
        listed = tuple(division_row(each, call.caller, resource_path=path) for each in companies)
        return Source(company=call.company, resource=call.resource, listed=listed)
    table = call.company.table(call.resource.table)
    if path == SUBSCRIPTIONS:
        client_id = call.caller.app.client_id
        return Source(
            company=call.company,
            resource=call.resource,
            table=table,
            visible=lambda row: row["ClientID"] == client_id,
        )
    if call.company.lines_made_until_ms is not None:
        company = call.company
        return Source(
            company=company,
            resource=call.resource,
            table=table,
            visible=lambda row: shows(company, call.resource.table, row),
        )
    return Source(company=call.company, resource=call.resource, table=table)


def read_key(resource: Resource, text: str) -> Value:
    """The key between the parentheses; 400 when it is not a literal of the right type."""
    tokens = read_tokens(text)
    wanted = Kind.GUID if resource.key and resource.properties[resource.key].edm == "Guid" else Kind.NUMBER
    if len(tokens) != 1 or tokens[0].kind is not wanted:
        raise bad_request(f"Bad Request - Error in query syntax: '{text}' is not a key of this resource.")
    return tokens[0].value


def find_record(call: Call) -> Row:
    """The record that the address names, or 404."""
    key = read_key(call.resource, call.target.key or "")
    source = source_of(call)
    if source.table is not None:
        rows = source.table.find(call.resource.key or "", key)
    else:
        rows = [row for row in source.listed if row.get(call.resource.key or "") == key]
    for row in rows:
        if source.visible is None or source.visible(row):
            return row
    raise not_found(f"{call.resource.model} '{key}' was not found.")


def record_answer(call: Call, record: Shown, *, status: int = 200) -> web.Response:
    """One record under `d`."""
    if call.wants_json:
        return web.Response(body=orjson.dumps({"d": record}), status=status, content_type=JSON_TYPE)
    return web.Response(body=atom.entry(record), status=status, content_type=atom.CONTENT_TYPE)


def list_answer(call: Call, records: list[Shown], *, extra: Mapping[str, str], is_short: bool) -> web.Response:
    """A list in one of its two shapes."""
    if not call.wants_json:
        body = atom.feed(call.root + call.resource.path, records)
        return web.Response(body=body, content_type=atom.CONTENT_TYPE)
    data: object = records if is_short and not extra else {"results": records, **extra}
    return web.Response(body=orjson.dumps({"d": data}), content_type=JSON_TYPE)


def _read_record(call: Call) -> web.Response:
    row = find_record(call)
    if call.target.tail:
        return _follow(call, row)
    options = read_record_options(call.resource, call.query)
    how = plan(call.resource.path, options.select, options.expand)
    return record_answer(call, show(row, how=how, company=call.company, root=call.root))


def _follow(call: Call, row: Row) -> web.Response:
    """The address of a deferred collection (exact.md 6.2)."""
    relation = COLLECTIONS.get((call.resource.table, call.target.tail))
    if relation is None:
        raise not_found()
    child_table, reference = relation
    key = row[call.resource.key or ""]
    source = Source(
        company=call.company,
        resource=RESOURCES[child_table],
        table=call.company.table(child_table),
        visible=lambda child: child[reference] == key,
    )
    address = f"{call.root}{call.resource.path}({call.target.key})/{call.target.tail}"
    return _answer_list(call, source, RESOURCES[child_table], address)


def _read_count(call: Call) -> web.Response:
    unfit = call.query.keys() - {"$filter"}
    if unfit:
        raise bad_request("Only $filter can be applied to a count.")
    query = {**call.query, "$top": "1"}
    options = read_list_options(call.resource, query)
    count = sum(1 for _ in source_of(call).matching(options.filter))
    return web.Response(text=str(count), content_type="text/plain")


def _answer_list(call: Call, source: Source, resource: Resource, address: str) -> web.Response:
    options = read_list_options(resource, call.query)
    page = fetch(source, options)
    how = plan(resource.path, options.select, options.expand)
    records = [show(row, how=how, company=call.company, root=call.root) for row in page.rows]
    extra: dict[str, str] = {}
    if page.count is not None:
        extra["__count"] = str(page.count)
    if page.skiptoken is not None:
        extra["__next"] = next_link(address, call.query, skiptoken=page.skiptoken, shown=len(records))
    return list_answer(call, records, extra=extra, is_short=_is_short(resource, options))


def _is_short(resource: Resource, options: Options) -> bool:
    """A bare array under `d`: with `$top` at or below the page size, never on a follow-up page (exact.md 6.2)."""
    return options.top is not None and options.top <= resource.page_size and options.skiptoken is None
