"""Which rows a GET shows: filter through an index where one helps, order, page, and the link to the next page."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import islice
from urllib.parse import quote

from sandbox.exact.catalog import TIMESTAMP, Resource, Style
from sandbox.exact.errors import bad_request
from sandbox.exact.fields import reader
from sandbox.exact.filters import Filter
from sandbox.exact.options import Options
from sandbox.exact.store import Company, Row, Table, Value
from sandbox.exact.wallclock import wall_text

Visible = Callable[[Row], bool]
KEPT_IN_NEXT = ("$filter", "$orderby", "$select", "$expand", "$inlinecount")
_SAFE_IN_NEXT = "$,'()*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The rows of one answer. `skiptoken` is the text that continues behind them, None at the end."""

    rows: list[Row]
    skiptoken: str | None
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows come from: a table, or a list made for this call (divisions, Me)."""

    company: Company
    resource: Resource
    table: Table | None = None
    listed: tuple[Row, ...] = ()
    visible: Visible | None = None

    def matching(self, wanted: Filter | None, *, after_key: Value = None) -> Iterator[Row]:
        """Rows that pass the filter, by row version for sync and by key for the rest."""
        for row in self._candidates(wanted, after_key):
            if self.visible is not None and not self.visible(row):
                continue
            if wanted is None or wanted.test(self.company, row):
                yield row

    def _candidates(self, wanted: Filter | None, after_key: Value) -> Iterable[Row]:
        key = self.resource.key or ""
        after = after_key if isinstance(after_key, str | int) else None
        if self.table is None:
            return [row for row in self.listed if after is None or _is_after(row.get(key), after)]
        if self.resource.style is Style.SYNC:
            above = wanted.above if wanted is not None and wanted.above is not None else -1
            return self.table.in_change_order(after=max(above, after if isinstance(after, int) else -1))
        if wanted is not None and wanted.keys is not None:
            found = {id(row): row for name, value in wanted.keys for row in self.table.find(name, value)}
            rows = [row for row in found.values() if after is None or _is_after(row.get(key), after)]
            return sorted(rows, key=lambda row: str(row.get(key)))
        return self.table.in_key_order(after=after)


def _is_after(value: Value, after: str | int) -> bool:
    return str(value) > str(after)


def fetch(source: Source, options: Options) -> Page:
    """One page of the answer."""
    page_size = source.resource.page_size
    limit = page_size if options.top is None else min(options.top, page_size)
    if options.order:
        rows = _ordered(source, options)
        found = rows[options.skip : options.skip + limit + 1]
    else:
        after = options.skiptoken[-1] if options.skiptoken else None
        found = list(islice(source.matching(options.filter, after_key=after), options.skip, options.skip + limit + 1))
    shown = found[:limit]
    is_more = len(found) > limit and (options.top is None or options.top > limit)
    return Page(
        rows=shown,
        skiptoken=_skiptoken(source, options, shown[-1]) if is_more else None,
        count=sum(1 for _ in source.matching(options.filter)) if options.with_count else None,
    )


def next_link(base: str, query: Mapping[str, str], *, skiptoken: str, shown: int) -> str:
    """The absolute address of the next page: `$skip` is dropped and `$top` lowered (exact.md 6.2)."""
    parts = [f"{name}={quote(query[name], safe=_SAFE_IN_NEXT)}" for name in KEPT_IN_NEXT if name in query]
    if "$top" in query:
        parts.append(f"$top={int(query['$top']) - shown}")
    parts.append(f"$skiptoken={skiptoken}")
    return f"{base}?{'&'.join(parts)}"


def _ordered(source: Source, options: Options) -> list[Row]:
    read_row = _sort_values(source, options)
    compare = _comparison(options)
    rows = sorted(source.matching(options.filter), key=lambda row: cmp_to_key(compare)(read_row(row)))
    if options.skiptoken is None:
        return rows
    if len(options.skiptoken) != len(options.order) + 1:
        raise bad_request("Invalid $skiptoken.")
    behind = options.skiptoken
    return [row for row in rows if compare(read_row(row), behind) > 0]


def _sort_values(source: Source, options: Options) -> Callable[[Row], tuple[Value, ...]]:
    table = source.resource.table
    readers = [reader(table, each.name) for each in options.order]
    key = source.resource.key or ""
    return lambda row: (*(read(source.company, row) for read in readers), row.get(key))


def _comparison(options: Options) -> Callable[[tuple[Value, ...], tuple[Value, ...]], int]:
    signs = [-1 if each.descending else 1 for each in options.order] + [1]

    def compare(left: tuple[Value, ...], right: tuple[Value, ...]) -> int:
        for sign, one, other in zip(signs, left, right, strict=True):
            if (difference := _compare_values(one, other)) != 0:
                return sign * difference
        return 0

    return compare


def _compare_values(one: Value, other: Value) -> int:
    """Nothing comes before something, as in the database behind Exact."""
    if one is None or other is None:
        return (one is not None) - (other is not None)
    if isinstance(one, str) or isinstance(other, str):
        one, other = str(one), str(other)
        return (one > other) - (one < other)
    return (one > other) - (one < other)


def _skiptoken(source: Source, options: Options, last: Row) -> str:
    """Values of the last row shown: those it was ordered by, then the key."""
    resource = source.resource
    if resource.style is Style.SYNC:
        return f"{last[TIMESTAMP]}L"
    texts = [
        _literal(resource.properties[each.name].edm, reader(resource.table, each.name)(source.company, last))
        for each in options.order
    ]
    key = resource.properties[resource.key or ""]
    return ",".join([*texts, _literal(key.edm, last.get(key.name))])


def _literal(edm: str, value: Value) -> str:
    if value is None:
        return "null"
    if edm == "DateTime" and isinstance(value, int):
        return f"datetime'{quote(wall_text(value), safe='')}'"
    if edm == "Guid":
        return f"guid'{value}'"
    if edm == "String":
        return quote("'" + str(value).replace("'", "''") + "'", safe="'")
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value}L" if edm == "Int64" else str(value)
