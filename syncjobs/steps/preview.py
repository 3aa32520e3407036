"""Look up what an action would do, and write nothing but that. Nothing is made at UPS or in Exact.

Exact is read as the action would read it, the plan is made by the same functions, and UPS is asked for a price only.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from django.utils import timezone

from audit.record import happenings
from connector_site.lib.wording import said
from exact.access import open_client as open_exact
from exact.errors import ExactError
from exact.limits import BudgetClass
from exact.models import Connection
from exact.records import GoodsDelivery
from syncjobs import queue
from syncjobs.actions import previewing, returns
from syncjobs.actions.previewing import Look, Outcome
from syncjobs.actions.rules import Facts
from syncjobs.models import Attempt, Delivery, Preview, Shipment, SyncJob
from syncjobs.problems import Problem
from syncjobs.queue import Job
from syncjobs.replay import step_to_run, why_not_again
from syncjobs.steps import returning
from syncjobs.steps.context import Bench, Step
from syncjobs.steps.decide import Stop, foresee
from syncjobs.steps.facts import was_ours
from syncjobs.steps.gathering import gather
from syncjobs.steps.planning import Plan, Unready
from syncjobs.steps.pricing import Prices, parcels_of, receiver_of, service_of
from syncjobs.steps.reading import READ_AT_ONCE
from tenants.context import tenant_context
from ups.models import SEALED_OF_ACCOUNT

READS = (
    said("The goods delivery and its lines are read from Exact Online."),
    said("Its items, the address and the shipping method are read from Exact Online."),
)
_WRITES_NUMBER = said("Its tracking number is written to Exact Online. Nothing is asked of UPS, and nothing is paid.")
_READS_GOODS = READS[:1]
_NOT_CONNECTED = said("Exact Online is not connected any more, so nothing can be read.")
_GONE = Problem(
    code="deleted_in_exact", text=said("The goods delivery is no longer in Exact Online."), where=said("Exact Online")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One preview with what is known of its delivery."""

    preview: Preview
    facts: Facts

    @property
    def delivery(self) -> Delivery:
        """What it is about."""
        return self.facts.delivery


def preview(job: Job, step: Step) -> None:
    """The step. What was looked up is kept piece by piece, so that a page shows it as it comes."""
    with tenant_context(job.tenant_id):
        asked = _open_ones(job)
    prices = Prices(step)
    for some in _by_company(asked):
        _look_at(some, prices, job, step)
    with tenant_context(job.tenant_id):
        queue.finish(job)
        happenings(job.tenant_id, step.told_of_subject(job))


def _open_ones(job: Job) -> list[_Asked]:
    """In the order of their deliveries."""
    rows = Preview.objects.filter(tenant_id=job.tenant_id, batch=job.subject, finished_at=None)
    rows = rows.select_related("delivery__connection__grant").order_by("delivery_id")
    previews = list(rows[: previewing.MOST_AT_ONCE])
    keys = [row.delivery_id for row in previews]
    shipments: dict[int, list[Shipment]] = defaultdict(list)
    for made in Shipment.objects.filter(tenant_id=job.tenant_id, delivery__in=keys).prefetch_related("parcels"):
        shipments[made.delivery_id].append(made)
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    known = Attempt.objects.filter(tenant_id=job.tenant_id, delivery__in=keys).select_related("account")
    for attempt in known.defer("request", *SEALED_OF_ACCOUNT):
        attempts[attempt.delivery_id].append(attempt)
    return [
        _Asked(
            preview=row,
            facts=Facts(
                delivery=row.delivery,
                shipments=tuple(shipments[row.delivery_id]),
                attempts=tuple(attempts[row.delivery_id]),
            ),
        )
        for row in previews
    ]


def _by_company(asked: Iterable[_Asked]) -> list[list[_Asked]]:
    """As many of one Exact company as one call can name; returns, which stand in Exact nowhere, among them."""
    found: dict[int, list[_Asked]] = defaultdict(list)
    for one in asked:
        found[one.delivery.connection_id].append(one)
    return [
        rows[start : start + READ_AT_ONCE] for rows in found.values() for start in range(0, len(rows), READ_AT_ONCE)
    ]


def _look_at(some: list[_Asked], prices: Prices, job: Job, step: Step) -> None:
    """Read what has to be read for these in one go, then look at each."""
    wanted = [one for one in some if _reads_exact(one)]
    goods: dict[UUID, GoodsDelivery] = {}
    bench: Bench | None = None
    problem = ""
    if wanted:
        connection = wanted[0].delivery.connection
        problem = "" if connection.is_live else _NOT_CONNECTED
        if not problem:
            try:
                bench, goods = _read(connection, wanted, step)
            except ExactError as error:
                problem = said("Exact Online could not be read: {reason}", reason=str(error))
    for one in some:
        _one(one, goods, bench, problem if one in wanted else "", prices, job)


def _read(connection: Connection, wanted: list[_Asked], step: Step) -> tuple[Bench, dict[UUID, GoodsDelivery]]:
    """A single delivery is looked at past everything that is kept, as it is read when it is run."""
    client = open_exact(connection, purpose=BudgetClass.COMPARE, observe=step.observe)
    goods = {row.entry_id: row for row in client.goods_deliveries([one.delivery.exact_key for one in wanted])}
    bench = step.bench(connection, client, is_fresh=len(wanted) == 1)
    gather(goods.values(), choices=bench.choices, master=bench.master)
    return bench, goods


def _one(
    one: _Asked, goods: dict[UUID, GoodsDelivery], bench: Bench | None, problem: str, prices: Prices, job: Job
) -> None:
    look: Look | None = None
    if not problem:
        try:
            look = _look(one, goods, bench, prices)
        except ExactError as error:
            problem = said("Exact Online could not be read: {reason}", reason=str(error))
    with tenant_context(job.tenant_id):
        previewing.finish(one.preview, look, at=timezone.now(), problem=problem)


def _reads_exact(one: _Asked) -> bool:
    """Whether planning it would begin with a look at Exact."""
    if one.preview.action == Preview.Action.RETURN or one.delivery.return_of_id is not None:
        return False
    if one.preview.action == Preview.Action.SHIP_AGAIN:
        return True
    return not why_not_again(one.delivery, one.facts.attempts) and step_to_run(one.delivery) == SyncJob.Kind.READ


def _look(one: _Asked, goods: dict[UUID, GoodsDelivery], bench: Bench | None, prices: Prices) -> Look:
    delivery = one.delivery
    if one.preview.action == Preview.Action.RETURN:
        return _of_return(one.preview, prices)
    if one.preview.action == Preview.Action.REPLAY:
        stopped = _not_to_plan(one, prices)
        if stopped is not None:
            return stopped
    shown = goods.get(delivery.exact_key)
    if shown is None or bench is None:
        return Look(outcome=Outcome.STOP, reads=_READS_GOODS, kept=_kept(one.facts), problems=(_GONE,))
    if one.preview.action == Preview.Action.REPLAY and _has_label_at_hand(one.facts):
        return _rewritten(one.facts, shown)
    return _planned(one, shown, bench, prices)


def _not_to_plan(one: _Asked, prices: Prices) -> Look | None:
    """What running it again comes to where nothing is planned; None where a shipment is."""
    facts, delivery = one.facts, one.delivery
    why_not = why_not_again(delivery, facts.attempts)
    if why_not:
        return Look(outcome=Outcome.NOTHING, kept=_kept(facts), text=why_not)
    if step_to_run(delivery) == SyncJob.Kind.PROOF:
        text = said("The proof of delivery is put into Exact Online, unless it is there already. UPS is not asked.")
        return Look(outcome=Outcome.PROOF, reads=_READS_GOODS, kept=_kept(facts), text=text)
    if step_to_run(delivery) == SyncJob.Kind.REPORT:
        return Look(outcome=Outcome.WRITE, reads=_READS_GOODS, kept=_kept(facts), text=_WRITES_NUMBER)
    if delivery.return_of_id is not None:
        return _of_return_again(one, prices)
    return None


def _has_label_at_hand(facts: Facts) -> bool:
    """A hold after the label: there is nothing to plan, only a number to write (`steps.read`)."""
    numbers = {facts.attempt_of(row).shipment_no for row in facts.live}
    return facts.delivery.shipment_no in numbers


def _rewritten(facts: Facts, goods: GoodsDelivery) -> Look:
    standing = goods.tracking_number
    ours = {parcel.tracking_number for row in facts.live for parcel in row.parcels.all()}
    if standing and standing not in ours and not was_ours(facts.delivery, standing):
        problem = Problem(
            code="foreign_tracking_number",
            text=said("Exact still shows the tracking number {number}, which is not ours.", number=standing),
            where=said("the goods delivery in Exact Online: clear the number, or keep it and void our shipment"),
        )
        return Look(outcome=Outcome.STOP, reads=_READS_GOODS, kept=_kept(facts), problems=(problem,))
    return Look(outcome=Outcome.WRITE, reads=_READS_GOODS, kept=_kept(facts), text=_WRITES_NUMBER)


def _planned(one: _Asked, goods: GoodsDelivery, bench: Bench, prices: Prices) -> Look:
    """As the delivery is planned when a person has asked for it."""
    is_again = one.preview.action == Preview.Action.SHIP_AGAIN
    delivery = _as_asked(one, is_again=is_again)
    found = foresee(delivery, goods, bench)
    kept = _kept(one.facts)
    if isinstance(found, Plan):
        return prices.add_to(_of_plan(found, kept), found)
    if is_again and found.asks and found.made is not None and not _needs_fixing(found):
        return prices.add_to(_of_plan(found.made, kept), found.made)
    stopped = Look(outcome=Outcome.STOP, reads=READS, kept=kept, problems=tuple(found.problems))
    if found.asks and found.made is not None:
        made = _of_plan(found.made, kept)
        stopped = replace(stopped, receiver=made.receiver, service=made.service, parcels=made.parcels)
    return stopped


def _as_asked(one: _Asked, *, is_again: bool) -> Delivery:
    """The delivery as it would stand; in memory alone."""
    delivery = one.delivery
    delivery.asked_again_at = one.preview.asked_at
    if is_again:
        delivery.shipment_no = one.facts.next_shipment_no
        delivery.approved_content = ""
    return delivery


def _needs_fixing(stop: Stop) -> bool:
    """Whether it would stop for more than that a person has to say yes."""
    return any(not problem.content for problem in stop.problems)


def _of_plan(made: Plan, kept: tuple[str, ...]) -> Look:
    return Look(
        outcome=Outcome.SHIP,
        reads=READS,
        kept=kept,
        receiver=receiver_of(made.spec.ship_to),
        service=service_of(made),
        parcels=parcels_of(made),
        content_hash=made.content_hash,
    )


def _of_return(asked: Preview, prices: Prices) -> Look:
    try:
        with tenant_context(asked.tenant_id):
            made = returns.plan_return(asked)
    except Unready as unready:
        return Look(outcome=Outcome.STOP, problems=tuple(unready.problems))
    return prices.add_to(replace(_of_plan(made, ()), reads=()), made)


def _of_return_again(one: _Asked, prices: Prices) -> Look:
    """As it was confirmed; where it would be another one now, what that would cost, which nobody has confirmed."""
    kept, back = _kept(one.facts), one.delivery
    if one.facts.live:
        text = said("It has its label already. Nothing is asked of UPS, and nothing is paid.")
        return Look(outcome=Outcome.WRITE, kept=kept, text=text)
    try:
        with tenant_context(back.tenant_id):
            made = returns.plan_once_more(back)
    except Unready as unready:
        return Look(outcome=Outcome.STOP, kept=kept, problems=tuple(unready.problems))
    look = replace(_of_plan(made, kept), reads=())
    if made.content_hash == back.approved_content:
        look = replace(look, text=said("The return label is asked for once more, as it was."))
    else:
        look = replace(look, outcome=Outcome.STOP, problems=(returning.changed(),))
    return prices.add_to(look, made)


def _kept(facts: Facts) -> tuple[str, ...]:
    """What is done already and stays."""
    told = [
        said("Shipment {number} with its label is kept; it is not bought again.", number=row.ups_shipment_id)
        for row in facts.live
    ]
    delivery = facts.delivery
    if delivery.written_at is not None and facts.live:
        told.append(said("The tracking number that was written to Exact Online is kept."))
    if delivery.exact_document_id is not None:
        told.append(said("The proof of delivery that was filed in Exact Online is kept."))
    return tuple(told)
