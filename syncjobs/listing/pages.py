"""A page of the list of deliveries, found by key: page 1 and page 5,000 cost the same, whatever is chosen. Reads only.

Every function runs inside the tenant's context and clock (`tenants.gate.inside`).
"""

import hashlib
import json
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from syncjobs.listing.questions import Question, Sort
from syncjobs.listing.rows import Row, rows_of
from syncjobs.listing.searching import search
from syncjobs.models import Delivery

MOST_SORTED = 2_000
"""Our own bound: of more than these, chosen by state, day or warehouse, the newest alone are put in another order."""
_OLDER, _NEWER = "older", "newer"


class Key(NamedTuple):
    """What places a delivery in the list, and what changes when its row there does."""

    pk: int
    created_at: datetime
    changed_at: datetime
    delivery_number: str
    state: str
    milestone: str
    printed_at: datetime | None
    facts_read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Which deliveries a page shows. `is_cut`: there are more than could be looked through (`MOST_SORTED`, words)."""

    keys: tuple[Key, ...]
    older: str | None
    newer: str | None
    is_cut: bool

    @property
    def mark(self) -> str:
        """Changes whenever the rows of the page would."""
        return hashlib.sha256(repr((self.keys, self.older)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A piece of the list; `older` and `newer` say where to go on, None at the ends."""

    rows: tuple[Row, ...]
    older: str | None
    newer: str | None
    is_cut: bool
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Beside which delivery a page begins: the value that it is sorted by, its key, and on which side."""

    side: str
    value: Any
    pk: int


def find_page(tenant_id: uuid.UUID, question: Question, *, after: str | None) -> Page:
    """The page beside the place that another page named; the first one where it named none."""
    return page_of(tenant_id, slice_of(tenant_id, question, after=after), question)


def slice_of(tenant_id: uuid.UUID, question: Question, *, after: str | None) -> Slice:
    """Which deliveries stand on that page; going back so far that it would not be full shows the first one."""
    place = _read(after, question.sort)
    goes_back = place is not None and place.side == _NEWER
    some, is_cut = _keys(tenant_id, question, place, question.size + 1)
    is_more = len(some) > question.size
    if place is not None and not (is_more if goes_back else some):
        return slice_of(tenant_id, question, after=None)
    shown = some[: question.size]
    if goes_back:
        shown.reverse()
    return Slice(
        keys=tuple(shown),
        older=_write(_OLDER, shown[-1], question.sort) if is_more or goes_back else None,
        newer=_write(_NEWER, shown[0], question.sort) if place is not None else None,
        is_cut=is_cut,
    )


def page_of(tenant_id: uuid.UUID, found: Slice, question: Question) -> Page:
    """These deliveries with all that the chosen columns show."""
    rows = rows_of(tenant_id, [key.pk for key in found.keys], question.columns)
    return Page(rows=rows, older=found.older, newer=found.newer, is_cut=found.is_cut, mark=found.mark)


def all_keys(tenant_id: uuid.UUID, question: Question, *, most: int) -> tuple[list[int], bool]:
    """The keys of everything asked for, in order, at most so many; and whether there are more."""
    some, is_cut = _keys(tenant_id, question, None, most + 1)
    return [key.pk for key in some[:most]], is_cut or len(some) > most


def place_after(delivery: Delivery, sort: Sort) -> str:
    """The place of the page that begins behind this delivery."""
    return _write(_OLDER, Key(*(getattr(delivery, name) for name in Key._fields)), sort)


def _keys(tenant_id: uuid.UUID, question: Question, place: _Place | None, most: int) -> tuple[list[Key], bool]:
    """So many from the place on, in the order in which one goes away from it; and whether some were not looked at."""
    if question.text:
        found = search(tenant_id, question.text)
        keys = found.keys if found else ()
        mine = _narrowed(tenant_id, question).filter(pk__in=keys)
        return _cut_out(_read_keys([_chosen(mine, question)]), question, place, most), bool(found and found.is_cut)
    parts = _parts(_narrowed(tenant_id, question), question)
    if question.sort == Sort.BOOKED or not question.is_narrowed:
        return _walked(parts, question, place, most), False
    newest = _walked(parts, Question(), None, MOST_SORTED + 1)
    return _cut_out(newest[:MOST_SORTED], question, place, most), len(newest) > MOST_SORTED


def _walked(parts: Sequence[QuerySet[Delivery]], question: Question, place: _Place | None, most: int) -> list[Key]:
    """Along the index of each part, each no further than is needed."""
    goes_up = question.is_ascending != (place is not None and place.side == _NEWER)
    field = _FIELDS[question.sort]
    order = [field, "pk"] if goes_up else [f"-{field}", "-pk"]
    beyond = _beyond(field, place, goes_up=goes_up) if place else Q()
    pieces = [part.filter(beyond).order_by(*order)[:most] for part in parts]
    return _read_keys(pieces, order=order, most=most)


def _beyond(field: str, place: _Place, *, goes_up: bool) -> Q:
    """The first condition bounds the index, the second leaves out those of the same value that came before."""
    way = "gt" if goes_up else "lt"
    return Q(**{f"{field}__{way}e": place.value}) & (
        Q(**{f"{field}__{way}": place.value}) | Q(**{f"pk__{way}": place.pk})
    )


def _read_keys(
    pieces: Sequence[QuerySet[Delivery]], *, order: Sequence[str] = (), most: int | None = None
) -> list[Key]:
    rows = [piece.values_list(*Key._fields) for piece in pieces]
    if len(rows) == 1:
        return [Key(*row) for row in rows[0]]
    return [Key(*row) for row in rows[0].union(*rows[1:], all=True).order_by(*order)[:most]]


def _cut_out(keys: Iterable[Key], question: Question, place: _Place | None, most: int) -> list[Key]:
    """From a bounded number of keys: those from the place on."""
    goes_up = question.is_ascending != (place is not None and place.side == _NEWER)
    field = _FIELDS[question.sort]
    ordered = sorted(keys, key=lambda key: (getattr(key, field), key.pk), reverse=not goes_up)
    if place is not None:
        mark = (place.value, place.pk)
        values = ((getattr(key, field), key.pk, key) for key in ordered)
        ordered = [key for value, pk, key in values if (((value, pk) > mark) if goes_up else ((value, pk) < mark))]
    return ordered[:most]


def _narrowed(tenant_id: uuid.UUID, question: Question) -> QuerySet[Delivery]:
    """By day, as the company's clock has it, and by warehouse."""
    found = Delivery.objects.filter(tenant_id=tenant_id)
    if question.booked_from is not None:
        found = found.filter(created_at__gte=_beginning(question.booked_from))
    if question.booked_to is not None and question.booked_to < date.max:
        found = found.filter(created_at__lt=_beginning(question.booked_to + timedelta(days=1)))
    return found.filter(warehouse_code=question.warehouse) if question.warehouse else found


def _parts(found: QuerySet[Delivery], question: Question) -> list[QuerySet[Delivery]]:
    """Parts that an index serves each: several states in one would be sorted, or looked for among all others."""
    chosen = question.filter
    if chosen is not None and (chosen.milestones or chosen.is_unprinted):
        return [_chosen(found, question)]
    states = chosen.states if chosen else tuple(Delivery.State.values) if question.warehouse else ()
    return [found.filter(state=state) for state in states] or [found]


def _chosen(found: QuerySet[Delivery], question: Question) -> QuerySet[Delivery]:
    chosen = question.filter
    if chosen is None:
        return found
    found = found.filter(state__in=chosen.states)
    if chosen.is_unprinted:
        return found.filter(printed_at=None)
    return found.filter(milestone__in=chosen.milestones) if chosen.milestones else found


def _beginning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _write(side: str, key: Key, sort: Sort) -> str:
    value = getattr(key, _FIELDS[sort])
    text = value.isoformat() if isinstance(value, datetime) else value
    return urlsafe_b64encode(json.dumps([side, sort, text, key.pk]).encode()).decode().rstrip("=")


def _read(after: str | None, sort: Sort) -> _Place | None:
    """None for what names no place in this order."""
    try:
        side, of_sort, text, pk = json.loads(urlsafe_b64decode((after or "") + "=="))
        value = text if of_sort == Sort.NUMBER else datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return None
    is_aware = of_sort == Sort.NUMBER or (isinstance(value, datetime) and value.tzinfo is not None)
    is_meant = side in {_OLDER, _NEWER} and of_sort == sort and isinstance(text, str) and "\0" not in text
    is_key = isinstance(pk, int) and 0 < pk < _ABOVE_KEYS
    return _Place(side=side, value=value, pk=pk) if is_meant and is_aware and is_key else None


_FIELDS = {Sort.BOOKED: "created_at", Sort.CHANGED: "changed_at", Sort.NUMBER: "delivery_number"}
_ABOVE_KEYS = 2**63
