"""Open alarms in the words of the people they concern: the name of what each is about, and the page that helps.

Reads only, inside the tenant's context.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet
from django.urls import reverse

from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.alarms.kinds import NATURES, About, AlarmKind
from syncjobs.models import Alarm, Attempt, Delivery, SystemAlarm
from ups.models import Account

LISTED = frozenset(kind for kind, nature in NATURES.items() if nature.is_listed)
"""Those of which the page "To do" tells at its top; it has entries of its own for the others."""
SHOWN_OF_A_KIND = 20
"""Of one kind; how many more there are is said in a line of its own."""
AlarmRow = TypeVar("AlarmRow", Alarm, SystemAlarm)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmNotice:
    """Alarms of one kind as people read them; mostly one.

    `path` is a page of ours. Where it tells of several there is no such page, and no one moment since when.
    """

    title: str
    about: str
    advice: str
    since: datetime | None
    path: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    name: str
    path: str


def listed_notices(
    tenant_id: uuid.UUID, tenant_code: uuid.UUID, codes: Collection[uuid.UUID]
) -> dict[uuid.UUID, AlarmNotice]:
    """What the page "To do" tells of these alarms, by their codes."""
    rows = list(listed(tenant_id).filter(code__in=codes))
    return notice_of_each(rows, tenant_id=tenant_id, tenant_code=tenant_code)


def notice_of_each(
    alarms: Sequence[Alarm], *, tenant_id: uuid.UUID, tenant_code: uuid.UUID
) -> dict[uuid.UUID, AlarmNotice]:
    """Each alarm by itself, by its code."""
    told = _notices(alarms, {}, tenant_id=tenant_id, tenant_code=tenant_code)
    return {alarm.code: notice for alarm, notice in zip(alarms, told, strict=True)}


def notices_of(alarms: Iterable[Alarm], *, tenant_id: uuid.UUID, tenant_code: uuid.UUID) -> list[AlarmNotice]:
    """The alarms with the name of what each is about, in the order given; of one kind no more than people read."""
    shown, more = some_of_each_kind(alarms)
    return _notices(shown, more, tenant_id=tenant_id, tenant_code=tenant_code)


def some_of_each_kind(alarms: Iterable[AlarmRow]) -> tuple[list[AlarmRow], dict[AlarmKind, int]]:
    """The first of each kind, and of which kinds there are how many more."""
    seen: Counter[AlarmKind] = Counter()
    shown: list[AlarmRow] = []
    for alarm in alarms:
        kind = AlarmKind(alarm.kind)
        seen[kind] += 1
        if seen[kind] <= SHOWN_OF_A_KIND:
            shown.append(alarm)
    return shown, {kind: count - SHOWN_OF_A_KIND for kind, count in seen.items() if count > SHOWN_OF_A_KIND}


def and_more(count: int) -> str:
    """What stands in place of those that are not shown."""
    return said("and {count} more", count=count)


def since_of(alarm: Alarm | SystemAlarm) -> datetime:
    """Since when it is so, which may be before it was noticed."""
    told = alarm.details.get("since")
    return datetime.fromisoformat(told) if told else alarm.raised_at


def listed(tenant_id: uuid.UUID) -> QuerySet[Alarm]:
    """Open alarms that stand on the page "To do"."""
    return Alarm.objects.filter(tenant_id=tenant_id, cleared_at=None, kind__in=LISTED)


def _notices(
    alarms: Iterable[Alarm], more: Mapping[AlarmKind, int], *, tenant_id: uuid.UUID, tenant_code: uuid.UUID
) -> list[AlarmNotice]:
    rows = list(alarms)
    named = _names(rows, tenant_id, tenant_code)
    fallback = _Named(name="", path=reverse("syncjobs:work", args=[tenant_code]))
    shown = [_notice(alarm, named.get((_about(alarm), alarm.subject), fallback)) for alarm in rows]
    return [*shown, *(_rest(kind, count) for kind, count in more.items())]


def _about(alarm: Alarm) -> About:
    return NATURES[AlarmKind(alarm.kind)].about


def _notice(alarm: Alarm, named: _Named) -> AlarmNotice:
    nature = NATURES[AlarmKind(alarm.kind)]
    return AlarmNotice(
        title=nature.title,
        about=_counted(alarm) or named.name,
        advice=nature.advice,
        since=since_of(alarm),
        path=named.path,
    )


def _rest(kind: AlarmKind, count: int) -> AlarmNotice:
    nature = NATURES[kind]
    return AlarmNotice(
        title=nature.title, about=and_more(count), advice=nature.advice, since=None, path="", count=count
    )


def _counted(alarm: Alarm) -> str:
    """How many things an alarm is about that tells of several; empty where it is about one with a name."""
    about = NATURES[AlarmKind(alarm.kind)].about
    if about == About.COMPARISON:
        count = alarm.details.get("findings", 1)
        return said("One difference") if count == 1 else said("{count} differences", count=count)
    if about == About.DELIVERIES:
        count = alarm.details.get("deliveries", 1)
        return said("One delivery") if count == 1 else said("{count} deliveries", count=count)
    return ""


def _names(
    alarms: Iterable[Alarm], tenant_id: uuid.UUID, tenant_code: uuid.UUID
) -> dict[tuple[About, uuid.UUID], _Named]:
    subjects: dict[About, list[uuid.UUID]] = defaultdict(list)
    for alarm in alarms:
        subjects[_about(alarm)].append(alarm.subject)
    comparison = _Named(name="", path=reverse("syncjobs:reconciliation", args=[tenant_code]))
    named = {(About.COMPARISON, code): comparison for code in subjects[About.COMPARISON]}
    deliveries = Delivery.objects.filter(tenant_id=tenant_id, code__in=subjects[About.DELIVERY])
    for code, number in deliveries.values_list("code", "delivery_number"):
        named[About.DELIVERY, code] = _delivery(tenant_code, code, number)
    attempts = Attempt.objects.filter(tenant_id=tenant_id, code__in=subjects[About.ATTEMPT])
    for code, of, number in attempts.values_list("code", "delivery__code", "delivery__delivery_number"):
        named[About.ATTEMPT, code] = _delivery(tenant_code, of, number)
    connections = Connection.objects.filter(tenant_id=tenant_id, code__in=subjects[About.CONNECTION])
    for code, name in connections.values_list("code", "division_name"):
        named[About.CONNECTION, code] = _Named(name=name, path=reverse("exact:connection", args=[tenant_code]))
    accounts = Account.objects.filter(tenant_id=tenant_id, code__in=subjects[About.ACCOUNT])
    for code, name in accounts.values_list("code", "name"):
        path = reverse("ups:account", args=[tenant_code, code])
        named[About.ACCOUNT, code] = _Named(name=said("UPS account {name}", name=name), path=path)
    return named


def _delivery(tenant_code: uuid.UUID, code: uuid.UUID, number: str) -> _Named:
    path = reverse("syncjobs:delivery", args=[tenant_code, code])
    return _Named(
        name=said("Delivery {number}", number=number) if number else said("A delivery without number"), path=path
    )
