"""Looks at what an action would do: asked for by a person, done by a worker, kept sealed for an hour.

Inside the tenant's context, but for `ask`.
"""

import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from audit.models import Event
from audit.record import acting, happenings
from connector_site.lib.secrets import UNREADABLE, seal, unseal
from connector_site.lib.wording import said
from syncjobs import queue
from syncjobs.models import Delivery, Preview, SyncJob
from syncjobs.problems import Problem
from syncjobs.setup.dry_run import DryParcel
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context

MOST_AT_ONCE = 50
"""Deliveries of one batch."""
GOOD_FOR = timedelta(minutes=10)
"""So long what was shown may be confirmed."""
TAKES_AT_MOST = timedelta(minutes=5)
"""One that has not ended by then is taken for lost: the person may ask again."""
KEPT_FOR = timedelta(hours=1)
NO_PRICE = said("UPS names no price now. Look again later, or tick that it is to be made all the same.")
_PURPOSE = "preview"


class Outcome(StrEnum):
    """What the action would come to."""

    SHIP = "ship"
    STOP = "stop"
    WRITE = "write"
    PROOF = "proof"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a worker found: what would be read, what is done already and kept, and what would come of it.

    `price` is None where UPS named none; then `no_price` says why.
    """

    outcome: Outcome
    reads: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    text: str = ""
    receiver: tuple[str, ...] = ()
    service: str = ""
    parcels: tuple[DryParcel, ...] = ()
    price: Decimal | None = None
    currency: str = ""
    is_negotiated: bool = False
    no_price: str = ""
    problems: tuple[Problem, ...] = ()
    content_hash: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether running it would do something."""
        return self.outcome in (Outcome.SHIP, Outcome.WRITE, Outcome.PROOF)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewShown:
    """One look for a page; `look` is None while it is under way, and when the preview's `problem` says why not.

    `is_lost`: no worker has ended it in time, or it cannot be opened any more.
    """

    preview: Preview
    delivery: Delivery
    look: Look | None
    is_under_way: bool
    is_lost: bool
    is_good: bool
    """Whether it may still be confirmed."""


def ask(
    *,
    actor: str,
    tenant_id: uuid.UUID,
    delivery_codes: Collection[uuid.UUID],
    action: Preview.Action,
    at: datetime,
) -> uuid.UUID:
    """Have a worker look; returns the batch. Codes that are not the company's are left out.

    A single delivery that is being looked at already is not looked at twice.
    """
    with acting(actor), tenant_context(tenant_id):
        rows = Delivery.objects.filter(tenant_id=tenant_id, code__in=delivery_codes).order_by("pk")[:MOST_AT_ONCE]
        deliveries = list(rows.select_for_update(of=("self",)))
        under_way = _under_way(tenant_id, deliveries, action, at)
        if under_way is not None:
            return under_way
        Preview.objects.filter(tenant_id=tenant_id, asked_at__lt=at - KEPT_FOR).delete()
        batch = uuid.uuid4()
        Preview.objects.bulk_create(
            Preview(tenant_id=tenant_id, delivery=row, action=action, batch=batch, asked_by=actor[:80], asked_at=at)
            for row in deliveries
        )
        queue.add(tenant_id, SyncJob.Kind.PREVIEW, batch, due_at=at)
        details = {"what": "preview", "action": action.value}
        happenings(tenant_id, [delivery_event(row, Event.Kind.ASKED, details=details) for row in deliveries])
    return batch


def shown(tenant_id: uuid.UUID, batch: uuid.UUID, *, at: datetime) -> list[PreviewShown]:
    """The looks of a batch, in the order of their deliveries."""
    rows = Preview.objects.select_related("delivery").filter(tenant_id=tenant_id, batch=batch)
    rows = rows.filter(asked_at__gt=at - KEPT_FOR)
    return [_shown(row, at) for row in rows.order_by("delivery_id")[:MOST_AT_ONCE]]


def find_for(tenant_id: uuid.UUID, delivery: Delivery, action: Preview.Action, *, at: datetime) -> PreviewShown | None:
    """The newest look at this delivery that was not used up."""
    rows = Preview.objects.filter(tenant_id=tenant_id, delivery=delivery, action=action, used_at=None)
    found = rows.filter(asked_at__gt=at - KEPT_FOR).order_by("-asked_at").first()
    if found is None:
        return None
    found.delivery = delivery
    return _shown(found, at)


def is_good(preview: Preview, *, at: datetime) -> bool:
    """Whether a person may confirm it: UPS or our rules named what would be sent, and that is not long ago."""
    ended_at = preview.finished_at
    is_fresh = ended_at is not None and at - ended_at <= GOOD_FOR
    return is_fresh and bool(preview.content_hash) and preview.used_at is None and not preview.problem


def quote_confirmed(delivery: Delivery, content_hash: str) -> tuple[Decimal | None, str]:
    """What UPS named as the price of just this content, where a person has confirmed it; with the currency."""
    rows = Preview.objects.filter(
        tenant_id=delivery.tenant_id,
        delivery=delivery.return_of_id or delivery.pk,
        content_hash=content_hash,
        used_at__isnull=False,
    )
    found = rows.exclude(quoted_amount=None).order_by("-asked_at").values_list("quoted_amount", "quoted_currency")
    return found.first() or (None, "")


def finish(preview: Preview, look: Look | None, *, at: datetime, problem: str = "") -> None:
    """Keep what was seen, or why nothing could be, in the open transaction; a preview that is gone stays gone."""
    told = asdict(look) | {"price": str(look.price) if look.price is not None else None} if look else None
    Preview.objects.filter(tenant_id=preview.tenant_id, pk=preview.pk, finished_at=None).update(
        finished_at=at,
        problem=problem[:500],
        content_hash=look.content_hash if look else "",
        quoted_amount=look.price if look else None,
        quoted_currency=look.currency if look and look.price is not None else "",
        sealed_result=seal(told, owner=preview.code, purpose=_PURPOSE) if told else None,
    )


def _under_way(
    tenant_id: uuid.UUID, deliveries: list[Delivery], action: Preview.Action, at: datetime
) -> uuid.UUID | None:
    if len(deliveries) != 1:
        return None
    rows = Preview.objects.filter(tenant_id=tenant_id, delivery=deliveries[0], action=action, finished_at=None)
    open_ones = rows.filter(asked_at__gt=at - TAKES_AT_MOST, batch__isnull=False)
    return open_ones.order_by("-asked_at").values_list("batch", flat=True).first()


def _shown(preview: Preview, at: datetime) -> PreviewShown:
    look = _opened(preview)
    is_open = preview.finished_at is None
    is_late = is_open and preview.asked_at <= at - TAKES_AT_MOST
    is_closed = not is_open and look is None and not preview.problem
    return PreviewShown(
        preview=preview,
        delivery=preview.delivery,
        look=look,
        is_under_way=is_open and not is_late,
        is_lost=is_late or is_closed,
        is_good=look is not None and is_good(preview, at=at),
    )


def _opened(preview: Preview) -> Look | None:
    """None before it ended, where it told nothing, and where it cannot be opened any more."""
    if preview.finished_at is None or preview.sealed_result is None:
        return None
    try:
        told: dict[str, Any] = unseal(preview.sealed_result, owner=preview.code, purpose=_PURPOSE)
    except UNREADABLE:
        return None
    return Look(
        **{
            **told,
            "outcome": Outcome(told["outcome"]),
            "price": Decimal(told["price"]) if told["price"] is not None else None,
            "reads": tuple(told["reads"]),
            "kept": tuple(told["kept"]),
            "receiver": tuple(told["receiver"]),
            "parcels": tuple(DryParcel(**parcel) for parcel in told["parcels"]),
            "problems": tuple(Problem(**problem) for problem in told["problems"]),
        }
    )
