"""`POST /api/shipments/{version}/ship` (ups.md 5)."""

from base64 import b64encode
from datetime import datetime
from decimal import Decimal

from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.core.damage import single_objects
from sandbox.ups.accounts import Client, Product
from sandbox.ups.gate import LIST_VERSION, allow, check_version, transaction_reference
from sandbox.ups.geography import INCH_COUNTRIES, currency_of
from sandbox.ups.labels.facts import LabelFacts
from sandbox.ups.labels.make import html_base64, label_base64, slip_base64
from sandbox.ups.labels.picture import paper_pdf
from sandbox.ups.numbers import tracking_number
from sandbox.ups.prices import FUEL_CODE, Price, price_of
from sandbox.ups.rules.draft import Draft, read_draft
from sandbox.ups.rules.label_request import PRINTER_FORMATS
from sandbox.ups.rules.parcels import CheckedParcel
from sandbox.ups.shipments import Parcel, Shipment, ShipmentStore
from sandbox.ups.state import UPS
from sandbox.ups.travel.departures import depart
from sandbox.ups.wire import Node, read_document

VERSIONS = frozenset(
    ["v1", "v1601", "v1607", "v1701", "v1707", "v1801", "v1807", "v2108", "v2205", LIST_VERSION, "v2409"]
)
ITEMISED_SINCE = "1601"
BASE_CHARGE_SINCE = "1701"
Json = dict[str, object]


def routes() -> list[web.RouteDef]:
    """The ship endpoint."""
    return [web.post("/api/shipments/{version}/ship", ship, name="ship")]


async def ship(request: web.Request) -> web.Response:
    """Make a shipment. Two equal calls make two shipments: there is no idempotency key (ups.md 1.1)."""
    ups = request.app[UPS]
    client = allow(request, Product.SHIPPING)
    version = check_version(request, VERSIONS)
    document = await read_document(request, "ShipmentRequest")
    at = ups.clock.now()
    draft = read_draft(document, client=client, settings=ups.settings, at=at)
    price = _price(draft)
    shipment = _make_shipment(draft, client=client, store=ups.shipments, price=price, at=at)
    ups.shipments.add(shipment)
    ups.travels.add(shipment)
    depart(ups.travels, shipment, settings=ups.settings, at=at)
    answer: Json = {
        "ShipmentResponse": {"Response": _response(draft), "ShipmentResults": _results(draft, shipment, price)}
    }
    return json_answer(answer if version >= LIST_VERSION else single_objects(answer))


def _price(draft: Draft) -> Price:
    metric = draft.account.country not in INCH_COUNTRIES
    return price_of(
        lane=draft.lane,
        service=draft.service,
        billing_weights=[parcel.billing_weight(metric=metric) for parcel in draft.parcels],
        handled_parcels=sum(parcel.needs_additional_handling(metric=metric) for parcel in draft.parcels),
    )


def _make_shipment(draft: Draft, *, client: Client, store: ShipmentStore, price: Price, at: datetime) -> Shipment:
    parcels = [_make_parcel(draft, place=place, store=store, at=at) for place in range(len(draft.parcels))]
    sender = draft.ship_from if draft.is_return else draft.shipper
    address, shipper_address = draft.ship_to.child("Address"), sender.child("Address")
    references = [*draft.references, *(reference for parcel in draft.parcels for reference in parcel.references)]
    return Shipment(
        number=parcels[0].tracking_number,
        client_id=client.client_id,
        shipper_number=draft.account.shipper_number,
        origin=draft.lane.origin,
        destination=draft.lane.destination,
        receiver=draft.ship_to.text("Name"),
        receiver_place=address.text("City"),
        receiver_postal_code=address.text("PostalCode"),
        service=draft.service,
        service_name=draft.service_name,
        references=tuple(value for _, value in references),
        label_format=draft.label_format,
        has_invoice=draft.has_invoice,
        is_return=draft.is_return,
        total=f"{price.total} {currency_of(draft.account.country)}",
        context=draft.context,
        created_at=at,
        parcels=parcels,
        shipper_name=sender.text("Name"),
        shipper_place=shipper_address.text("City"),
        shipper_state=shipper_address.text("StateProvinceCode"),
        receiver_state=address.text("StateProvinceCode"),
        coded_references=tuple(references),
    )


def _make_parcel(draft: Draft, *, place: int, store: ShipmentStore, at: datetime) -> Parcel:
    checked = draft.parcels[place]
    number = tracking_number(
        shipper_number=draft.account.shipper_number, service=draft.service, serial=store.take_serial()
    )
    unit = "LBS" if draft.account.country in INCH_COUNTRIES else "KG"
    weight = f"{checked.weight} {unit}"
    references = [f"{code}: {value}" if code else value for code, value in (*draft.references, *checked.references)]
    address = draft.ship_to.child("Address")
    facts = LabelFacts(
        sender=_address_lines(draft.ship_from if draft.is_return else draft.shipper),
        receiver=_address_lines(draft.ship_to),
        service_name=draft.service_name,
        tracking_number=number,
        place=place + 1,
        places=len(draft.parcels),
        weight=weight,
        shipped_on=at.strftime("%d %b %Y").upper(),
        references=tuple(references),
        description=draft.description,
        routing=f"{draft.lane.destination[:2]} {address.text('PostalCode')[:3]}".strip(),
    )
    return Parcel(tracking_number=number, label=facts, weight=weight)


def _address_lines(party: Node) -> tuple[str, ...]:
    address = party.child("Address")
    place = f"{address.text('PostalCode')} {address.text('City')}".strip()
    lines = [party.text("Name"), party.text("AttentionName"), *address.texts("AddressLine"), place]
    return tuple(line for line in [*lines, address.text("CountryCode")] if line)


def _response(draft: Draft) -> Json:
    response: Json = {"ResponseStatus": {"Code": "1", "Description": "Success"}}
    if draft.alerts:
        response["Alert"] = [{"Code": code, "Description": text} for code, text in draft.alerts]
    return response | {"TransactionReference": transaction_reference(draft.context)}


def _results(draft: Draft, shipment: Shipment, price: Price) -> Json:
    currency = currency_of(draft.account.country)
    results: Json = {"ShipmentCharges": _charges(draft, price, currency=currency)}
    if draft.negotiated:
        results["NegotiatedRateCharges"] = {"TotalCharge": _money(price.negotiated, currency)}
    results |= {
        "RatingMethod": "01",
        "BillableWeightCalculationMethod": "02",
        "BillingWeight": _billing_weight(draft),
        "ShipmentIdentificationNumber": shipment.number,
        "PackageResults": [
            _package_result(draft, parcel, checked, place=place)
            for place, (parcel, checked) in enumerate(zip(shipment.parcels, draft.parcels, strict=True))
        ],
    }
    if draft.has_invoice:
        results["Form"] = form_of(shipment)
    return results


def form_of(shipment: Shipment) -> Json:
    """The customs papers as one PDF."""
    lines = (shipment.number, shipment.receiver, *shipment.references)
    pdf = b64encode(paper_pdf("COMMERCIAL INVOICE", lines)).decode()
    return {
        "Code": "01",
        "Description": "All Requested International Forms",
        "Image": {"ImageFormat": {"Code": "PDF", "Description": "PDF"}, "GraphicImage": pdf},
    }


def _charges(draft: Draft, price: Price, *, currency: str) -> Json:
    charges: Json = {}
    if draft.sub_version >= BASE_CHARGE_SINCE:
        charges["BaseServiceCharge"] = _money(price.base, currency)
    charges["TransportationCharges"] = _money(price.transportation, currency)
    if draft.sub_version >= ITEMISED_SINCE:
        charges["ItemizedCharges"] = [{"Code": FUEL_CODE, **_money(price.fuel, currency)}]
    charges["ServiceOptionsCharges"] = _money(price.options, currency)
    charges["TotalCharges"] = _money(price.total, currency)
    return charges


def _billing_weight(draft: Draft) -> Json:
    metric = draft.account.country not in INCH_COUNTRIES
    weight = sum((parcel.billing_weight(metric=metric) for parcel in draft.parcels), Decimal(0))
    unit = {"Code": "KGS", "Description": "Kilograms"} if metric else {"Code": "LBS", "Description": "Pounds"}
    return {"UnitOfMeasurement": unit, "Weight": f"{weight:.1f}"}


def _package_result(draft: Draft, parcel: Parcel, checked: CheckedParcel, *, place: int) -> Json:
    currency = currency_of(draft.account.country)
    image_format = draft.label_format
    label: Json = {
        "ImageFormat": {"Code": image_format, "Description": image_format},
        "GraphicImage": label_base64(parcel.label, image_format=image_format),
    }
    if image_format == "GIF":
        label["HTMLImage"] = html_base64(parcel.label)
    is_slip_due = place == 0 and image_format in PRINTER_FORMATS and draft.lane.needs_invoice
    if is_slip_due:
        label["InternationalSignatureGraphicImage"] = slip_base64(parcel.label)
    metric = draft.account.country not in INCH_COUNTRIES
    handling = price_of(
        lane=draft.lane,
        service=draft.service,
        billing_weights=[],
        handled_parcels=int(checked.needs_additional_handling(metric=metric)),
    )
    return {
        "TrackingNumber": parcel.tracking_number,
        "ServiceOptionsCharges": _money(handling.options, currency),
        "ShippingLabel": label,
    }


def _money(value: Decimal, currency: str) -> dict[str, str]:
    return {"CurrencyCode": currency, "MonetaryValue": f"{value:.2f}"}
