"""What is not finished: told on the page "To do", and before a company is disconnected.

Reads only. Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Q, QuerySet

from connector_site.lib.wording import said
from syncjobs.desk import MOVING, needs_reconnect
from syncjobs.models import Delivery, Finding, Shipment
from syncjobs.reconciling.kinds import FindingKind
from syncjobs.setup.rule_book import live_connection
from tenants.models import Tenant

D = Delivery.State
_FOR_A_PERSON = (D.HOLD, D.REVIEW)
_ON_THE_WAY = (D.REPORTED, D.IN_TRANSIT, D.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """Deliveries of one company: those that wait for Exact alone, those that wait for a person, and those that travel.

    The last ones are shipped, and Exact was told their number.
    """

    waiting: int = 0
    for_a_person: int = 0
    on_the_way: int = 0

    @property
    def count(self) -> int:
        """How many are not shipped and told to Exact yet."""
        return self.waiting + self.for_a_person


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """Deliveries of a company that is not connected any more: none of them goes on before it is connected again.

    `labels` counts those whose label is made and paid, and whose number is not in Exact. `now` is the company that
    is connected in its place; empty where there is none. `code` is the connection's.
    """

    code: uuid.UUID
    company: str
    waiting: int
    labels: int
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyList:
    """What stands in place of an empty list: `page` is the name of the page that helps."""

    title: str
    texts: tuple[str, ...]
    page: str
    button: str
    is_well: bool = False


def unfinished(tenant_id: uuid.UUID) -> Unfinished:
    """Counted over the deliveries of the company that is connected now."""
    live = live_connection(tenant_id)
    if live is None:
        return Unfinished()
    open_ones = {*MOVING, *_FOR_A_PERSON, *_ON_THE_WAY}
    counts = Delivery.objects.filter(tenant_id=tenant_id, state__in=open_ones, connection=live).aggregate(
        waiting=Count("pk", filter=Q(state__in=MOVING)),
        for_a_person=Count("pk", filter=Q(state__in=_FOR_A_PERSON)),
        on_the_way=Count("pk", filter=Q(state__in=_ON_THE_WAY)),
    )
    return Unfinished(**counts)


def left_behind(tenant_id: uuid.UUID) -> list[LeftBehind]:
    """One for each company that has ended with deliveries waiting for it, by name."""
    rows = (
        deliveries_left_behind(tenant_id)
        .values("connection__code", "connection__division_name")
        .annotate(waiting=Count("pk"), labels=Count("pk", filter=Q(state=D.LABELLED)))
        .order_by("connection__division_name", "connection__code")
    )
    found = list(rows)
    live = live_connection(tenant_id) if found else None
    return [
        LeftBehind(
            code=row["connection__code"],
            company=row["connection__division_name"],
            waiting=row["waiting"],
            labels=row["labels"],
            now=live.division_name if live else "",
        )
        for row in found
    ]


def waiting_for_exact(tenant_id: uuid.UUID) -> int:
    """How many deliveries of the connected company go on by themselves once Exact can be asked again."""
    rows = Delivery.objects.filter(tenant_id=tenant_id, state__in=MOVING, connection__disconnected_at=None)
    return rows.count()


def deliveries_left_behind(tenant_id: uuid.UUID) -> QuerySet[Delivery]:
    """What cannot go on before its company is connected again."""
    return Delivery.objects.filter(tenant_id=tenant_id, state__in=MOVING, connection__disconnected_at__isnull=False)


def empty_list(tenant: Tenant, *, at: datetime) -> EmptyList:
    """That no delivery needs a person is all well only while Exact is connected and nothing differs."""
    differences = _differences(tenant.pk)
    if live_connection(tenant.pk) is None or needs_reconnect(tenant.pk):
        texts = (_waiting_words(waiting_for_exact(tenant.pk)), _differing_words(differences) if differences else "")
        return EmptyList(
            title=said("Exact Online is not connected"),
            texts=tuple(text for text in texts if text),
            page="exact:connection",
            button=said("Connect Exact Online"),
        )
    if differences:
        return EmptyList(
            title=said("No delivery waits for you, and something differs"),
            texts=(_differing_words(differences),),
            page="syncjobs:reconciliation",
            button=said("See the comparison"),
        )
    return EmptyList(
        title=said("Nothing to do"),
        texts=tuple(text for text in (_today(tenant, at), _what_comes(tenant)) if text),
        page="syncjobs:deliveries",
        button=said("See the deliveries"),
        is_well=True,
    )


def _today(tenant: Tenant, at: datetime) -> str:
    """What was made since the company's midnight; empty before the first one."""
    zone = ZoneInfo(tenant.time_zone)
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    made = Shipment.objects.filter(tenant_id=tenant.pk, created_at__gte=midnight, voided_at=None)
    counted = made.aggregate(count=Count("pk"), last=Max("created_at"))
    if not counted["count"]:
        return ""
    moment = counted["last"].astimezone(zone).strftime("%H:%M")
    if counted["count"] == 1:
        return said("One shipment was made today, at {moment}.", moment=moment)
    return said("{count} shipments were made today, the last one at {moment}.", count=counted["count"], moment=moment)


def _what_comes(tenant: Tenant) -> str:
    """What becomes of the next delivery, as the company has chosen it."""
    if tenant.shipping_mode == Tenant.ShippingMode.OFF:
        return said("Shipping is not switched on yet. Until then deliveries are looked at and left alone.")
    if tenant.paused_at is not None:
        return said("Shipping is paused: deliveries are prepared, and none is shipped before somebody resumes.")
    if tenant.shipping_mode == Tenant.ShippingMode.APPROVAL:
        return said("Each new delivery waits here until somebody approves it.")
    return said(
        "Every delivery goes by itself. When one needs a person, it stands here with what is wrong and where to fix it."
    )


def _differences(tenant_id: uuid.UUID) -> int:
    rows = Finding.objects.filter(tenant_id=tenant_id, resolved_at=None, connection__disconnected_at=None)
    return rows.filter(kind__in=list(FindingKind)).count()


def _waiting_words(count: int) -> str:
    come = said("New deliveries do not come in until it is connected.")
    if not count:
        return come
    if count == 1:
        wait = said("One delivery waits for that; nothing of it is lost.")
    else:
        wait = said("{count} deliveries wait for that; nothing of it is lost.", count=count)
    return f"{come} {wait}"


def _differing_words(count: int) -> str:
    if count == 1:
        return said("One difference between Exact Online, UPS and our records is open in the comparison.")
    return said(
        "{count} differences between Exact Online, UPS and our records are open in the comparison.", count=count
    )
