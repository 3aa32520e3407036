"""One action for many deliveries: each by itself, through the same function as the button on its own page."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncjobs.actions import doing
from syncjobs.models import Delivery
from tenants.context import tenant_context

MOST_AT_ONCE = 200
"""Our own bound: so many are done within a few seconds."""
Act = Callable[..., None]
_ACT: dict[str, Act] = {
    doing.Action.SHIP_NOW: doing.ship_now,
    doing.Action.HOLD: doing.hold,
    doing.Action.CANCEL: doing.cancel,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A delivery with which nothing was done, and why."""

    code: uuid.UUID
    number: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an action for many: the numbers of those with which it was done, by code, and the others."""

    done: dict[uuid.UUID, str]
    refused: tuple[Refused, ...]


def may_be_done(action: str) -> bool:
    """Whether it is one of those that are done for many at once."""
    return action in _ACT


def numbers_of(tenant_id: uuid.UUID, codes: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The numbers of those of these that the company has, newest first."""
    with tenant_context(tenant_id):
        found = Delivery.objects.filter(tenant_id=tenant_id, code__in=codes[:MOST_AT_ONCE])
        return dict(found.order_by("-created_at", "-pk").values_list("code", "delivery_number"))


def carry_out(
    action: doing.Action,
    numbers: dict[uuid.UUID, str],
    *,
    actor: str,
    tenant_id: uuid.UUID,
    at: datetime,
    seen: Mapping[uuid.UUID, str],
) -> Outcome:
    """Do it for each of `numbers_of`, in a transaction of its own: what one is refused stops no other.

    `seen` are the fingerprints of what the person saw waiting for approval.
    """
    act = _ACT[action]
    done: dict[uuid.UUID, str] = {}
    refused: list[Refused] = []
    for code, number in numbers.items():
        more = {"content": seen.get(code, "")} if action == doing.Action.SHIP_NOW else {}
        try:
            act(actor=actor, tenant_id=tenant_id, delivery_code=code, at=at, **more)
        except doing.NotAllowed as why:
            refused.append(Refused(code=code, number=number, why=str(why)))
        except Delivery.DoesNotExist:
            continue
        else:
            done[code] = number
    return Outcome(done=done, refused=tuple(refused))
