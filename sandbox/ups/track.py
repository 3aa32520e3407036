"""`GET /api/track/v1/...`: what UPS knows about parcels (ups.md 8)."""

from datetime import datetime, timedelta

from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.ups.accounts import Client, Product
from sandbox.ups.gate import allow
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.shipments import Shipment
from sandbox.ups.state import UPS, Ups
from sandbox.ups.track_answer import package_answer, shaped
from sandbox.ups.travel.travels import ParcelHistory

MIN_NUMBER, MAX_NUMBER = 7, 34
"""ups.md 8."""
MAX_TRANSACTION_SOURCE = 512
"""ups.md 4.1."""
MAX_TRANSACTION_ID = 32
"""ups.md 4.1."""
HISTORY_DAYS = 120
"""ups.md 8."""
REFERENCE_DAYS = 14
"""A reference is looked up among the pickups of this many days unless dates are named (ups.md 8)."""
DEFAULT_COUNT = 50
REFERENCE_TYPES = frozenset({"SmallPackage", "fgv"})
Json = dict[str, object]


def routes() -> list[web.RouteDef]:
    """By number, by reference, and the whole shipment."""
    return [
        web.get("/api/track/v1/details/{number}", track, name="track"),
        web.get("/api/track/v1/reference/details/{reference}", track_reference, name="track_reference"),
        web.get("/api/track/v1/shipment/details/{number}", track_shipment, name="track_shipment"),
    ]


async def track(request: web.Request) -> web.Response:
    """One package; another package of the same shipment is not told about."""
    ups = request.app[UPS]
    client = _caller(request)
    number = _inquiry_number(request.match_info["number"])
    history = _visible(ups, number)
    entry = _shipment_entry(ups, number, [history] if history else [], numbers=[number], client=client)
    return _answer(ups, [entry])


async def track_shipment(request: web.Request) -> web.Response:
    """Every package of the shipment that the number belongs to."""
    ups = request.app[UPS]
    client = _caller(request)
    number = _inquiry_number(request.match_info["number"])
    offset = _whole_number(request, "offset", 0)
    count = _whole_number(request, "count", DEFAULT_COUNT)
    shipment = ups.shipments.find(number)
    numbers = [parcel.tracking_number for parcel in shipment.parcels][offset : offset + count] if shipment else []
    found = [(each, history) for each in numbers if (history := _visible(ups, each))]
    histories = [history for _, history in found]
    return _answer(ups, [_shipment_entry(ups, number, histories, numbers=[each for each, _ in found], client=client)])


async def track_reference(request: web.Request) -> web.Response:
    """Shipments of the caller's accounts that carry the reference."""
    ups = request.app[UPS]
    client = _caller(request)
    reference = request.match_info["reference"].strip()
    if request.query.get("refNumType", "SmallPackage") not in REFERENCE_TYPES:
        raise UpsRefusal("20008", "refNumType is SmallPackage or fgv")
    entries = []
    for shipment in _with_reference(request, ups, reference, client=client):
        numbers = [parcel.tracking_number for parcel in shipment.parcels]
        found = [(each, history) for each in numbers if (history := _visible(ups, each))]
        if found:
            histories = [history for _, history in found]
            entries.append(
                _shipment_entry(ups, reference, histories, numbers=[each for each, _ in found], client=client)
            )
    return _answer(ups, entries or [_not_found(reference)])


def _caller(request: web.Request) -> Client:
    client = allow(request, Product.TRACKING)
    transaction_id = request.headers.get("transId", "").strip()
    transaction_source = request.headers.get("transactionSrc", "").strip()
    if not transaction_id or not transaction_source:
        raise UpsRefusal("20007", "The headers transId and transactionSrc are required.")
    if len(transaction_id) > MAX_TRANSACTION_ID or len(transaction_source) > MAX_TRANSACTION_SOURCE:
        raise UpsRefusal("20008", "The header transId or transactionSrc is too long.")
    return client


def _inquiry_number(text: str) -> str:
    number = text.strip().upper()
    if not MIN_NUMBER <= len(number) <= MAX_NUMBER:
        raise UpsRefusal("TV1002", "Invalid inquiry number")
    return number


def _whole_number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal():
        raise UpsRefusal("20008", f"{name} is a whole number")
    return int(text)


def _visible(ups: Ups, number: str) -> ParcelHistory | None:
    """A parcel that is not too fresh, not too old and not hidden by order."""
    history = ups.travels.find(number)
    if history is None or history.is_hidden:
        return None
    age = ups.clock.now() - history.shipment.created_at
    if age < timedelta(seconds=ups.settings.track_not_found_seconds) or age > timedelta(days=HISTORY_DAYS):
        return None
    return history


def _with_reference(request: web.Request, ups: Ups, reference: str, *, client: Client) -> list[Shipment]:
    """Dates count by the day the label was made; a name for several accounts needs `shipperNum` (ups.md 8)."""
    wanted = request.query.get("shipperNum", "").strip().upper()
    accounts = [number for number in client.accounts if wanted in ("", number)]
    found = [each for number in accounts for each in ups.shipments.with_reference(reference, shipper_number=number)]
    now = ups.clock.now()
    first = request.query.get("fromPickUpDate") or f"{now - timedelta(days=REFERENCE_DAYS):%Y%m%d}"
    last = request.query.get("toPickUpDate") or f"{now:%Y%m%d}"
    found = [shipment for shipment in found if first <= _day(shipment.created_at) <= last]
    if len({shipment.shipper_number for shipment in found}) > 1:
        raise UpsRefusal("151085", "Multiple shipper numbers were found for this reference")
    return found


def _day(at: datetime) -> str:
    return f"{at:%Y%m%d}"


def _shipment_entry(
    ups: Ups, inquiry: str, histories: list[ParcelHistory], *, numbers: list[str], client: Client
) -> Json:
    if not histories:
        return _not_found(inquiry)
    shipment = histories[0].shipment
    is_own = shipment.shipper_number in client.accounts
    now = ups.clock.now()
    entry: Json = {
        "inquiryNumber": inquiry,
        "package": [
            package_answer(
                shipment,
                tracking_number=number,
                activities=ups.travels.activities(number, now=now),
                is_own=is_own,
                shape=ups.settings.track_shape,
            )
            for number in numbers
        ],
    }
    return entry | ({"userRelation": ["SHIPPER"]} if is_own else {})


def _not_found(inquiry: str) -> Json:
    """HTTP 200 all the same (ups.md 8)."""
    return {"inquiryNumber": inquiry, "warnings": [{"code": "TW0001", "message": "Tracking Information Not Found"}]}


def _answer(ups: Ups, shipments: list[Json]) -> web.Response:
    return json_answer(shaped({"trackResponse": {"shipment": shipments}}, shape=ups.settings.track_shape))
