"""Quantum View on the web page: subscriptions with their files, and parcels of somebody else."""

from dataclasses import dataclass

from aiohttp import web

from sandbox.core.pages import back_to
from sandbox.ups.pages import read_form
from sandbox.ups.quantum_view import cut_files
from sandbox.ups.state import UPS, Ups
from sandbox.ups.view_control import FOREIGN_SCRIPT, find_account, make_foreign_shipment
from sandbox.ups.view_files import ACTIVE, RECORD_KINDS, ViewSubscription
from sandbox.ups.view_questions import MAX_NAME

CARD = "/#view"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSubscription:
    """A subscription with the number of its files that are out."""

    subscription: ViewSubscription
    files: int
    unread: int


def routes() -> list[web.RouteDef]:
    """The two forms."""
    return [
        web.post("/sandbox/page/view-subscriptions", add_subscription),
        web.post("/sandbox/page/foreign-shipments", add_foreign_shipment),
    ]


def shown_subscriptions(ups: Ups) -> list[ShownSubscription]:
    """Every subscription as the page shows it."""
    return [_shown(ups, subscription) for subscription in ups.views.subscriptions]


async def add_subscription(request: web.Request) -> web.Response:
    """A subscription to every kind of record."""
    ups = request.app[UPS]
    form = await read_form(request)
    account = find_account(ups, form.get("shipper_number", ""))
    name = form.get("name", "")
    if account and 0 < len(name) <= MAX_NAME:
        ups.views.subscribe(
            shipper_number=account.shipper_number,
            name=name,
            kinds=frozenset(RECORD_KINDS),
            status=ACTIVE,
            at=ups.clock.now(),
        )
    return back_to(CARD)


async def add_foreign_shipment(request: web.Request) -> web.Response:
    """A parcel that somebody else's software made on the account."""
    ups = request.app[UPS]
    account = find_account(ups, (await read_form(request)).get("shipper_number", ""))
    if account:
        make_foreign_shipment(ups, account, script=FOREIGN_SCRIPT, hours_per_second=None)
    return back_to(CARD)


def _shown(ups: Ups, subscription: ViewSubscription) -> ShownSubscription:
    files = cut_files(ups, subscription.shipper_number, now=ups.clock.now())
    names = {file.name for file in files if subscription.shows(file)}
    return ShownSubscription(subscription=subscription, files=len(names), unread=len(names - subscription.read))
