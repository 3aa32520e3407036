"""`POST /api/rating/{version}/{option}`: what a shipment would cost, and when it would arrive (ups.md 12)."""

from datetime import date, timedelta
from decimal import Decimal

from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.core.damage import single_objects
from sandbox.ups.accounts import Product
from sandbox.ups.gate import LIST_VERSION, allow, check_version, transaction_reference
from sandbox.ups.geography import INCH_COUNTRIES, currency_of
from sandbox.ups.offers import names_from
from sandbox.ups.prices import FUEL_CODE, Price, price_of
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.rules.parcels import CheckedParcel
from sandbox.ups.rules.quote import OPTIONS, Quote, read_quote
from sandbox.ups.state import UPS
from sandbox.ups.wire import read_document

VERSIONS = frozenset(
    ["v1", "v1601", "v1607", "v1701", "v1707", "v1801", "v1807", "v2108", "v2205", LIST_VERSION, "v2409"]
)
EXPRESS_DAYS = {"07": 1, "54": 1, "65": 1, "74": 1, "01": 1, "13": 1, "14": 1, "02": 2, "59": 2}
GROUND_DAYS = {"domestic": 1, "union": 2, "world": 4}
FRIDAY = 4
EVENING, CLOSING = "233000", "160000"
Json = dict[str, object]


def routes() -> list[web.RouteDef]:
    """The rating endpoint."""
    return [web.post("/api/rating/{version}/{option}", rate, name="rate")]


async def rate(request: web.Request) -> web.Response:
    """Prices; nothing is made."""
    ups = request.app[UPS]
    client = allow(request, Product.RATING)
    version = check_version(request, VERSIONS)
    option = request.match_info["option"].lower()
    if option not in OPTIONS:
        raise UpsRefusal("20006", "Invalid request option")
    document = await read_document(request, "RateRequest")
    quote = read_quote(document, option=option, client=client, settings=ups.settings, at=ups.clock.now())
    answer: Json = {
        "RateResponse": {
            "Response": {
                "ResponseStatus": {"Code": "1", "Description": "Success"},
                "Alert": [{"Code": code, "Description": text} for code, text in quote.alerts],
                "TransactionReference": transaction_reference(quote.context),
            },
            "RatedShipment": [_rated(quote, service) for service in quote.services],
        }
    }
    return json_answer(answer if version >= LIST_VERSION else single_objects(answer))


def _rated(quote: Quote, service: str) -> Json:
    currency, price = currency_of(quote.account.country), _price(quote, service, quote.parcels)
    rated: Json = {
        "Service": {"Code": service, "Description": ""},
        "BillingWeight": _weight(quote),
        "TransportationCharges": _money(price.transportation, currency),
        "BaseServiceCharge": _money(price.base, currency),
        "ItemizedCharges": [{"Code": FUEL_CODE, **_money(price.fuel, currency)}],
        "ServiceOptionsCharges": _money(price.options, currency),
        "TotalCharges": _money(price.total, currency),
        "RatedPackage": [
            {
                "TotalCharges": _money(_price(quote, service, (parcel,)).total, currency),
                "Weight": f"{parcel.weight:.1f}",
            }
            for parcel in quote.parcels
        ],
    }
    if quote.negotiated:
        rated["NegotiatedRateCharges"] = {"TotalCharge": _money(price.negotiated, currency)}
    if quote.pickup_date is not None:
        rated["TimeInTransit"] = _time_in_transit(quote, service, pickup=quote.pickup_date)
    return rated


def _price(quote: Quote, service: str, parcels: tuple[CheckedParcel, ...]) -> Price:
    """The same as the shipment itself will cost."""
    metric = quote.account.country not in INCH_COUNTRIES
    return price_of(
        lane=quote.lane,
        service=service,
        billing_weights=[parcel.billing_weight(metric=metric) for parcel in parcels],
        handled_parcels=sum(parcel.needs_additional_handling(metric=metric) for parcel in parcels),
    )


def _weight(quote: Quote) -> Json:
    metric = quote.account.country not in INCH_COUNTRIES
    weight = sum((parcel.billing_weight(metric=metric) for parcel in quote.parcels), Decimal(0))
    unit = {"Code": "KGS", "Description": "Kilograms"} if metric else {"Code": "LBS", "Description": "Pounds"}
    return {"UnitOfMeasurement": unit, "Weight": f"{weight:.1f}"}


def _time_in_transit(quote: Quote, service: str, *, pickup: date) -> Json:
    days = EXPRESS_DAYS.get(service) or GROUND_DAYS[_zone(quote)]
    arrival = _after(pickup, working_days=days)
    estimated: Json = {
        "Arrival": {"Date": f"{arrival:%Y%m%d}", "Time": EVENING},
        "BusinessDaysInTransit": str(days),
        "Pickup": {"Date": f"{pickup:%Y%m%d}", "Time": CLOSING},
        "DayOfWeek": f"{arrival:%a}".upper(),
        "TotalTransitDays": str((arrival - pickup).days),
    }
    name = names_from(quote.lane.origin)[service]
    return {
        "PickupDate": f"{pickup:%Y%m%d}",
        "PackageBillType": quote.bill_type,
        "ServiceSummary": {"Service": {"Description": name}, "EstimatedArrival": estimated},
    }


def _zone(quote: Quote) -> str:
    if not quote.lane.crosses_border:
        return "domestic"
    return "union" if quote.lane.within_eu else "world"


def _after(day: date, *, working_days: int) -> date:
    while working_days:
        day += timedelta(days=1)
        working_days -= day.weekday() <= FRIDAY
    return day


def _money(value: Decimal, currency: str) -> dict[str, str]:
    return {"CurrencyCode": currency, "MonetaryValue": f"{value:.2f}"}
