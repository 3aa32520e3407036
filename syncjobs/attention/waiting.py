"""What waits for a person: one list, whose turn each thing is, and until when nobody wants to be reminded of it.

The list is found by one statement over partial indexes that hold nothing but what waits (`attention_sources`); what a
page shows of it is read for those lines alone (`attention_lines`). Every function that reads runs inside the
tenant's context (`tenants.gate.inside`); `assign` and `snooze` open their own.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.attention.kinds import KIND_OF, URGENT_BELOW, Kind, Rank, Subject, SubjectKind
from syncjobs.attention.sources import awake, everything
from syncjobs.models import Alarm, Attention, Delivery
from syncjobs.transitions import delivery_event
from tenants.access import rank
from tenants.context import tenant_context
from tenants.models import Membership, Role
from ups.models import Account

PAGE_SIZE = 25
COUNTED_TO = 100
"""The menu counts no further, and says "99+"."""
AT_ONCE = 100
"""So many things are given to somebody, or put off, by one action."""
_LIST = f"""
WITH found (subject_kind, subject, rank, since) AS MATERIALIZED ({{found}}), listed AS (
  SELECT f.subject_kind, f.subject, f.rank, f.since, (f.rank >= {URGENT_BELOW:d})::int AS after_urgent,
         a.assigned_to_id, a.snoozed_until
    FROM (SELECT subject_kind, subject, min(rank) AS rank, min(since) AS since FROM found GROUP BY 1, 2) f
    LEFT JOIN syncjobs_attention a
      ON a.tenant_id = %s AND a.subject_kind = f.subject_kind AND a.subject = f.subject
)
"""  # noqa: S608  a number of ours
_IS_SNOOZED = "coalesce(snoozed_until > %s, false)"
_COUNTS = f"""SELECT jsonb_agg(c) FROM (
  SELECT rank, {_IS_SNOOZED} AS is_snoozed, coalesce(assigned_to_id = %s, false) AS is_mine,
         assigned_to_id IS NULL AS is_nobodys, count(*) AS count
    FROM listed GROUP BY 1, 2, 3, 4) c"""  # noqa: S608  a condition of ours
_PLACE = "(after_urgent, since, subject)"


class Who(StrEnum):
    """Whose things are shown; those put off stand in a list of their own and in no other."""

    ALL = "all"
    MINE = "mine"
    NOBODY = "nobody"
    SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of the list: what it is about, why, since when, and who has it."""

    subject: Subject
    rank: Rank
    since: datetime
    assigned_to: int | None
    snoozed_until: datetime | None

    @property
    def kind(self) -> Kind:
        """The kind by which people filter."""
        return KIND_OF[self.rank]

    @property
    def is_urgent(self) -> bool:
        """Whether it stands above everything that has waited longer."""
        return self.rank < URGENT_BELOW

    @property
    def place(self) -> str:
        """Where it stands, for the address of the page after it."""
        return f"{int(not self.is_urgent)}_{self.since.isoformat()}_{self.subject.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many there are: by whose they are, and by kind among those of the chosen one."""

    by_who: dict[Who, int]
    by_kind: dict[Kind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A piece of the list; `after` is where the next one begins, empty at the end."""

    items: tuple[Item, ...]
    after: str
    counts: Counts


class Unknown(Exception):
    """None of what was named is there, or the person is not of this company or may only look."""


def items(
    tenant_id: uuid.UUID, *, who: Who, user_id: int, at: datetime, kind: Kind | None = None, after: str = ""
) -> Page:
    """Urgent things first, then what has waited longest, a page at a time; with the counts for the filters."""
    found, values = everything(tenant_id, at=at)
    condition, more = _of(who, user_id, at)
    if kind is not None:
        condition += " AND rank = ANY(%s)"
        more.append([int(one) for one, of in KIND_OF.items() if of == kind])
    mark = _mark(after)
    if mark is not None:
        condition += f" AND {_PLACE} > (%s, %s, %s)"
        more += mark
    statement = (
        f"{_LIST.format(found=found)} SELECT (SELECT jsonb_agg(p) FROM (SELECT subject_kind, subject, rank, since,"  # noqa: S608  all of it is ours
        f" assigned_to_id, snoozed_until FROM listed WHERE {condition}"
        f" ORDER BY after_urgent, since, subject LIMIT {PAGE_SIZE + 1}) p), ({_COUNTS})"
    )
    page, counted = _rows(statement, [*values, tenant_id, *more, at, user_id])[0]
    rows = [_item(row) for row in json.loads(page or "[]")]
    return Page(
        items=tuple(rows[:PAGE_SIZE]),
        after=rows[PAGE_SIZE - 1].place if len(rows) > PAGE_SIZE else "",
        counts=_counts(json.loads(counted or "[]"), who),
    )


def count(tenant_id: uuid.UUID, *, at: datetime) -> int:
    """How many things wait, `COUNTED_TO` at most; without those that were put off."""
    statement, values = count_sql(tenant_id, at=at)
    return int(_rows(f"SELECT {statement}", values)[0][0])


def count_sql(tenant_id: uuid.UUID, *, at: datetime) -> tuple[str, list[Any]]:
    """`count` as a part of another statement, with its values."""
    found, values = awake(tenant_id, at=at, at_most=COUNTED_TO)
    return f"(SELECT count(*) FROM (SELECT 1 FROM ({found}) AS w LIMIT {COUNTED_TO}) AS c)", values  # noqa: S608


def assign(
    *, actor: str, tenant_id: uuid.UUID, subjects: Sequence[Subject], to: int | None, at: datetime
) -> tuple[Subject, ...]:
    """Give these to a member who may act, or to nobody; returns those that were somebody else's. Raises `Unknown`."""
    with acting(actor), tenant_context(tenant_id):
        person = _member(tenant_id, to) if to is not None else None
        details = {"what": "given to a person", "user": str(person)} if person else {"what": "given to nobody"}
        return _change(tenant_id, subjects, {"assigned_to_id": to}, details, at=at)


def snooze(
    *, actor: str, tenant_id: uuid.UUID, subjects: Sequence[Subject], until: datetime | None, at: datetime
) -> tuple[Subject, ...]:
    """Put these off; they come back by themselves, with None at once. Returns those that changed. Raises `Unknown`."""
    told = {"what": "put off", "until": until.isoformat()} if until else {"what": "taken up again"}
    with acting(actor), tenant_context(tenant_id):
        return _change(tenant_id, subjects, {"snoozed_until": until}, told, at=at)


def _of(who: Who, user_id: int, at: datetime) -> tuple[str, list[Any]]:
    if who == Who.SNOOZED:
        return _IS_SNOOZED, [at]
    conditions = {Who.ALL: ("", []), Who.MINE: (" AND assigned_to_id = %s", [user_id])}
    more, values = conditions.get(who, (" AND assigned_to_id IS NULL", []))
    return f"NOT {_IS_SNOOZED}{more}", [at, *values]


def _mark(after: str) -> list[Any] | None:
    """Where to go on from; None where the address names no place."""
    try:
        later, since, code = after.split("_")
        return [int(later), datetime.fromisoformat(since), uuid.UUID(code)]
    except ValueError:
        return None


def _counts(rows: Iterable[dict[str, Any]], chosen: Who) -> Counts:
    by_who: Counter[Who] = Counter()
    by_kind: Counter[Kind] = Counter()
    for row in rows:
        is_awake = not row["is_snoozed"]
        lists = {
            Who.ALL: is_awake,
            Who.MINE: is_awake and row["is_mine"],
            Who.NOBODY: is_awake and row["is_nobodys"],
            Who.SNOOZED: not is_awake,
        }
        by_who.update({one: row["count"] for one, is_in in lists.items() if is_in})
        by_kind[KIND_OF[Rank(row["rank"])]] += row["count"] if lists[chosen] else 0
    return Counts(by_who=by_who, by_kind=by_kind)


def _item(row: dict[str, Any]) -> Item:
    snoozed_until = row["snoozed_until"]
    return Item(
        subject=Subject(SubjectKind(row["subject_kind"]), uuid.UUID(row["subject"])),
        rank=Rank(row["rank"]),
        since=datetime.fromisoformat(row["since"]),
        assigned_to=row["assigned_to_id"],
        snoozed_until=datetime.fromisoformat(snoozed_until) if snoozed_until else None,
    )


def _rows(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _member(tenant_id: uuid.UUID, user_id: int) -> uuid.UUID:
    """Her public code, if she may do something about it."""
    found = Membership.objects.filter(tenant_id=tenant_id, user_id=user_id, user__is_active=True)
    row = found.select_related("user").first()
    if row is None or rank(Role(row.role)) < rank(Role.OPERATOR):
        raise Unknown(said("This person does not belong to the company, or may only look."))
    return row.user.code


def _change(
    tenant_id: uuid.UUID, subjects: Sequence[Subject], changes: dict[str, Any], told: dict[str, str], *, at: datetime
) -> tuple[Subject, ...]:
    """Write it to each that is there and is not so yet, with an event; in the order of their codes."""
    wanted = sorted(set(subjects), key=str)[:AT_ONCE]
    events = _events(tenant_id, wanted, told)
    if not events:
        raise Unknown(said("What was chosen is not there any more."))
    rows = Attention.objects.filter(tenant_id=tenant_id, subject__in=[one.code for one in events]).select_for_update()
    known = {Subject(SubjectKind(row.subject_kind), row.subject): row for row in rows.order_by("pk")}
    changed = [one for one in events if _differs(known.get(one), changes)]
    Attention.objects.bulk_create(
        [
            Attention(tenant_id=tenant_id, subject_kind=one.kind, subject=one.code, changed_at=at, **changes)
            for one in changed
        ],
        update_conflicts=True,
        unique_fields=["tenant", "subject_kind", "subject"],
        update_fields=[*changes, "changed_at"],
    )
    happenings(tenant_id, [events[one] for one in changed])
    return tuple(changed)


def _differs(row: Attention | None, changes: dict[str, Any]) -> bool:
    return any(getattr(row, name, None) != value for name, value in changes.items())


def _events(tenant_id: uuid.UUID, subjects: Iterable[Subject], told: dict[str, str]) -> dict[Subject, Happening]:
    """What is to be recorded of each that exists at this company."""
    codes: dict[SubjectKind, list[uuid.UUID]] = {kind: [] for kind in SubjectKind}
    for one in subjects:
        codes[one.kind].append(one.code)
    found: dict[Subject, Happening] = {}
    deliveries = Delivery.objects.filter(tenant_id=tenant_id, code__in=codes[SubjectKind.DELIVERY])
    for delivery in deliveries.only("code", "tenant_id", "correlation") if codes[SubjectKind.DELIVERY] else ():
        event = delivery_event(delivery, Event.Kind.ASKED, details=told)
        found[Subject(SubjectKind.DELIVERY, delivery.code)] = event
    others = ((SubjectKind.COMPANY, Connection), (SubjectKind.ACCOUNT, Account), (SubjectKind.ALARM, Alarm))
    for kind, model in others:
        rows = model.objects.filter(tenant_id=tenant_id, code__in=codes[kind]) if codes[kind] else model.objects.none()
        for code in rows.values_list("code", flat=True):
            event = Happening(kind=Event.Kind.ASKED, subject_kind=kind, subject=code, details=told)
            found[Subject(kind, code)] = event
    return found
