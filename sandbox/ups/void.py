"""`DELETE /api/shipments/{version}/void/cancel/{number}` (ups.md 6)."""

from datetime import datetime, timedelta

import orjson
from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.ups.accounts import Client, Product
from sandbox.ups.gate import allow, check_version, transaction_reference
from sandbox.ups.numbers import looks_like_number
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.settings import UpsSettings
from sandbox.ups.ship import VERSIONS
from sandbox.ups.shipments import Parcel, Shipment
from sandbox.ups.state import UPS, Ups

MAX_PACKAGES = 20
NOT_FOUND = ("190102", "No shipment found within the allowed void period")
Json = dict[str, object]


def routes() -> list[web.RouteDef]:
    """The void endpoint."""
    return [web.delete("/api/shipments/{version}/void/cancel/{number}", void, name="void")]


async def void(request: web.Request) -> web.Response:
    """Void a shipment, or the packages named in `trackingnumber`."""
    ups = request.app[UPS]
    client = allow(request, Product.SHIPPING)
    check_version(request, VERSIONS)
    at = ups.clock.now()
    shipment = _voidable(ups, request.match_info["number"], client=client, at=at)
    if shipment.origin in ups.settings.void_refused_countries.split():
        return json_answer(_answer(shipment, status=("0", "Not Voided"), results=[]))
    if "trackingnumber" in request.query:
        return json_answer(_void_packages(ups, shipment, request.query["trackingnumber"], at=at))
    if shipment.is_voided:
        raise UpsRefusal("190117", "The shipment has already been voided")
    results = [_void_parcel(ups, parcel, at=at) for parcel in shipment.parcels]
    return json_answer(_answer(shipment, status=("1", "Voided"), results=results))


def _voidable(ups: Ups, number: str, *, client: Client, at: datetime) -> Shipment:
    number = number.strip()
    if not looks_like_number(number):
        raise UpsRefusal("190100", "Invalid shipment identification number")
    shipment = ups.shipments.find(number)
    if shipment is None or shipment.number != number or shipment.shipper_number not in client.accounts:
        raise UpsRefusal(*NOT_FOUND)
    _check_window(shipment, settings=ups.settings, at=at)
    return shipment


def _check_window(shipment: Shipment, *, settings: UpsSettings, at: datetime) -> None:
    days = settings.return_void_days if shipment.is_return else settings.void_days
    if at - shipment.created_at > timedelta(days=days):
        raise UpsRefusal("190101", "Time for voiding has expired")


def _void_packages(ups: Ups, shipment: Shipment, text: str, *, at: datetime) -> Json:
    parcels = [_named_parcel(shipment, number) for number in _tracking_numbers(text)]
    if shipment.is_return:
        raise UpsRefusal("190112", "Return shipments cannot be voided per package")
    if shipment.crosses_border:
        raise UpsRefusal("190113", "International shipments cannot be voided per package")
    results = [_void_parcel(ups, parcel, at=at) for parcel in parcels]
    status = ("1", "Voided" if shipment.is_voided else "Partially Voided")
    return _answer(shipment, status=status, results=results)


def _tracking_numbers(text: str) -> list[str]:
    """A bare number or a list in JSON style (ups.md 6)."""
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        parsed = text
    numbers = [str(number).strip() for number in parsed] if isinstance(parsed, list) else [text.strip()]
    if len(numbers) > MAX_PACKAGES:
        raise UpsRefusal("190111", f"At most {MAX_PACKAGES} tracking numbers are allowed")
    if not numbers or not all(looks_like_number(number) for number in numbers):
        raise UpsRefusal(*NOT_FOUND)
    return numbers


def _named_parcel(shipment: Shipment, number: str) -> Parcel:
    parcel = shipment.find_parcel(number)
    if parcel is None:
        raise UpsRefusal("190109", "The tracking number is not part of the shipment")
    return parcel


def _void_parcel(ups: Ups, parcel: Parcel, *, at: datetime) -> Json:
    """Voided, or voided before: both read 1."""
    description = "Already Voided" if parcel.voided_at else "Voided"
    if parcel.voided_at is None:
        parcel.voided_at = at
        ups.travels.void(parcel.tracking_number, at=at)
    return {"TrackingNumber": parcel.tracking_number, "Status": {"Code": "1", "Description": description}}


def _answer(shipment: Shipment, *, status: tuple[str, str], results: list[Json]) -> Json:
    """Real answers say `PackageLevelResult` and give one object for one package (ups.md 6)."""
    del shipment
    code, description = status
    answer: Json = {
        "Response": {
            "ResponseStatus": {"Code": "1", "Description": "Success"},
            "TransactionReference": transaction_reference(""),
        },
        "SummaryResult": {"Status": {"Code": code, "Description": description}},
    }
    if results:
        answer["PackageLevelResult"] = results if len(results) > 1 else results[0]
    return {"VoidShipmentResponse": answer}
