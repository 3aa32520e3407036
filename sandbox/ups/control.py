"""Routes under `/sandbox/` that tests and people use to arrange and to look."""

from collections.abc import Mapping

from aiohttp import web

from sandbox.core.answers import json_answer, read_object, refusal
from sandbox.ups.accounts import Account, Product
from sandbox.ups.labels.make import MEDIA_TYPES, label_bytes
from sandbox.ups.rules.draft import SHIPPER_NUMBER_LENGTH
from sandbox.ups.shipments import Shipment, ShipmentStore
from sandbox.ups.state import UPS


def routes() -> list[web.RouteDef]:
    """Accounts, shipments, labels."""
    return [
        web.get("/sandbox/accounts", list_accounts),
        web.post("/sandbox/accounts", add_account),
        web.post("/sandbox/accounts/{client_id}/revoke", revoke_tokens),
        web.get("/sandbox/shipments", list_shipments),
        web.get("/sandbox/shipments/{number}", show_shipment),
        web.get("/sandbox/shipments/{number}/label/{place:[0-9]+}", show_label),
    ]


async def list_accounts(request: web.Request) -> web.Response:
    """Every app with its accounts."""
    return json_answer({"clients": [client.as_json() for client in request.app[UPS].accounts.all()]})


async def add_account(request: web.Request) -> web.Response:
    """An account behind an app; the same client id again adds an account or changes the app."""
    body = await read_object(request)
    client_id, client_secret = _text(body, "client_id"), _text(body, "client_secret")
    shipper_number, country = _text(body, "shipper_number"), _text(body, "country")
    if not (client_id and client_secret and len(shipper_number) == SHIPPER_NUMBER_LENGTH and len(country) == 2):  # noqa: PLR2004
        return refusal("Send client_id, client_secret, shipper_number of 6 characters and country of 2.")
    products = body.get("products", list(Product))
    if not isinstance(products, list) or not set(products) <= set(Product):
        return refusal("products is a list of: " + ", ".join(Product))
    account = Account(
        shipper_number=shipper_number.upper(),
        country=country.upper(),
        postal_code=_text(body, "postal_code"),
        usable=body.get("usable", True) is True,
        negotiated_rates=body.get("negotiated_rates", True) is True,
    )
    client = request.app[UPS].accounts.register(
        account,
        client_id=client_id,
        client_secret=client_secret,
        products=[Product(product) for product in products],
    )
    return json_answer(client.as_json(), status=201)


async def revoke_tokens(request: web.Request) -> web.Response:
    """Every token of an app ends now, as after a change of its secret."""
    request.app[UPS].tokens.revoke(request.match_info["client_id"])
    return json_answer({"status": "revoked"})


async def list_shipments(request: web.Request) -> web.Response:
    """Filters: reference, shipper_number, tracking_number."""
    found = _filtered(request.app[UPS].shipments, request.query)
    return json_answer({"shipments": [shipment.as_json() for shipment in found]})


async def show_shipment(request: web.Request) -> web.Response:
    """One shipment, by its number or by that of a parcel."""
    shipment = request.app[UPS].shipments.find(request.match_info["number"])
    if shipment is None:
        return refusal("No shipment of that number.", status=404)
    return json_answer(shipment.as_json())


async def show_label(request: web.Request) -> web.Response:
    """The label of parcel 1, 2, ... as it was sent, or in `?format=`."""
    shipment = request.app[UPS].shipments.find(request.match_info["number"])
    place = int(request.match_info["place"])
    if shipment is None or not 1 <= place <= len(shipment.parcels):
        return refusal("No such label.", status=404)
    image_format = request.query.get("format", shipment.label_format).upper()
    if image_format not in MEDIA_TYPES:
        return refusal("format is one of: " + ", ".join(MEDIA_TYPES))
    label = label_bytes(shipment.parcels[place - 1].label, image_format=image_format)
    return web.Response(body=label, content_type=MEDIA_TYPES[image_format])


def _filtered(store: ShipmentStore, query: Mapping[str, str]) -> list[Shipment]:
    found = store.all()
    if reference := query.get("reference"):
        found = [shipment for shipment in found if reference in shipment.references]
    if shipper_number := query.get("shipper_number"):
        found = [shipment for shipment in found if shipment.shipper_number == shipper_number]
    if number := query.get("tracking_number"):
        found = [shipment for shipment in found if shipment.find_parcel(number)]
    return found


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name, "")
    return value.strip() if isinstance(value, str) else ""
