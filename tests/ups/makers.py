"""Shipments, answers and rows for the tests of the UPS side."""

import base64
import json
import uuid
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector_site.lib.secrets import Secret
from ups.accounts import AccountDetails
from ups.shipping import ParcelSpec, PartySpec, ShipmentSpec, build_request

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
SHIPPER_NUMBER = "A1B2C3"
FIRST_NUMBER = "1ZA1B2C36800000016"
SECOND_NUMBER = "1ZA1B2C36800000025"
ZPL_LABEL = b"^XA^FDlabel^FS^XZ"

_PLACES = {
    "NL": ("Kade 12", "Rotterdam", "3011 AA", "", "+31 20 123 4567"),
    "BE": ("Rue Haute 5", "Bruxelles", "1000", "", "+32 2 555 12 34"),
    "DE": ("Hauptstr. 1", "Berlin", "10115", "", "+49 30 12345678"),
    "FR": ("12 rue de la Paix", "Paris", "75002", "", "+33 1 23 45 67 89"),
    "ES": ("Calle Mayor 3", "Madrid", "28013", "", "+34 912 345 678"),
    "IT": ("Via Roma 7", "Milano", "20121", "", "+39 02 1234 5678"),
    "PL": ("ul. Długa 8", "Gdańsk", "80-831", "", "+48 58 123 45 67"),
    "GB": ("8 Mill Lane", "London", "E1 6AN", "", "+44 20 7123 4567"),
    "IE": ("4 Quay St", "Galway", "H91 X2PK", "", "+353 91 123 4567"),
    "US": ("10 Dock Rd", "Baltimore", "21201", "MD", "+1 410 555 0123"),
    "PR": ("9 Calle Sol", "San Juan", "00901", "", "+1 787 555 0123"),
    "CA": ("77 Elm St", "Toronto", "M5V 2T6", "ON", "+1 416 555 0123"),
    "CH": ("Bahnhofstr. 2", "Zürich", "8001", "", "+41 44 123 45 67"),
}


def make_party(country: str = "NL", **changes: object) -> PartySpec:
    street, city, postal_code, state, phone = _PLACES[country]
    party = PartySpec(
        name=f"Company in {country}",
        attention="Goods In",
        phone=phone,
        email="goods@example.com",
        address_lines=(street,),
        city=city,
        postal_code=postal_code,
        state=state,
        country=country,
    )
    return replace(party, **changes)  # type: ignore[arg-type]


def make_spec(origin: str = "NL", destination: str = "NL", **changes: object) -> ShipmentSpec:
    spec = ShipmentSpec(
        shipper=make_party(origin),
        shipper_number=SHIPPER_NUMBER,
        ship_to=make_party(destination),
        service_code="03" if origin in {"US", "PR"} else "11",
        parcels=(ParcelSpec(weight=Decimal("2.5")),),
        reference="T01JB3X7M2QWERTY9HKPASDFGHJ",
        customer_reference="20240015",
        description="Office chairs",
    )
    return replace(spec, **changes)  # type: ignore[arg-type]


def make_return_spec(customer: str = "NL", us: str = "NL", **changes: object) -> ShipmentSpec:
    """One parcel that comes back from a customer."""
    back = make_spec(us, us, is_return=True, ship_from=make_party(customer, email=""))
    parcel = ParcelSpec(weight=Decimal("2.5"), description="Office chairs")
    return replace(back, **({"parcels": (parcel,)} | changes))  # type: ignore[arg-type]


def make_body(origin: str = "NL", destination: str = "NL", **changes: object) -> dict[str, Any]:
    return build_request(make_spec(origin, destination, **changes))


def ship_answer(*numbers: str, **results: object) -> bytes:
    """A complete answer to a ship call with these parcels; `results` replaces parts of `ShipmentResults`."""
    numbers = numbers or (FIRST_NUMBER,)
    label = {"ImageFormat": {"Code": "ZPL"}, "GraphicImage": base64.b64encode(ZPL_LABEL).decode()}
    content = {
        "ShipmentCharges": {"TotalCharges": {"CurrencyCode": "EUR", "MonetaryValue": "14.20"}},
        "BillingWeight": {"UnitOfMeasurement": {"Code": "KGS"}, "Weight": "20.5"},
        "ShipmentIdentificationNumber": numbers[0],
        "PackageResults": [{"TrackingNumber": number, "ShippingLabel": label} for number in numbers],
    }
    head = {"ResponseStatus": {"Code": "1"}, "TransactionReference": {"TransactionIdentifier": "iews1"}}
    return json.dumps({"ShipmentResponse": {"Response": head, "ShipmentResults": content | results}}).encode()


def error_body(code: str, message: str = "text of UPS") -> bytes:
    return json.dumps({"response": {"errors": [{"code": code, "message": message}]}}).encode()


def samples(kind: str) -> list[Any]:
    """Recorded payloads of a kind as test parameters; one skipped parameter where the folder is absent."""
    path = SAMPLES / f"ups-{kind}.json"
    if not path.exists():
        return [
            pytest.param(None, marks=pytest.mark.skip(reason="The recorded payloads are not at ../shared/samples."))
        ]
    payloads = json.loads(path.read_text(encoding="utf-8"))["payloads"]
    return [pytest.param(payload, id=payload["id"]) for payload in payloads]


def bytes_of(sample: dict[str, Any]) -> bytes:
    body = sample["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def make_details(**changes: object) -> AccountDetails:
    details = AccountDetails(
        name="Main account",
        shipper_number=SHIPPER_NUMBER,
        environment="test",
        client_id="client-of-" + uuid.uuid4().hex[:8],
        client_secret="secret-of-the-tenant",
        shipper=make_party("NL"),
    )
    return replace(details, **changes)  # type: ignore[arg-type]


class TokensInHand:
    """A token source that needs no database: hands out its tokens in turn and remembers what it was told."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens) or ["token-1", "token-2", "token-3"]
        self.dropped: list[str] = []
        self.stopped: list[str] = []

    def token(self) -> Secret:
        return Secret(self._tokens[0])

    def drop(self, token: Secret) -> None:
        self.dropped.append(token.reveal())
        self._tokens.pop(0)

    def stop(self, reason: str) -> None:
        self.stopped.append(reason)
