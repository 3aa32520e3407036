"""Prices before shipping (ups.md 12)."""

from typing import cast

import pytest
import requests

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import (
    DUTCH_SHIPPER,
    RECEIVERS,
    REMOVED,
    Json,
    changed,
    dutch,
)
from tests.sandbox.ups.conftest import Caller, Ups, code_of

PICKUP = {"PackageBillType": "03", "Pickup": {"Date": "20261013", "Time": "1600"}}


def unit(code: str) -> Json:
    return {"Code": code, "Description": code}


def party(full: Json) -> Json:
    return {"Name": full["Name"], "Address": full["Address"]}


def body(destination: str = "DE", /, **changes: object) -> Json:
    """One box from the Dutch account; changes by name below the shipment."""
    shipment: Json = {
        "Shipper": party(DUTCH_SHIPPER) | {"ShipperNumber": "A1B2C3"},
        "ShipTo": party(RECEIVERS[destination]),
        "ShipFrom": party(DUTCH_SHIPPER),
        "PaymentDetails": {"ShipmentCharge": [{"Type": "01", "BillShipper": {"AccountNumber": "A1B2C3"}}]},
        "ShipmentRatingOptions": {"NegotiatedRatesIndicator": ""},
        "Service": {"Code": "11"},
        "Package": [
            {
                "PackagingType": {"Code": "02"},
                "PackageWeight": {"UnitOfMeasurement": unit("KGS"), "Weight": "2.5"},
                "Dimensions": {"UnitOfMeasurement": unit("CM"), "Length": "40", "Width": "30", "Height": "20"},
            }
        ],
    }
    paths = {f"Shipment.{path}": value for path, value in changes.items()}
    return changed({"RateRequest": {"Request": {"SubVersion": "2409"}, "Shipment": shipment}}, paths)


def rate(caller: Caller, asked: Json, option: str = "Rate", version: str = "v2409") -> requests.Response:
    return caller.call("POST", f"/api/rating/{version}/{option}", asked)


def rated(answer: requests.Response) -> list[Json]:
    assert answer.status_code == 200, answer.text
    assert ups_spec.answer_problems(ups_spec.RATE, answer.json()) == []
    return cast("list[Json]", answer.json()["RateResponse"]["RatedShipment"])


def test_the_price_is_what_the_shipment_costs_and_nothing_is_made(ups: Ups, caller: Caller) -> None:
    asked = body()
    assert ups_spec.request_problems(ups_spec.RATE, asked) == []

    [price] = rated(rate(caller, asked))
    assert ups.shipments() == []

    made = caller.shipped(dutch("DE"))
    assert price["TotalCharges"] == cast("Json", made["ShipmentCharges"])["TotalCharges"]
    assert price["NegotiatedRateCharges"] == made["NegotiatedRateCharges"]


def test_shop_gives_every_service_that_goes_there(caller: Caller) -> None:
    prices = rated(rate(caller, body(Service=REMOVED), "Shop"))

    codes = [cast("Json", price["Service"])["Code"] for price in prices]
    assert codes == ["07", "08", "11", "54", "65"]


def test_the_arrival_is_told_when_it_is_asked_for(ups: Ups, caller: Caller) -> None:
    today = ups.read("clock")["now"]
    pickup = PICKUP | {"Pickup": {"Date": str(today)[:10].replace("-", ""), "Time": "1600"}}
    more = {
        "DeliveryTimeInformation": pickup,
        "ShipmentTotalWeight": {"UnitOfMeasurement": unit("KGS"), "Weight": "2.5"},
        "InvoiceLineTotal": {"CurrencyCode": "EUR", "MonetaryValue": "1"},
    }

    [price] = rated(rate(caller, body(**more), "Ratetimeintransit"))

    summary = cast("Json", cast("Json", price["TimeInTransit"])["ServiceSummary"])
    assert cast("Json", summary["EstimatedArrival"])["BusinessDaysInTransit"] == "2"
    for missing, code in (("ShipmentTotalWeight", "111546"), ("InvoiceLineTotal", "111549")):
        assert code_of(rate(caller, body(**more | {missing: REMOVED}), "Ratetimeintransit")) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Shipper.ShipperNumber": "Z9Z9Z9"}, "110121"),
        ({"Shipper.Address": RECEIVERS["DE"]["Address"]}, "110120"),
        ({"ShipTo.Address.PostalCode": "99999"}, "110802"),
        ({"Service": REMOVED}, "110500"),
        ({"Service.Code": "03"}, "111100"),
        ({"Package.0.PackageWeight.Weight": "71"}, "111030"),
        ({"Package.0.Packaging": {"Code": "02"}, "Package.0.PackagingType": REMOVED}, "110600"),
        ({"PaymentDetails.ShipmentCharge": []}, "110400"),
    ],
)
def test_refusals_are_those_of_shipping_under_codes_of_rating(
    caller: Caller, changes: dict[str, object], code: str
) -> None:
    answer = rate(caller, body(**changes))

    assert (answer.status_code, code_of(answer)) == (400, code)
    assert ups_spec.answer_problems(ups_spec.RATE, answer.json(), status=400) == []


def test_an_app_without_the_product_or_without_own_prices_is_told(ups: Ups, caller: Caller) -> None:
    account = {
        "client_id": caller.client_id,
        "client_secret": caller.secret,
        "shipper_number": "A1B2C3",
        "country": "NL",
    }
    ups.control("accounts", account | {"negotiated_rates": False})
    answer = rate(caller, body())
    ups.control("accounts", account | {"products": ["shipping"]})

    assert "NegotiatedRateCharges" not in rated(answer)[0]
    assert "110920" in answer.text
    assert (rate(caller, body()).status_code, code_of(rate(caller, body()))) == (401, "250002")


def test_older_versions_give_single_objects_and_unknown_ones_are_refused(caller: Caller) -> None:
    old = rate(caller, body(), version="v2205").json()["RateResponse"]["RatedShipment"]

    assert isinstance(old, dict)
    assert code_of(rate(caller, body(), version="v9")) == "20002"
    assert code_of(rate(caller, body(), "Cheapest")) == "20006"
