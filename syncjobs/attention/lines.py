"""The lines of the page "To do" in words: what is wrong, where to fix it, and the button. Reads only.

Exact documents no address of a record's own screen (`exact.md`): only its site's start page is linked to, which comes
from the settings and never from data, and the problem's words name the record and the field to open there.

Every function runs inside the tenant's context (`tenants.gate.inside`). How many statements it takes depends on the
kinds of lines that a page has, not on their number.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils.translation import get_language

from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.alarms.notices import AlarmNotice, listed_notices
from syncjobs.attention.account_notices import AccountNotice, account_notices
from syncjobs.attention.kinds import SubjectKind
from syncjobs.attention.sources import is_calling
from syncjobs.attention.unfinished import LeftBehind, left_behind, waiting_for_exact
from syncjobs.attention.waiting import Item
from syncjobs.desk import (
    FOLLOWED,
    Notice,
    Shown,
    attention_of,
    button_for,
    keeps_number,
    lacks_proof,
    shown_milestone,
    shown_state,
)
from syncjobs.doubts.notices import DoubtNotice, doubt_notices
from syncjobs.models import Delivery, Parcel
from syncjobs.problems import Problem, from_json
from syncjobs.receivers import Receiver, receiver_of, with_receiver
from syncjobs.replay import is_held_by_person
from syncjobs.reporting import waits_for_rewrite
from syncjobs.setup.going_live import content_to_approve
from syncjobs.wording import reason_phrase, words_for
from tenants.access import Access
from tenants.models import Membership, Role

_TROUBLE = said("UPS is in trouble with this parcel.")
_TROUBLE_ADVICE = said(
    "Look at UPS's page what is asked for, a better address for example, and tell UPS there. It leaves this list by "
    "itself once the parcel travels on."
)
_STOPPED = frozenset({Delivery.State.HOLD, Delivery.State.REVIEW})
_IN_EXACT = "Exact Online"
"""How the place of a problem begins that is fixed there (`syncjobs.translate`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDelivery:
    """What of a delivery waits for a person; `to_approve` is the fingerprint of what she would let be sent."""

    delivery: Delivery
    receiver: Receiver | None
    shown: Shown
    milestone: Shown | None
    problems: tuple[Problem, ...]
    notices: tuple[Notice, ...]
    exceptions: tuple[Notice, ...]
    unfiled: str
    doubts: tuple[DoubtNotice, ...]
    button: str
    to_approve: str
    is_held_by_person: bool
    exact_page: str

    @property
    def needs_decision(self) -> bool:
        """Whether a manager has to choose how it goes on."""
        return self.delivery.state == Delivery.State.REVIEW or any(doubt.needs_decision for doubt in self.doubts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A connected company whose permission has ended; `waiting` deliveries go on once it is connected again."""

    company: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One of the list; exactly one of the things that it may be about is there."""

    item: Item
    holder: str
    is_mine: bool
    delivery: OfDelivery | None = None
    account: AccountNotice | None = None
    alarm: AlarmNotice | None = None
    left: LeftBehind | None = None
    ended: Ended | None = None

    @property
    def value(self) -> str:
        """What its tick sends: the subject, and the fingerprint of what would be approved."""
        content = self.delivery.to_approve if self.delivery else ""
        return f"{self.item.subject}:{content}" if content else str(self.item.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody to whom a thing may be given."""

    code: uuid.UUID
    user_id: int
    name: str


def colleagues(tenant_id: uuid.UUID) -> list[Colleague]:
    """Everybody, by name, who may do something about what waits."""
    rows = Membership.objects.filter(tenant_id=tenant_id, user__is_active=True).exclude(role=Role.VIEWER)
    found = [
        Colleague(code=code, user_id=user_id, name=name or email)
        for code, user_id, name, email in rows.values_list("code", "user_id", "user__name", "user__email")
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.user_id))


def lines(access: Access, items: Sequence[Item], *, people: Iterable[Colleague], at: datetime) -> list[Line]:
    """The items in words, in their order; one that was settled a moment ago has none left and is left out."""
    tenant_id = access.tenant_id
    names = {person.user_id: person.name for person in people}
    codes = {kind: [item.subject.code for item in items if item.subject.kind == kind] for kind in SubjectKind}
    deliveries = _deliveries(tenant_id, codes[SubjectKind.DELIVERY], at)
    accounts = _accounts(tenant_id, codes[SubjectKind.ACCOUNT])
    alarms = _alarms(access, codes[SubjectKind.ALARM])
    ended, left = _companies(tenant_id, codes[SubjectKind.COMPANY])
    found = [
        Line(
            item=item,
            holder=names.get(item.assigned_to or 0, ""),
            is_mine=item.assigned_to == access.user_id,
            delivery=deliveries.get(item.subject.code),
            account=accounts.get(item.subject.code),
            alarm=alarms.get(item.subject.code),
            left=left.get(item.subject.code),
            ended=ended.get(item.subject.code),
        )
        for item in items
    ]
    return [line for line in found if any((line.delivery, line.account, line.alarm, line.left, line.ended))]


def _deliveries(tenant_id: uuid.UUID, codes: Collection[uuid.UUID], at: datetime) -> dict[uuid.UUID, OfDelivery]:
    if not codes:
        return {}
    rows = Delivery.objects.filter(tenant_id=tenant_id, code__in=codes).select_related("connection__reporting")
    found = list(with_receiver(rows))
    doubts = doubt_notices(tenant_id, found, at=at)
    parcels = _parcels(tenant_id, found)
    return {row.code: _of_delivery(row, doubts.get(row.pk, ()), parcels.get(row.pk, []), at) for row in found}


def _of_delivery(
    delivery: Delivery, doubts: tuple[DoubtNotice, ...], parcels: Sequence[Parcel], at: datetime
) -> OfDelivery:
    problems = tuple(from_json(delivery.problems)) if delivery.state in _STOPPED else ()
    is_connected = delivery.connection.disconnected_at is None
    in_exact = any(problem.where.startswith(_IN_EXACT) for problem in problems)
    return OfDelivery(
        delivery=delivery,
        receiver=receiver_of(delivery),
        shown=shown_state(delivery, doubts),
        milestone=shown_milestone(delivery),
        problems=problems,
        notices=_notices(parcels, at),
        exceptions=_exceptions(parcels) if delivery.state in FOLLOWED else (),
        unfiled=_not_taken(delivery),
        doubts=doubts,
        button="" if any(doubt.is_doubt for doubt in doubts) else button_for(delivery),
        to_approve=content_to_approve(delivery) if delivery.state in _STOPPED and is_connected else "",
        is_held_by_person=is_held_by_person(delivery),
        exact_page=exact_page(delivery.connection.site) if in_exact else "",
    )


def _not_taken(delivery: Delivery) -> str:
    """What Exact did not take of us, while that waits for a person."""
    is_waiting = lacks_proof(delivery) or keeps_number(delivery) or waits_for_rewrite(delivery)
    return delivery.proof_problem if is_waiting else ""


def exact_page(site: str) -> str:
    """The start page of Exact Online in the company's country; empty for a site that we do not know."""
    return settings.EXACT_BASE_URLS.get(site, "")


def _parcels(tenant_id: uuid.UUID, deliveries: Sequence[Delivery]) -> dict[int, list[Parcel]]:
    """Those that call for attention or are in trouble, by delivery and in their order."""
    of_these = Q(tenant_id=tenant_id, shipment__delivery__in=deliveries, shipment__voided_at=None)
    rows = Parcel.objects.filter(of_these, ~Q(attention="") | Q(milestone=Parcel.Milestone.EXCEPTION))
    found: dict[int, list[Parcel]] = {}
    for row in rows.select_related("shipment").order_by("shipment_id", "position"):
        found.setdefault(row.shipment.delivery_id, []).append(row)
    return found


def _notices(parcels: Iterable[Parcel], at: datetime) -> tuple[Notice, ...]:
    told = (attention_of(parcel) for parcel in parcels if is_calling(parcel, at=at))
    return tuple(notice for notice in told if notice is not None)


def _exceptions(parcels: Iterable[Parcel]) -> tuple[Notice, ...]:
    """What UPS says of parcels that it is in trouble with."""
    words = words_for(get_language() or settings.LANGUAGE_CODE)
    found = []
    for parcel in parcels:
        if parcel.milestone == Parcel.Milestone.EXCEPTION:
            reason = reason_phrase(words, parcel.reason)
            text = said("UPS is in trouble with this parcel: {reason}.", reason=reason) if reason else _TROUBLE
            found.append(Notice(number=parcel.tracking_number, text=text, advice=_TROUBLE_ADVICE))
    return tuple(found)


def _accounts(tenant_id: uuid.UUID, codes: Collection[uuid.UUID]) -> dict[uuid.UUID, AccountNotice]:
    return {notice.account.code: notice for notice in account_notices(tenant_id, codes)} if codes else {}


def _alarms(access: Access, codes: Collection[uuid.UUID]) -> dict[uuid.UUID, AlarmNotice]:
    return listed_notices(access.tenant_id, access.tenant_code, codes) if codes else {}


def _companies(
    tenant_id: uuid.UUID, codes: Collection[uuid.UUID]
) -> tuple[dict[uuid.UUID, Ended], dict[uuid.UUID, LeftBehind]]:
    """Those whose permission has ended, and those that are not connected any more."""
    if not codes:
        return {}, {}
    live = Connection.objects.filter(tenant_id=tenant_id, code__in=codes, disconnected_at=None)
    ended = {
        code: Ended(company=name, waiting=waiting_for_exact(tenant_id))
        for code, name in live.values_list("code", "division_name")
    }
    left = left_behind(tenant_id) if len(ended) < len(codes) else []
    return ended, {one.code: one for one in left}
