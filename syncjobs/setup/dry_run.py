"""A look at what would become of the last deliveries: asked for by a person, done by a worker, kept sealed.

Inside the tenant's context, but for `ask`.
"""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.secrets import UNREADABLE, seal, unseal
from exact.models import Connection
from syncjobs import queue
from syncjobs.models import DryRun, SyncJob
from syncjobs.problems import Problem
from syncjobs.setup.rule_book import live_connection
from tenants.context import tenant_context

LOOKED_AT = 10
"""Deliveries of one look."""
TAKES_AT_MOST = timedelta(minutes=5)
"""One that has not ended by then is taken for lost: the person may ask again."""
_PURPOSE = "dry run"


@dataclass(frozen=True, slots=True, kw_only=True)
class DryParcel:
    """One parcel as it would be; sizes are empty where UPS is told none."""

    weight: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DryDelivery:
    """What would have become of one delivery. Without a service it would not be shipped, and `problems` say why.

    `price` is empty where UPS named none; then `no_price` says why. `is_left_alone` is one that is not ours.
    """

    number: str
    delivered_on: str
    receiver: tuple[str, ...] = ()
    service: str = ""
    parcels: tuple[DryParcel, ...] = ()
    price: Decimal | None = None
    currency: str = ""
    is_negotiated: bool = False
    no_price: str = ""
    problems: tuple[Problem, ...] = ()
    is_left_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The newest look that ended, and whether another one is under way."""

    run: DryRun | None
    deliveries: tuple[DryDelivery, ...]
    is_readable: bool
    is_under_way: bool
    is_lost: bool

    @property
    def shipped(self) -> int:
        """How many of them would be shipped."""
        return sum(bool(one.service) for one in self.deliveries)

    @property
    def stopped(self) -> int:
        """How many need something fixed first."""
        return sum(not one.service and not one.is_left_alone for one in self.deliveries)


def ask(*, actor: str, tenant_id: uuid.UUID, at: datetime) -> bool:
    """Have a worker look; False where no company is connected. One that is under way is not asked for twice."""
    with acting(actor), tenant_context(tenant_id):
        connection = live_connection(tenant_id)
        if connection is None:
            return False
        if find_open(tenant_id, connection, at=at) is None:
            DryRun.objects.create(tenant_id=tenant_id, connection=connection, asked_at=at)
            event = Happening(
                kind=Event.Kind.ASKED,
                subject_kind="exact_connection",
                subject=connection.code,
                details={"what": "dry run"},
            )
            queue.add(tenant_id, SyncJob.Kind.DRY_RUN, connection.code, due_at=at)
            happenings(tenant_id, [event])
    return True


def find_open(tenant_id: uuid.UUID, connection: Connection, *, at: datetime) -> DryRun | None:
    """The look that was asked for and has not ended."""
    rows = DryRun.objects.filter(tenant_id=tenant_id, connection=connection, finished_at=None)
    return rows.filter(asked_at__gt=at - TAKES_AT_MOST).order_by("-asked_at").first()


def finish(run: DryRun, deliveries: list[DryDelivery], *, at: datetime, problem: str = "") -> None:
    """Keep what was seen, or why nothing could be."""
    told = [asdict(one) | {"price": str(one.price) if one.price is not None else None} for one in deliveries]
    run.finished_at = at
    run.problem = problem[: DryRun._meta.get_field("problem").max_length]
    run.sealed_results = seal(told, owner=run.code, purpose=_PURPOSE)
    run.save(update_fields=["finished_at", "problem", "sealed_results"])


def shown(tenant_id: uuid.UUID, *, at: datetime) -> Shown:
    """For the page."""
    rows = DryRun.objects.filter(tenant_id=tenant_id, connection__disconnected_at=None)
    newest = rows.defer("sealed_results").order_by("-asked_at").first()
    ended = rows.filter(finished_at__isnull=False).defer("sealed_results").order_by("-asked_at").first()
    deliveries = _read(ended) if ended else ()
    is_open = newest is not None and newest.finished_at is None
    is_lost = is_open and newest is not None and newest.asked_at <= at - TAKES_AT_MOST
    return Shown(
        run=ended,
        deliveries=deliveries or (),
        is_readable=deliveries is not None,
        is_under_way=is_open and not is_lost,
        is_lost=is_lost,
    )


def _read(run: DryRun) -> tuple[DryDelivery, ...] | None:
    """None where it cannot be opened any more."""
    try:
        told = unseal(run.sealed_results, owner=run.code, purpose=_PURPOSE)
    except UNREADABLE:
        return None
    return tuple(_delivery(row) for row in told)


def _delivery(row: dict[str, Any]) -> DryDelivery:
    return DryDelivery(
        **{
            **row,
            "price": Decimal(row["price"]) if row["price"] is not None else None,
            "receiver": tuple(row["receiver"]),
            "parcels": tuple(DryParcel(**parcel) for parcel in row["parcels"]),
            "problems": tuple(Problem(**problem) for problem in row["problems"]),
        }
    )
