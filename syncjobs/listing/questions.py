"""What a person asks of the list of deliveries: words, filters, order, columns. As the address of the page says it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from connector_site.lib.wording import said
from syncjobs.desk import FOLLOWED, MOVING
from syncjobs.listing.searching import MOST_CHARACTERS
from syncjobs.models import Delivery, Parcel

D, M = Delivery.State, Parcel.Milestone
SIZES = (25, 50, 100)
_MOST_CHARACTERS_OF_A_CHOICE = 40


class Sort(StrEnum):
    """What the list is ordered by; each has an index."""

    BOOKED = "booked"
    CHANGED = "changed"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A choice of deliveries: those in one of these states, and then only with these milestones or unprinted."""

    key: str
    word: str
    states: tuple[str, ...]
    milestones: tuple[str, ...] = ()
    is_unprinted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A way to sort, as one choice."""

    key: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that may be shown; the number of a delivery always is."""

    key: str
    word: str


FILTERS = (
    Filter(key="work", word=said("In work"), states=tuple(sorted(MOVING))),
    Filter(key="todo", word=said("To do"), states=(D.HOLD, D.REVIEW)),
    Filter(key="unprinted", word=said("Not printed"), states=(D.LABELLED, D.REPORTED), is_unprinted=True),
    Filter(key="reported", word=said("Number in Exact"), states=(D.REPORTED,)),
    Filter(key="way", word=said("On the way"), states=(D.IN_TRANSIT,)),
    Filter(
        key="exceptions",
        word=said("Exceptions"),
        states=tuple(sorted(FOLLOWED)),
        milestones=(M.EXCEPTION, M.RETURNED_TO_SENDER, M.UNKNOWN),
    ),
    Filter(key="delivered", word=said("Delivered"), states=(D.DELIVERED, D.CLOSED)),
    Filter(key="skipped", word=said("Not ours"), states=(D.SKIPPED,)),
    Filter(key="cancelled", word=said("Cancelled"), states=(D.CANCELLED,)),
)
ORDERS = (
    Order(key="booked", word=said("Booked, newest first")),
    Order(key="booked-up", word=said("Booked, oldest first")),
    Order(key="changed", word=said("Changed, latest first")),
    Order(key="changed-up", word=said("Changed, longest ago first")),
    Order(key="number", word=said("Number, highest first")),
    Order(key="number-up", word=said("Number, lowest first")),
)
COLUMNS = (
    Column(key="receiver", word=said("Receiver")),
    Column(key="place", word=said("Place")),
    Column(key="state", word=said("State")),
    Column(key="tracking", word=said("Tracking number")),
    Column(key="booked", word=said("Booked")),
    Column(key="changed", word=said("Changed")),
    Column(key="warehouse", word=said("Warehouse")),
    Column(key="service", word=said("Service")),
    Column(key="cost", word=said("Cost")),
    Column(key="printed", word=said("Printed")),
    Column(key="assigned", word=said("Assigned to")),
)
_SORTED_BY = {"number": Sort.NUMBER, "booked": Sort.BOOKED, "changed": Sort.CHANGED}
"""The columns that an order goes by."""
USUAL_COLUMNS = ("receiver", "place", "state", "tracking", "booked")
_FILTERS = {one.key: one for one in FILTERS}
_ORDERS = {one.key for one in ORDERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One look at the list. `columns` is empty where nobody chose any; what cannot be understood is as if not asked."""

    text: str = ""
    state: str = ""
    booked_from: date | None = None
    booked_to: date | None = None
    warehouse: str = ""
    sort: Sort = Sort.BOOKED
    is_ascending: bool = False
    size: int = SIZES[0]
    columns: tuple[str, ...] = ()

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Question":
        """As it stands in an address or in a saved view."""
        order = query.get("sort", "")
        sort, _, direction = (order if order in _ORDERS else Sort.BOOKED).partition("-")
        size = query.get("size", "")
        return cls(
            text=query.get("q", "").replace("\0", "").strip()[:MOST_CHARACTERS],
            state=query.get("state", "") if query.get("state", "") in _FILTERS else "",
            booked_from=_day(query.get("from", "")),
            booked_to=_day(query.get("to", "")),
            warehouse=query.get("warehouse", "").replace("\0", "")[:_MOST_CHARACTERS_OF_A_CHOICE],
            sort=Sort(sort),
            is_ascending=bool(direction),
            size=int(size) if size in {str(one) for one in SIZES} else SIZES[0],
            columns=known_columns(query.get("columns", "").split(",")),
        )

    def as_query(self) -> dict[str, str]:
        """What an address says of it: only what is not as usual."""
        said_so = {
            "q": self.text,
            "state": self.state,
            "from": self.booked_from.isoformat() if self.booked_from else "",
            "to": self.booked_to.isoformat() if self.booked_to else "",
            "warehouse": self.warehouse,
            "sort": self.order if self.order != Sort.BOOKED else "",
            "size": str(self.size) if self.size != SIZES[0] else "",
            "columns": ",".join(self.columns),
        }
        return {key: value for key, value in said_so.items() if value}

    @property
    def order(self) -> str:
        """The key of one of `ORDERS`."""
        return f"{self.sort}-up" if self.is_ascending else str(self.sort)

    @property
    def filter(self) -> Filter | None:
        """The states that were chosen."""
        return _FILTERS.get(self.state)

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves deliveries out."""
        return bool(self.text) or self.is_narrowed

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves deliveries out by anything but words."""
        return bool(self.state or self.booked_from or self.booked_to or self.warehouse)

    def in_order(self, order: str) -> "Question":
        """The same in one of `ORDERS`."""
        sort, _, direction = order.partition("-")
        return replace(self, sort=Sort(sort), is_ascending=bool(direction))

    def with_columns(self, columns: tuple[str, ...]) -> "Question":
        """The same, with other columns."""
        return replace(self, columns=columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The head of a column: which way it is sorted now, and which of `ORDERS` it leads to; either may be empty."""

    key: str
    word: str
    direction: str = ""
    order: str = ""


def headings(question: Question, columns: Iterable[str]) -> tuple[Heading, ...]:
    """The number's and those of these columns; choosing one a second time turns its order round."""
    shown = set(columns)
    every = (Column(key="number", word=said("Delivery")), *(one for one in COLUMNS if one.key in shown))
    return tuple(_heading(question, column) for column in every)


def _heading(question: Question, column: Column) -> Heading:
    sort = _SORTED_BY.get(column.key)
    if sort is None:
        return Heading(key=column.key, word=column.word)
    if sort != question.sort:
        return Heading(key=column.key, word=column.word, order=str(sort))
    if question.is_ascending:
        return Heading(key=column.key, word=column.word, direction="ascending", order=str(sort))
    return Heading(key=column.key, word=column.word, direction="descending", order=f"{sort}-up")


def misread(query: Mapping[str, str]) -> dict[str, str]:
    """What of an address `Question.from_query` left out or cut, by the name of the field, in words for the reader."""
    found: dict[str, str] = {}
    for field, known in (("state", _FILTERS), ("sort", _ORDERS), ("size", {str(size) for size in SIZES})):
        if query.get(field) and query[field] not in known:
            found[field] = said("“{value}” is none of the choices, so it was left out.", value=_start(query[field]))
    for field in ("from", "to"):
        if query.get(field) and _day(query[field]) is None:
            found[field] = said("“{value}” is not a date, so it was left out.", value=_start(query[field]))
    first, last = _day(query.get("from", "")), _day(query.get("to", ""))
    if first and last and last < first:
        found["to"] = said("This day is before the first one, so nothing can be found.")
    if len(query.get("q", "").strip()) > MOST_CHARACTERS:
        found["q"] = said("Only the first {count} characters are looked for.", count=MOST_CHARACTERS)
    return found


def _start(text: str) -> str:
    return text.replace("\0", "")[:_MOST_CHARACTERS_OF_A_CHOICE]


def known_columns(keys: Iterable[str]) -> tuple[str, ...]:
    """Those of these that there are, in the order in which they stand in the table."""
    wanted = set(keys)
    return tuple(column.key for column in COLUMNS if column.key in wanted)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
