"""`POST /api/labels/{version}/recovery`: the question that settles a doubt (ups.md 7)."""

from datetime import datetime, timedelta

from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.ups.accounts import Client, Product
from sandbox.ups.gate import allow, check_version, transaction_reference
from sandbox.ups.labels.make import label_base64
from sandbox.ups.refusals import UpsRefusal, refusal_answer
from sandbox.ups.rules.references import MAX_VALUE
from sandbox.ups.settings import UpsSettings
from sandbox.ups.ship import form_of
from sandbox.ups.shipments import Parcel, Shipment
from sandbox.ups.state import UPS, Ups
from sandbox.ups.wire import Node, read_document

VERSIONS = frozenset(["v1", "v1701", "v1903"])
FIRST_VERSION = "v1"
FORMS_VERSION = "v1903"
FORMATS = frozenset(["GIF", "PDF", "ZPL", "EPL", "SPL"])
WITHOUT_STOCK = frozenset(["GIF", "PDF"])
MIN_CONTEXT = 5
NOT_FOUND = ("9801031", "No shipment was found for the given number or reference")
Json = dict[str, object]


def routes() -> list[web.RouteDef]:
    """The recovery endpoint."""
    return [web.post("/api/labels/{version}/recovery", recover, name="recover_label")]


async def recover(request: web.Request) -> web.Response:
    """Labels of a shipment again, byte for byte; refusals in the envelope the settings ask for."""
    ups = request.app[UPS]
    client = allow(request, Product.SHIPPING)
    version = check_version(request, VERSIONS)
    document = await read_document(request, "LabelRecoveryRequest")
    try:
        answer = _recovered(document, ups=ups, client=client, version=version)
    except UpsRefusal as refusal:
        return refusal_answer(refusal, wrapped=ups.settings.recovery_wrapped_errors)
    return json_answer({"LabelRecoveryResponse": answer})


def _recovered(document: Node, *, ups: Ups, client: Client, version: str) -> Json:
    context = document.child("Request", "TransactionReference").text("CustomerContext")
    if document.child("Request", "TransactionReference").has("CustomerContext") and len(context) < MIN_CONTEXT:
        raise UpsRefusal("300005", f"The customer context must have at least {MIN_CONTEXT} characters")
    image_format = _image_format(document.child("LabelSpecification"))
    response: Json = {
        "Response": {
            "ResponseStatus": {"Code": "1", "Description": "Success"},
            "TransactionReference": transaction_reference(context),
        }
    }
    number = document.text("TrackingNumber")
    if bool(number) == bool(document.child("ReferenceValues")):
        raise UpsRefusal("300005", "Exactly one of tracking number and reference values is required")
    if number:
        shipment, parcels = _by_number(ups, number, client=client)
    else:
        live = _by_reference(ups, document.child("ReferenceValues"), client=client)
        if len(live) > 1:
            return response | _candidates(live, settings=ups.settings)
        shipment, parcels = live[0], live[0].parcels
    return response | _labels(shipment, parcels, image_format=image_format, version=version, settings=ups.settings)


def _image_format(specification: Node) -> str:
    image_format = specification.child("LabelImageFormat").text("Code").upper() or "GIF"
    if image_format not in FORMATS:
        raise UpsRefusal("300030", "Invalid label image format")
    if image_format in WITHOUT_STOCK and specification.child("LabelStockSize"):
        raise UpsRefusal("9801050", "The label stock size is not allowed with this image format")
    return image_format


def _by_number(ups: Ups, number: str, *, client: Client) -> tuple[Shipment, list[Parcel]]:
    """The shipment number gives every label, another package's number gives its own."""
    shipment = ups.shipments.find(number)
    if shipment is None or shipment.shipper_number not in client.accounts or not _is_visible(shipment, ups=ups):
        raise UpsRefusal(*NOT_FOUND)
    parcel = shipment.find_parcel(number)
    if shipment.is_voided or (parcel and parcel.voided_at):
        raise UpsRefusal("9801040", "The shipment has been voided")
    if _is_too_old(shipment, ups.settings, at=ups.clock.now()):
        raise UpsRefusal("300006", "The label is not available any more")
    if parcel and number != shipment.number:
        return shipment, [parcel]
    return shipment, [each for each in shipment.parcels if not each.voided_at]


def _by_reference(ups: Ups, values: Node, *, client: Client) -> list[Shipment]:
    """Live shipments under a reference; another account's shipments are never seen (ups.md 7)."""
    value = values.child("ReferenceNumber").text("Value")
    shipper_number = values.text("ShipperNumber")
    if not value or len(value) > MAX_VALUE or not shipper_number:
        raise UpsRefusal("300014", "Missing or invalid reference number or shipper number")
    at = ups.clock.now()
    found = [
        shipment
        for shipment in ups.shipments.with_reference(value, shipper_number=shipper_number)
        if shipper_number in client.accounts
        and _is_visible(shipment, ups=ups)
        and not _is_too_old(shipment, ups.settings, at=at)
    ]
    if not found:
        raise UpsRefusal(*NOT_FOUND)
    live = [shipment for shipment in found if not shipment.is_voided]
    if not live:
        raise UpsRefusal("9801040", "The shipment has been voided")
    return live


def _is_visible(shipment: Shipment, *, ups: Ups) -> bool:
    return ups.clock.now() - shipment.created_at >= timedelta(seconds=ups.settings.recovery_lag_seconds)


def _is_too_old(shipment: Shipment, settings: UpsSettings, *, at: datetime) -> bool:
    return at - shipment.created_at > timedelta(days=settings.recovery_days)


def _candidates(shipments: list[Shipment], *, settings: UpsSettings) -> Json:
    if settings.many_matches == "error":
        raise UpsRefusal("300001", "Several shipments were found")
    return {
        "LabelResults": [],
        "TrackingCandidate": [
            {
                "TrackingNumber": shipment.number,
                "DestinationPostalCode": shipment.receiver_postal_code,
                "DestinationCountryCode": shipment.destination,
                "PickupDateRange": {
                    "BeginDate": shipment.created_at.strftime("%Y%m%d"),
                    "EndDate": shipment.created_at.strftime("%Y%m%d"),
                },
            }
            for shipment in shipments
        ],
    }


def _labels(
    shipment: Shipment, parcels: list[Parcel], *, image_format: str, version: str, settings: UpsSettings
) -> Json:
    results: list[Json] = [
        {
            "TrackingNumber": parcel.tracking_number,
            "LabelImage": {
                "LabelImageFormat": {"Code": image_format.lower()},
                "GraphicImage": label_base64(parcel.label, image_format=image_format),
            },
            "Receipt": "",
        }
        for parcel in parcels
        if not parcel.voided_at
    ]
    answer: Json = {
        "ShipmentIdentificationNumber": shipment.number,
        "LabelResults": _shaped(results, version=version, settings=settings),
    }
    if shipment.has_invoice and version == FORMS_VERSION:
        answer["Form"] = {"Image": form_of(shipment)["Image"]}
    return answer


def _shaped(results: list[Json], *, version: str, settings: UpsSettings) -> object:
    as_object = settings.label_results == "object" or (
        settings.label_results == "as_version" and version == FIRST_VERSION
    )
    return results[0] if as_object and len(results) == 1 else results
