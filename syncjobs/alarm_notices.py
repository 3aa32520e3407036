"""Open alarms in the words of the people they concern: the name of what each is about, and the page that helps.

Reads only, inside the tenant's context.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse

from exact.models import Connection
from syncjobs.alarm_kinds import NATURES, About, AlarmKind
from syncjobs.models import Alarm, Attempt, Delivery
from ups.models import Account

LISTED = frozenset(kind for kind, nature in NATURES.items() if nature.is_listed)
"""Those of which the page "To do" tells at its top; it has entries of its own for the others."""
_TOGETHER = frozenset({AlarmKind.FINDING})
"""Of these many come at once, and one page shows them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmNotice:
    """An alarm as people read it; `path` is a page of ours."""

    kind: AlarmKind
    title: str
    about: str
    advice: str
    since: datetime
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    name: str
    path: str


def listed_alarms(tenant_id: uuid.UUID, tenant_code: uuid.UUID) -> list[AlarmNotice]:
    """What the page "To do" tells of, oldest first."""
    rows = list(_listed(tenant_id).order_by("raised_at", "pk"))
    notices = notices_of(rows, tenant_id=tenant_id, tenant_code=tenant_code)
    alone = [notice for notice in notices if notice.kind not in _TOGETHER]
    return [*alone, *_together([notice for notice in notices if notice.kind in _TOGETHER])]


def count_listed(tenant_id: uuid.UUID) -> int:
    """How many lines `listed_alarms` has."""
    kinds = list(_listed(tenant_id).values_list("kind", flat=True))
    alone = [kind for kind in kinds if kind not in _TOGETHER]
    return len(alone) + len(set(kinds) - set(alone))


def notices_of(alarms: Sequence[Alarm], *, tenant_id: uuid.UUID, tenant_code: uuid.UUID) -> list[AlarmNotice]:
    """Each alarm with the name of what it is about, in the order given."""
    named = _names(alarms, tenant_id, tenant_code)
    fallback = _Named(name="", path=reverse("syncjobs:work", args=[tenant_code]))
    return [_notice(alarm, named.get(alarm.subject, fallback)) for alarm in alarms]


def since_of(alarm: Alarm) -> datetime:
    """Since when it is so, which may be before it was noticed."""
    told = alarm.details.get("since")
    return datetime.fromisoformat(told) if told else alarm.raised_at


def _listed(tenant_id: uuid.UUID) -> QuerySet[Alarm]:
    return Alarm.objects.filter(tenant_id=tenant_id, cleared_at=None, kind__in=LISTED)


def _notice(alarm: Alarm, named: _Named) -> AlarmNotice:
    nature = NATURES[AlarmKind(alarm.kind)]
    return AlarmNotice(
        kind=AlarmKind(alarm.kind),
        title=nature.title,
        about=named.name,
        advice=nature.advice,
        since=since_of(alarm),
        path=named.path,
    )


def _together(notices: Sequence[AlarmNotice]) -> list[AlarmNotice]:
    if not notices:
        return []
    first = min(notices, key=lambda notice: notice.since)
    about = "One difference" if len(notices) == 1 else f"{len(notices)} differences"
    return [
        AlarmNotice(
            kind=first.kind, title=first.title, about=about, advice=first.advice, since=first.since, path=first.path
        )
    ]


def _names(alarms: Iterable[Alarm], tenant_id: uuid.UUID, tenant_code: uuid.UUID) -> dict[uuid.UUID, _Named]:
    subjects: dict[About, list[uuid.UUID]] = defaultdict(list)
    for alarm in alarms:
        subjects[NATURES[AlarmKind(alarm.kind)].about].append(alarm.subject)
    comparison = _Named(name="", path=reverse("syncjobs:reconciliation", args=[tenant_code]))
    named = dict.fromkeys(subjects[About.FINDING], comparison)
    deliveries = Delivery.objects.filter(tenant_id=tenant_id, code__in=subjects[About.DELIVERY])
    for code, number in deliveries.values_list("code", "delivery_number"):
        named[code] = _delivery(tenant_code, code, number)
    attempts = Attempt.objects.filter(tenant_id=tenant_id, code__in=subjects[About.ATTEMPT])
    for code, of, number in attempts.values_list("code", "delivery__code", "delivery__delivery_number"):
        named[code] = _delivery(tenant_code, of, number)
    connections = Connection.objects.filter(tenant_id=tenant_id, code__in=subjects[About.CONNECTION])
    for code, name in connections.values_list("code", "division_name"):
        named[code] = _Named(name=name, path=reverse("exact:connection", args=[tenant_code]))
    accounts = Account.objects.filter(tenant_id=tenant_id, code__in=subjects[About.ACCOUNT])
    for code, name in accounts.values_list("code", "name"):
        path = reverse("ups:account", args=[tenant_code, code])
        named[code] = _Named(name=f"UPS account {name}", path=path)
    return named


def _delivery(tenant_code: uuid.UUID, code: uuid.UUID, number: str) -> _Named:
    path = reverse("syncjobs:delivery", args=[tenant_code, code])
    return _Named(name=f"Delivery {number}" if number else "A delivery without number", path=path)
