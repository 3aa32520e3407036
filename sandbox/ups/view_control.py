"""Routes under `/sandbox/` around Quantum View: subscriptions, and shipments of somebody else's software."""

from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from sandbox.core.answers import json_answer, read_object, refusal
from sandbox.ups.accounts import Account
from sandbox.ups.labels.facts import LabelFacts
from sandbox.ups.numbers import tracking_number
from sandbox.ups.offers import names_from
from sandbox.ups.quantum_view import cut_files
from sandbox.ups.shipments import Parcel, Shipment
from sandbox.ups.state import UPS, Ups
from sandbox.ups.travel.places import HUBS
from sandbox.ups.travel.scripts import SCRIPTS
from sandbox.ups.view_files import ACTIVE, RECORD_KINDS, STATUS_TEXTS
from sandbox.ups.view_questions import MAX_NAME

MAX_FOREIGN = 500
FOREIGN_SERVICE = "65"
FOREIGN_WEIGHT = "1.0 KG"
FOREIGN_SCRIPT = "normal"


def routes() -> list[web.RouteDef]:
    """Subscriptions, files, foreign shipments."""
    return [
        web.get("/sandbox/view-subscriptions", list_subscriptions),
        web.post("/sandbox/view-subscriptions", add_subscription),
        web.get("/sandbox/view-files/{shipper_number}", list_files),
        web.post("/sandbox/foreign-shipments", add_foreign_shipments),
    ]


async def list_subscriptions(request: web.Request) -> web.Response:
    """Every subscription."""
    return json_answer({"subscriptions": [each.as_json() for each in request.app[UPS].views.subscriptions]})


async def add_subscription(request: web.Request) -> web.Response:
    """`{shipper_number, name, types?, status?}`; the same account and name again changes it."""
    ups = request.app[UPS]
    body = await read_object(request)
    name, kinds, status = _text(body, "name"), body.get("types", list(RECORD_KINDS)), body.get("status", ACTIVE)
    account = find_account(ups, _text(body, "shipper_number"))
    if account is None:
        return refusal("shipper_number is not the number of an account here.")
    if not 0 < len(name) <= MAX_NAME:
        return refusal(f"name has 1 to {MAX_NAME} characters.")
    if not isinstance(kinds, list) or not kinds or not set(kinds) <= set(RECORD_KINDS):
        return refusal("types is a list of: " + ", ".join(RECORD_KINDS))
    if status not in STATUS_TEXTS:
        return refusal("status is one of: " + ", ".join(STATUS_TEXTS))
    subscription = ups.views.subscribe(
        shipper_number=account.shipper_number,
        name=name,
        kinds=frozenset(kinds),
        status=str(status),
        at=ups.clock.now(),
    )
    return json_answer(subscription.as_json(), status=201)


async def list_files(request: web.Request) -> web.Response:
    """The files of an account that are out by now, with the number of their records by kind."""
    ups = request.app[UPS]
    files = cut_files(ups, request.match_info["shipper_number"], now=ups.clock.now())
    found = [
        {"name": file.name, "at": file.at.isoformat(), **{kind: len(file.records[kind]) for kind in file.records}}
        for file in files
    ]
    return json_answer({"files": found})


async def add_foreign_shipments(request: web.Request) -> web.Response:
    """`{shipper_number, count, script?, hours_per_second?}`: parcels without a reference of ours that travel too."""
    ups = request.app[UPS]
    body = await read_object(request)
    account = find_account(ups, _text(body, "shipper_number"))
    count, script, pace = body.get("count", 1), body.get("script", FOREIGN_SCRIPT), body.get("hours_per_second")
    if account is None:
        return refusal("shipper_number is not the number of an account here.")
    if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= MAX_FOREIGN:
        return refusal(f"count is a whole number from 1 to {MAX_FOREIGN}.")
    if script not in SCRIPTS:
        return refusal("script is one of: " + ", ".join(SCRIPTS))
    if pace is not None and (isinstance(pace, bool) or not isinstance(pace, int | float) or pace <= 0):
        return refusal("hours_per_second is a number above 0.")
    hours_per_second = float(pace) if pace else None
    made = [
        make_foreign_shipment(ups, account, script=str(script), hours_per_second=hours_per_second) for _ in range(count)
    ]
    return json_answer({"shipments": [shipment.as_json() for shipment in made]}, status=201)


def find_account(ups: Ups, shipper_number: str) -> Account | None:
    """The account of that number, whichever app it is behind."""
    number = shipper_number.upper()
    return next((client.accounts[number] for client in ups.accounts.all() if number in client.accounts), None)


def make_foreign_shipment(ups: Ups, account: Account, *, script: str, hours_per_second: float | None) -> Shipment:
    """A shipment that somebody else's software made on the account; it leaves at once."""
    at = ups.clock.now()
    shipment = _foreign_shipment(ups, account, at=at)
    ups.shipments.add(shipment)
    ups.travels.add(shipment)
    ups.travels.start(shipment.number, script, at=at, hours_per_second=hours_per_second)
    return shipment


def _foreign_shipment(ups: Ups, account: Account, *, at: datetime) -> Shipment:
    """As somebody else's software makes it: with a reference, but none that we know."""
    serial = ups.shipments.take_serial()
    number = tracking_number(shipper_number=account.shipper_number, service=FOREIGN_SERVICE, serial=serial)
    order = f"WEB-{serial:07d}"
    name = names_from(account.country).get(FOREIGN_SERVICE, "UPS")
    city, state = HUBS.get(account.country, ("", ""))
    label = LabelFacts(
        sender=("Web shop", account.country),
        receiver=("Web customer", account.country),
        service_name=name,
        tracking_number=number,
        place=1,
        places=1,
        weight=FOREIGN_WEIGHT,
        shipped_on=at.strftime("%d %b %Y").upper(),
        references=(f"PO: {order}",),
        description="Web order",
        routing=account.country,
    )
    return Shipment(
        number=number,
        client_id="",
        shipper_number=account.shipper_number,
        origin=account.country,
        destination=account.country,
        receiver="Web customer",
        receiver_place=city.title(),
        receiver_postal_code="",
        service=FOREIGN_SERVICE,
        service_name=name,
        references=(order,),
        label_format="GIF",
        has_invoice=False,
        is_return=False,
        total="0.00 EUR",
        context="",
        created_at=at,
        parcels=[Parcel(tracking_number=number, label=label, weight=FOREIGN_WEIGHT)],
        shipper_name="Web shop",
        shipper_place=city.title(),
        shipper_state=state,
        receiver_state=state,
        coded_references=(("PO", order),),
    )


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name, "")
    return value.strip() if isinstance(value, str) else ""
