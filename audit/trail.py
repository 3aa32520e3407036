"""Reading the trail a page at a time, by subject, person, kind and time, however long it is.

A page never looks through more than `LOOKED_THROUGH` events: where they are used up it ends there, says so and can be
gone on with. So a filter that fits one event in five million costs no more than any other. Inside the tenant's context.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from audit.models import Event

PER_PAGE = 50
LOOKED_THROUGH = 20_000
"""Our own bound, some forty milliseconds' work."""
RARE_KINDS = (
    Event.Kind.ASKED,
    Event.Kind.CHANGED,
    Event.Kind.CONNECTED,
    Event.Kind.DISCONNECTED,
    Event.Kind.FAILED,
)
_RARE = "kind IN ({})".format(", ".join(f"'{kind}'" for kind in RARE_KINDS))
_OF_PEOPLE = "actor LIKE 'user:%%'"
"""Both as the partial indexes have it (`Event.Meta`): written out, or PostgreSQL does not see that they serve."""
_ENDLESS = 2**62
"""Above every sequence number, and one more is a number of the database still."""
Where = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for; what is empty is not asked about. `actors` are named as `record.acting` has them."""

    subjects: tuple[uuid.UUID, ...] = ()
    subject_kinds: tuple[str, ...] = ()
    correlation: uuid.UUID | None = None
    actors: tuple[str, ...] = ()
    kind: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Events, the newest first.

    `older` and `newer` are the sequence numbers to go on from, None where nothing follows. `is_cut` is set when the
    page ends because so much was looked through, not because nothing more is there.
    """

    events: tuple[Event, ...]
    older: int | None
    newer: int | None
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One direction through the trail: from `start`, which is left out itself."""

    start: int
    end: int
    is_back: bool

    def where(self) -> Where:
        if self.is_back:
            return "sequence < %s AND sequence >= %s", [self.start, self.end]
        return "sequence > %s AND sequence <= %s", [self.start, self.end]

    @property
    def order(self) -> str:
        return "sequence DESC" if self.is_back else "sequence"


def find_page(tenant_id: uuid.UUID, question: Question, *, before: int | None = None, after: int | None = None) -> Page:
    """The events before or after a sequence number, else the newest ones."""
    first, last = bounds(tenant_id, from_at=question.from_at, until_at=question.until_at)
    if after is not None:
        way = _Way(start=max(after, first - 1), end=last, is_back=False)
    else:
        way = _Way(start=last + 1 if before is None else min(before, last + 1), end=first, is_back=True)
    near, far = _indexed(tenant_id, question), _looked_at(question)
    found = _find(near, far, way)
    is_full = len(found) > PER_PAGE
    events = found[:PER_PAGE]
    onward = events[-1].sequence if is_full else _end_of_look(near, far, way)
    is_cut = onward is not None and not is_full
    if not way.is_back:
        back = events[0].sequence if events else way.start + 1
        return Page(events=tuple(reversed(events)), older=back, newer=onward, is_cut=is_cut)
    back = events[0].sequence if events else way.start - 1
    return Page(events=tuple(events), older=onward, newer=None if before is None else back, is_cut=is_cut)


def bounds(tenant_id: uuid.UUID, *, from_at: datetime | None, until_at: datetime | None) -> tuple[int, int]:
    """Bounds for the sequence numbers of a time, `until_at` itself left out; (1, 0) where it has none."""
    rows = Event.objects.filter(tenant_id=tenant_id)
    first, last = 1, _ENDLESS
    if from_at is not None:
        since = rows.filter(recorded_at__gte=from_at).order_by("recorded_at")
        first = since.values_list("sequence", flat=True).first() or _ENDLESS + 1
    if until_at is not None:
        until = rows.filter(recorded_at__lt=until_at).order_by("-recorded_at")
        last = until.values_list("sequence", flat=True).first() or 0
    return (first, last) if first <= last else (1, 0)


def _indexed(tenant_id: uuid.UUID, question: Question) -> Where:
    """The part of the question that an index answers in the order of sequence numbers."""
    if question.subjects:
        text, values = _one_of("subject", question.subjects)
        return f"tenant_id = %s AND {text}", [tenant_id, *values]
    if question.correlation is not None:
        return "tenant_id = %s AND correlation = %s", [tenant_id, question.correlation]
    if question.actors and all(actor.startswith("user:") for actor in question.actors):
        text, values = _one_of("actor", question.actors)
        return f"tenant_id = %s AND {text} AND {_OF_PEOPLE}", [tenant_id, *values]
    if question.kind in RARE_KINDS:
        return f"tenant_id = %s AND kind = %s AND {_RARE}", [tenant_id, question.kind]
    return "tenant_id = %s", [tenant_id]


def _looked_at(question: Question) -> Where:
    """All of it, asked of each event that is looked through; empty where there is nothing to ask."""
    parts = [
        _one_of(column, wanted)
        for column, wanted in (
            ("subject", question.subjects),
            ("subject_kind", question.subject_kinds),
            ("correlation", (question.correlation,) if question.correlation else ()),
            ("actor", question.actors),
            ("kind", (question.kind,) if question.kind else ()),
        )
        if wanted
    ]
    return " AND ".join(text for text, _ in parts), [value for _, values in parts for value in values]


def _one_of(column: str, wanted: Sequence[object]) -> Where:
    """A single value is compared plainly, so that an index can give the rows in order."""
    return (f"{column} = %s", [wanted[0]]) if len(wanted) == 1 else (f"{column} = ANY(%s)", [list(wanted)])


def _find(near: Where, far: Where, way: _Way) -> list[Event]:
    """One more than a page shows, if there are so many."""
    where, values = way.where()
    look = f"SELECT * FROM audit_event WHERE {near[0]} AND {where} ORDER BY {way.order} LIMIT %s"  # noqa: S608
    kept = f"WHERE {far[0]}" if far[0] else ""
    asked = f"SELECT * FROM ({look}) AS looked {kept} ORDER BY {way.order} LIMIT %s"  # noqa: S608  pieces of our own
    most = LOOKED_THROUGH if far[0] else PER_PAGE + 1
    return list(Event.objects.raw(asked, [*near[1], *values, most, *far[1], PER_PAGE + 1]))


def _end_of_look(near: Where, far: Where, way: _Way) -> int | None:
    """The last event that was looked through, None when there were no more of them."""
    if not far[0]:
        return None
    where, values = way.where()
    asked = f"""
        SELECT sequence FROM audit_event WHERE {near[0]} AND {where} ORDER BY {way.order} OFFSET %s LIMIT 1
    """  # noqa: S608  pieces of our own
    with connection.cursor() as cursor:
        cursor.execute(asked, [*near[1], *values, LOOKED_THROUGH - 1])
        row = cursor.fetchone()
    return row[0] if row else None
