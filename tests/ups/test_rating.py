"""Prices: what is asked of UPS, and how its answer is read."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from tests.contracts import ups_spec
from tests.ups.conftest import UpsSandbox
from tests.ups.makers import error_body, make_party, make_spec
from tests.ups.rawserver import http_answer
from tests.ups.wirebench import HTML, NOT_FOUND, ask, sent_json
from ups.access import open_client
from ups.accounts import shipper_of
from ups.errors import (
    UpsError,
    UpsProductMissing,
    UpsRejected,
    UpsUnavailable,
    UpsUnexpectedReply,
)
from ups.models import Account
from ups.rating import RatedShipment, build_rate_request, read_rate
from ups.shipment_spec import ParcelSpec


def rated(*, alerts: object = None, **changes: object) -> bytes:
    """An answer of Rating with single objects where lists may come (`ups.md` 4.4)."""
    shipment = {
        "Service": {"Code": "11", "Description": ""},
        "TotalCharges": {"CurrencyCode": "EUR", "MonetaryValue": "21.30"},
        "NegotiatedRateCharges": {"TotalCharge": {"CurrencyCode": "EUR", "MonetaryValue": "12.95"}},
        **changes,
    }
    head = {"ResponseStatus": {"Code": "1"}, "Alert": alerts}
    return json.dumps({"RateResponse": {"Response": head, "RatedShipment": shipment}}).encode()


def test_own_prices_go_before_list_prices() -> None:
    price = read_rate(rated())

    assert (price.service_code, price.total, price.currency) == ("11", Decimal("12.95"), "EUR")
    assert (price.is_negotiated, price.list_total, price.lacks_own_rates) == (True, Decimal("21.30"), False)


def test_list_price_where_the_app_may_not_see_the_own_ones() -> None:
    price = read_rate(rated(NegotiatedRateCharges=None, alerts={"Code": "110920", "Description": "not qualified"}))

    assert (price.total, price.is_negotiated, price.lacks_own_rates) == (Decimal("21.30"), False, True)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"RateResponse": []}',
        rated(TotalCharges="", NegotiatedRateCharges=""),
        rated(TotalCharges={"CurrencyCode": "EUR", "MonetaryValue": "NaN"}, NegotiatedRateCharges=None),
    ],
)
def test_answer_without_a_price_is_told(body: bytes) -> None:
    with pytest.raises(UpsUnexpectedReply):
        read_rate(body)


@pytest.mark.parametrize(
    ("origin", "destination"), [("NL", "NL"), ("NL", "DE"), ("NL", "CH"), ("US", "US"), ("US", "CA"), ("GB", "GB")]
)
@pytest.mark.parametrize("collected_on", [None, date(2026, 10, 13)])
def test_request_is_as_the_specification_says(origin: str, destination: str, collected_on: date | None) -> None:
    box = ParcelSpec(weight=Decimal("12.5"), length=Decimal(60), width=Decimal(40), height=Decimal(30))
    ship_from = make_party(origin, name="Warehouse 2")
    spec = make_spec(origin, destination, parcels=(box, box), ship_from=ship_from)

    body = build_rate_request(spec, collected_on=collected_on)

    assert ups_spec.request_problems(ups_spec.RATE, body) == []
    assert body["RateRequest"]["Shipment"]["ShipFrom"]["Name"] == "Warehouse 2"


def question(answer: bytes | None, *more: bytes | None) -> tuple[RatedShipment, dict[str, Any]]:
    price, server, _ = ask(lambda client: client.rate(make_spec("NL", "DE")), answer, *more)
    return price, sent_json(server.requests[0])


def test_one_call_asks_for_one_service_at_the_own_prices() -> None:
    price, sent = question(http_answer(200, rated()))

    shipment = sent["RateRequest"]["Shipment"]
    assert price.total == Decimal("12.95")
    assert (shipment["Service"], shipment["ShipmentRatingOptions"]) == (
        {"Code": "11"},
        {"NegotiatedRatesIndicator": ""},
    )
    assert shipment["Shipper"]["ShipperNumber"] == "A1B2C3"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([http_answer(400, error_body("111210"))], UpsRejected),
        ([http_answer(401, error_body("250002")), NOT_FOUND], UpsProductMissing),
        ([http_answer(403, error_body("250002"))], UpsProductMissing),
        ([http_answer(429, error_body("10429"))], UpsUnavailable),
        ([http_answer(503, HTML)], UpsUnavailable),
        ([None], UpsUnavailable),
    ],
)
def test_failures_belong_to_the_family(answers: list[bytes | None], expected: type[UpsError]) -> None:
    with pytest.raises(expected):
        question(*answers)


def test_a_missing_product_or_a_refusal_never_stops_the_account() -> None:
    def try_both(client: Any) -> None:
        for _ in range(2):
            with pytest.raises(UpsError):
                client.rate(make_spec("NL", "DE"))

    _, _, bench = ask(try_both, http_answer(401, error_body("250002")), NOT_FOUND, http_answer(403, error_body("x")))

    assert (bench.tokens.stopped, bench.tokens.dropped) == ([], [])


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("110121", "shipper_number"),
        ("110802", "ship_to.postal_code"),
        ("111210", "service_code"),
        ("111538", "ship_from.postal_code"),
    ],
)
def test_refusals_of_rating_name_the_field_as_those_of_shipping_do(code: str, field: str) -> None:
    with pytest.raises(UpsRejected) as caught:
        question(http_answer(400, error_body(code)))

    assert caught.value.field == field


def test_the_price_is_the_one_the_shipment_then_costs(
    account: Account, ups_sandbox: UpsSandbox, settings: Settings
) -> None:
    client = open_client(account, observe=lambda _: None)
    spec = make_spec("NL", "DE", shipper=shipper_of(account))

    price = client.rate(spec, collected_on=date.today())  # noqa: DTZ011  a day at the place of collection

    assert (price.currency, price.is_negotiated) == ("EUR", True)
    assert price.arrives_date is not None
    assert ups_sandbox.get("shipments")["shipments"] == []
