"""Addresses of the United States and Puerto Rico (ups.md 15)."""

import pytest
import requests

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import Json
from tests.sandbox.ups.conftest import Caller, Ups, code_of

ADDRESS: Json = {
    "AddressLine": ["10 Dock Rd", "Apt 4"],
    "PoliticalDivision2": "Baltimore",
    "PoliticalDivision1": "MD",
    "PostcodePrimaryLow": "21201",
    "CountryCode": "US",
}


def validate(caller: Caller, option: str = "3", /, **changes: object) -> requests.Response:
    asked = {"XAVRequest": {"AddressKeyFormat": ADDRESS | changes}}
    return caller.call("POST", f"/api/addressvalidation/v2/{option}?maximumcandidatelistsize=5", asked)


@pytest.mark.parametrize(
    ("changes", "indicator", "candidates"),
    [
        ({}, "ValidAddressIndicator", 1),
        ({"AddressLine": ["Dock Rd"]}, "AmbiguousAddressIndicator", 2),
        ({"PostcodePrimaryLow": "99999"}, "NoCandidatesIndicator", 0),
        ({"PoliticalDivision2": ""}, "NoCandidatesIndicator", 0),
    ],
)
def test_exactly_one_indicator_is_there(
    caller: Caller, changes: dict[str, object], indicator: str, candidates: int
) -> None:
    answer = validate(caller, **changes).json()

    found = answer["XAVResponse"]
    assert [name for name in found if name.endswith("Indicator")] == [indicator]
    assert len(found.get("Candidate", [])) == candidates
    assert ups_spec.answer_problems(ups_spec.VALIDATE_ADDRESS, answer) == []


def test_a_candidate_loses_its_second_line_and_tells_a_home(caller: Caller) -> None:
    found = validate(caller).json()["XAVResponse"]

    [candidate] = found["Candidate"]
    assert candidate["AddressKeyFormat"]["AddressLine"] == ["10 DOCK RD"]
    assert found["AddressClassification"] == {"Code": "2", "Description": "Residential"}
    assert "AddressClassification" not in validate(caller, "1").json()["XAVResponse"]


def test_other_countries_states_of_the_test_system_and_missing_products_are_refused(ups: Ups, caller: Caller) -> None:
    assert code_of(validate(caller, CountryCode="NL")) == "264002"
    ups.control("settings", {"address_test_states": True})
    assert "NoCandidatesIndicator" in validate(caller).json()["XAVResponse"]
    account = {
        "client_id": caller.client_id,
        "client_secret": caller.secret,
        "shipper_number": "A1B2C3",
        "country": "NL",
    }
    ups.control("accounts", account | {"products": ["shipping"]})
    assert code_of(validate(caller)) == "250002"
