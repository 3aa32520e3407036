"""Say what would become of the last deliveries, and write nothing but that. Nothing is made at UPS or in Exact."""

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
from syncjobs import queue, selection
from syncjobs.queue import Job
from syncjobs.setup import dry_run
from syncjobs.setup.dry_run import DryDelivery
from syncjobs.steps.context import Bench, Step
from syncjobs.steps.gathering import gather
from syncjobs.steps.planning import Unready, plan
from syncjobs.steps.pricing import Prices, parcels_of, receiver_of, service_of
from tenants.context import tenant_context


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
    prices = Prices(step)
    return [_one(each, bench, prices) for each in goods]


def _one(goods: GoodsDelivery, bench: Bench, prices: Prices) -> DryDelivery:
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
        receiver=receiver_of(spec.ship_to),
        service=service_of(made),
        parcels=parcels_of(made),
    )
    return prices.add_to(planned, made)
