"""What people are told: how each member wants to hear of each kind of news, and what of it she has not read yet.

News are the company's alarms. Without a choice the role decides: owners and managers are mailed at once, others never,
and everybody sees it on the site; of daily work nobody is mailed. Every function runs inside the tenant's context.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from syncjobs.alarms.news_kinds import DAILY_WORK, NEWS_OF, NewsKind, alarms_of
from syncjobs.alarms.notices import AlarmNotice, notice_of_each
from syncjobs.models import Alarm, NewsChoice, NewsMark
from tenants.access import rank
from tenants.models import Membership, Role

Mail = NewsChoice.Mail
PAGE_SIZE = 25
COUNTED_TO = 100
_KNOWN = frozenset(kind.value for kind in NewsKind)
_UNREAD = f"""(
SELECT count(*) FROM (
  SELECT 1 FROM syncjobs_alarm n
   WHERE n.tenant_id = %s AND n.kind = ANY(%s) AND n.raised_at > coalesce(
           (SELECT k.read_to_at FROM syncjobs_newsmark k WHERE k.tenant_id = %s AND k.user_id = %s),
           (SELECT m.created_at FROM tenants_membership m WHERE m.tenant_id = %s AND m.user_id = %s))
     AND NOT EXISTS (SELECT 1 FROM syncjobs_newschoice h CROSS JOIN jsonb_each_text(%s::jsonb) o
                      WHERE h.tenant_id = %s AND h.user_id = %s AND NOT h.on_site
                        AND o.key = n.kind AND o.value = h.kind)
   LIMIT {COUNTED_TO}) u)"""  # noqa: S608  a number of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How a person hears of one kind."""

    mail: Mail
    on_site: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing she was told; `is_over` where it is so no longer."""

    code: uuid.UUID
    notice: AlarmNotice
    raised_at: datetime
    cleared_at: datetime | None
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A piece of the news; `before` is where older ones begin, empty at the end."""

    news: tuple[News, ...]
    before: str


def usual_mail(role: Role, kind: NewsKind) -> Mail:
    """What holds for a member who has chosen nothing."""
    return Mail.AT_ONCE if rank(role) >= rank(Role.MANAGER) and kind not in DAILY_WORK else Mail.NEVER


def choices_of(tenant_id: uuid.UUID, user_id: int, role: Role) -> dict[NewsKind, Choice]:
    """For every kind."""
    chosen = _chosen(NewsChoice.objects.filter(tenant_id=tenant_id, user_id=user_id))
    return {kind: chosen.get((user_id, kind)) or _usual(role, kind) for kind in NewsKind}


def choose(tenant_id: uuid.UUID, user_id: int, choices: Mapping[NewsKind, Choice]) -> None:
    """Keep what she chose; it is about herself alone, so it is no event of the company."""
    NewsChoice.objects.bulk_create(
        [
            NewsChoice(tenant_id=tenant_id, user_id=user_id, kind=kind, mail=choice.mail, on_site=choice.on_site)
            for kind, choice in sorted(choices.items())
        ],
        update_conflicts=True,
        unique_fields=["tenant", "user", "kind"],
        update_fields=["mail", "on_site"],
    )


def wanted_by_mail(tenant_id: uuid.UUID, members: Iterable[Membership], mail: Mail) -> dict[int, frozenset[str]]:
    """By user, the kinds of alarms of which she is mailed in this way; those who want none are left out."""
    chosen = _chosen(NewsChoice.objects.filter(tenant_id=tenant_id))
    found: dict[int, frozenset[str]] = {}
    for member in members:
        own = {kind: chosen.get((member.user_id, kind)) or _usual(Role(member.role), kind) for kind in NewsKind}
        kinds = {kind for kind, choice in own.items() if choice.mail == mail}
        if kinds:
            found[member.user_id] = frozenset(alarms_of(kinds))
    return found


def unread_sql(tenant_id: uuid.UUID, user_id: int) -> tuple[str, list[Any]]:
    """How many news she has not read, as a part of another statement, with its values; `COUNTED_TO` at most."""
    kinds = [alarm.value for alarm in NEWS_OF]
    news_of = "{" + ",".join(f'"{alarm}":"{news}"' for alarm, news in NEWS_OF.items()) + "}"
    return _UNREAD, [tenant_id, kinds, *(tenant_id, user_id) * 2, news_of, tenant_id, user_id]


def page(tenant_id: uuid.UUID, tenant_code: uuid.UUID, *, user_id: int, role: Role, before: str) -> Page:
    """What she wants to see on the site, newest first."""
    choices = choices_of(tenant_id, user_id, role)
    kinds = alarms_of({kind for kind, choice in choices.items() if choice.on_site})
    rows = Alarm.objects.filter(tenant_id=tenant_id, kind__in=kinds)
    mark = _place(before)
    if mark is not None:
        rows = rows.filter(raised_at__lte=mark[0]).exclude(raised_at=mark[0], pk__gte=mark[1])
    found = list(rows.order_by("-raised_at", "-pk")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    read_to = _read_to(tenant_id, user_id)
    notices = notice_of_each(shown, tenant_id=tenant_id, tenant_code=tenant_code)
    news = tuple(
        News(
            code=row.code,
            notice=notices[row.code],
            raised_at=row.raised_at,
            cleared_at=row.cleared_at,
            is_new=read_to is None or row.raised_at > read_to,
        )
        for row in shown
    )
    last = shown[-1] if len(found) > PAGE_SIZE else None
    return Page(news=news, before=f"{last.raised_at.isoformat()}_{last.pk}" if last else "")


def mark_read(tenant_id: uuid.UUID, user_id: int, *, to: datetime) -> None:
    """She has seen all that was told until then; never back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO syncjobs_newsmark (code, tenant_id, user_id, read_to_at)"
            " VALUES (gen_random_uuid(), %s, %s, %s)"
            " ON CONFLICT (tenant_id, user_id) DO UPDATE"
            " SET read_to_at = greatest(syncjobs_newsmark.read_to_at, excluded.read_to_at)",
            [tenant_id, user_id, to],
        )


def _usual(role: Role, kind: NewsKind) -> Choice:
    return Choice(mail=usual_mail(role, kind))


def _chosen(rows: Iterable[NewsChoice]) -> dict[tuple[int, NewsKind], Choice]:
    return {
        (row.user_id, NewsKind(row.kind)): Choice(mail=Mail(row.mail), on_site=row.on_site)
        for row in rows
        if row.kind in _KNOWN
    }


def _read_to(tenant_id: uuid.UUID, user_id: int) -> datetime | None:
    marks = NewsMark.objects.filter(tenant_id=tenant_id, user_id=user_id).values_list("read_to_at", flat=True)
    came = Membership.objects.filter(tenant_id=tenant_id, user_id=user_id).values_list("created_at", flat=True)
    return marks.first() or came.first()


def _place(before: str) -> tuple[datetime, int] | None:
    try:
        moment, key = before.split("_")
        return datetime.fromisoformat(moment), int(key)
    except ValueError:
        return None
