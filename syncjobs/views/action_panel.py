"""The actions of a delivery on its page: buttons for what is possible now, the reason for what is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from syncjobs.actions.rules import Action, Allowed, allowed
from syncjobs.doubts.evidence import REFUSAL
from syncjobs.models import Attempt, Delivery, Shipment
from tenants.access import Access
from tenants.models import Role

_PAGES: dict[Action, str] = {
    Action.REPLAY: "syncjobs:replay",
    Action.HOLD: "syncjobs:hold",
    Action.RELEASE: "syncjobs:hold",
    Action.CANCEL: "syncjobs:cancel",
    Action.VOID: "syncjobs:void",
    Action.VOID_PARCELS: "syncjobs:void_parcels",
    Action.SHIP_AGAIN: "syncjobs:ship_again",
    Action.RETURN: "syncjobs:return",
}
"""The page of each action; shipping now has its button where the delivery says what it waits for."""
_AT_ONCE = frozenset({Action.HOLD, Action.RELEASE})
"""These cost nothing and are taken back with one press, so they are not confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionShown:
    """An action as a button; `is_at_once` is one without a page of its own."""

    allowed: Allowed
    url: str
    is_at_once: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What UPS said when it refused to void a shipment or a parcel that is still good."""

    number: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """All of it; `possible` come first on the page."""

    possible: tuple[ActionShown, ...]
    others: tuple[ActionShown, ...]
    refused: tuple[Refused, ...]
    may_act: bool


def panel_of(access: Access, delivery: Delivery, shipments: Sequence[Shipment], attempts: Sequence[Attempt]) -> Panel:
    """For `syncjobs/actions/_panel.html`; no statement where shipments have their parcels read ahead."""
    rows = [_shown(access, delivery, one) for one in allowed(delivery, shipments, attempts) if one.action in _PAGES]
    return Panel(
        possible=tuple(row for row in rows if row.allowed.is_allowed),
        others=tuple(row for row in rows if not row.allowed.is_allowed and row.allowed.action != Action.RELEASE),
        refused=_refused(shipments, attempts),
        may_act=access.allows(Role.OPERATOR),
    )


def _shown(access: Access, delivery: Delivery, one: Allowed) -> ActionShown:
    url = reverse(_PAGES[one.action], args=[access.tenant_code, delivery.code])
    return ActionShown(allowed=one, url=url, is_at_once=one.action in _AT_ONCE)


def _refused(shipments: Sequence[Shipment], attempts: Sequence[Attempt]) -> tuple[Refused, ...]:
    words = {row.pk: str((row.evidence or {}).get(REFUSAL, "")) for row in attempts}
    whole = [
        Refused(number=row.ups_shipment_id, words=words[row.attempt_id])
        for row in shipments
        if row.voided_at is None and words.get(row.attempt_id)
    ]
    single = [
        Refused(number=parcel.tracking_number, words=parcel.void_refusal)
        for row in shipments
        if row.voided_at is None
        for parcel in row.parcels.all()
        if parcel.void_refusal
    ]
    return (*whole, *single)
