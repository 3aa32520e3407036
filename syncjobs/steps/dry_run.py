"""Say what would become of the last deliveries, and write nothing but that. Nothing is made at UPS or in Exact."""

import time
from dataclasses import replace

from django.utils import timezone

from audit.record import happenings
from connector_site.lib.wording import said
from exact.access import open_client as open_exact
from exact.client import ExactClient
from exact.errors import ExactError
from exact.limits import BudgetClass
from exact.models import Connection
from exact.records import GoodsDelivery
from syncjobs import dry_run, queue, selection
from syncjobs.dry_run import DryDelivery, DryParcel
from syncjobs.queue import Job
from syncjobs.steps.context import Bench, Step
from syncjobs.steps.gathering import gather
from syncjobs.steps.planning import Plan, Unready, plan
from tenants.context import tenant_context
from ups.access import open_client as open_ups
from ups.errors import UpsCredentialRefused, UpsError, UpsProductMissing, UpsUnavailable
from ups.measures import as_sent
from ups.services import service_name
from ups.shipment_spec import ParcelSpec, PartySpec

PRICES_FOR_SECONDS = 20
"""No price is asked for after this, so that the look ends well before the time limit of a task."""
_NOT_ASKED_AGAIN = (UpsUnavailable, UpsCredentialRefused, UpsProductMissing)
"""What is so for one delivery is so for the next."""


def look_ahead(job: Job, step: Step) -> None:
    """The step."""
    with tenant_context(job.tenant_id):
        rows = Connection.objects.select_related("grant").filter(tenant_id=job.tenant_id, disconnected_at=None)
        connection = rows.filter(code=job.subject).first()
        run = dry_run.find_open(job.tenant_id, connection, at=step.at) if connection else None
    deliveries: list[DryDelivery] = []
    problem = ""
    if connection is not None and run is not None:
        client = open_exact(connection, purpose=BudgetClass.COMPARE, observe=step.observe)
        try:
            deliveries = _look(connection, client, step)
        except ExactError as error:
            problem = said("Exact Online could not be read: {reason}", reason=str(error))
    with tenant_context(job.tenant_id):
        queue.finish(job)
        if run is not None:
            dry_run.finish(run, deliveries, at=timezone.now(), problem=problem)
        happenings(job.tenant_id, step.told_of_subject(job))


def _look(connection: Connection, client: ExactClient, step: Step) -> list[DryDelivery]:
    """As a new delivery is read and planned; one that was shipped already is shown as if it were not."""
    found = client.latest_goods_deliveries(dry_run.LOOKED_AT)
    goods = [replace(one, tracking_number="") for one in found]
    bench = step.bench(connection, client, is_fresh=False)
    gather(goods, choices=bench.choices, master=bench.master)
    prices = _Prices(step)
    return [_one(each, bench, prices) for each in goods]


def _one(goods: GoodsDelivery, bench: Bench, prices: "_Prices") -> DryDelivery:
    seen = DryDelivery(
        number=str(goods.delivery_number or ""),
        delivered_on=goods.delivery_date.isoformat() if goods.delivery_date else "",
    )
    try:
        made = plan(goods, choices=bench.choices, master=bench.master)
    except selection.NotOurs as skipped:
        return replace(seen, problems=(skipped.reason,), is_left_alone=True)
    except Unready as unready:
        return replace(seen, problems=tuple(unready.problems))
    spec = made.spec
    planned = replace(
        seen,
        receiver=_printed(spec.ship_to),
        service=service_name(spec.origin.country, spec.service_code),
        parcels=tuple(_parcel(parcel) for parcel in spec.parcels),
    )
    return prices.add_to(planned, made)


class _Prices:
    """What UPS would ask; an account that cannot be asked is asked once only."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._ends = time.monotonic() + PRICES_FOR_SECONDS
        self._refused: dict[int, str] = {}

    def add_to(self, planned: DryDelivery, made: Plan) -> DryDelivery:
        """With the price, or with why there is none."""
        account = made.account
        if account.pk in self._refused:
            return replace(planned, no_price=self._refused[account.pk])
        if time.monotonic() >= self._ends:
            return replace(planned, no_price=said("UPS answers slowly now, so it was not asked for this price."))
        try:
            rated = open_ups(account, observe=self._step.observe).rate(made.spec)
        except UpsError as error:
            if isinstance(error, _NOT_ASKED_AGAIN):
                self._refused[account.pk] = str(error)
            return replace(planned, no_price=str(error))
        return replace(planned, price=rated.total, currency=rated.currency, is_negotiated=rated.is_negotiated)


def _printed(party: PartySpec) -> tuple[str, ...]:
    """The lines of the label."""
    place = " ".join(part for part in (party.postal_code, party.city, party.state) if part)
    lines = (party.name, party.attention, *party.address_lines, place, party.country)
    return tuple(line for line in lines if line)


def _parcel(parcel: ParcelSpec) -> DryParcel:
    weight = f"{as_sent(parcel.weight)} {parcel.weight_unit}" if parcel.weight is not None else ""
    sides = " x ".join(f"{side.normalize():f}" for side in parcel.sides)
    return DryParcel(weight=weight, size=f"{sides} {parcel.size_unit}" if sides else "")
