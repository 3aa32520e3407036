"""Address validation: whom it is asked about, and how the answer is read."""

import json

import pytest

from tests.contracts import ups_spec
from tests.ups.makers import error_body, make_party
from tests.ups.rawserver import http_answer
from tests.ups.wirebench import NOT_FOUND, ask, sent_json
from ups.address_validation import AddressAnswer, AddressState, build_validation_request, read_validation
from ups.errors import UpsProductMissing, UpsUnexpectedReply

KNOWN = {
    "AddressKeyFormat": {
        "AddressLine": "10 DOCK RD",
        "PoliticalDivision2": "BALTIMORE",
        "PoliticalDivision1": "MD",
        "PostcodePrimaryLow": "21201",
        "PostcodeExtendedLow": "0001",
        "CountryCode": "US",
    }
}


def answer(**found: object) -> bytes:
    return json.dumps({"XAVResponse": {"Response": {"ResponseStatus": {"Code": "1"}}, **found}}).encode()


def test_only_the_united_states_and_puerto_rico_are_asked_about() -> None:
    found, server, _ = ask(lambda client: client.validate_address(make_party("NL")))

    assert found == AddressAnswer(state=AddressState.NOT_ASKED)
    assert server.requests == []


@pytest.mark.parametrize("country", ["US", "PR"])
def test_request_is_as_the_specification_says(country: str) -> None:
    body = build_validation_request(make_party(country, postal_code="21201-1234"))

    assert ups_spec.request_problems(ups_spec.VALIDATE_ADDRESS, body) == []
    key = body["XAVRequest"]["AddressKeyFormat"]
    assert (key["PostcodePrimaryLow"], key["PostcodeExtendedLow"]) == ("21201", "1234")


def test_an_indicator_counts_by_being_there() -> None:
    body = answer(ValidAddressIndicator="", AddressClassification={"Code": "1"}, Candidate=KNOWN)

    found, server, _ = ask(lambda client: client.validate_address(make_party("US")), http_answer(200, body))

    assert (found.state, found.is_residential) == (AddressState.VALID, False)
    assert [(each.address_lines, each.postal_code) for each in found.suggestions] == [(("10 DOCK RD",), "21201-0001")]
    assert b"POST /api/addressvalidation/v2/3?maximumcandidatelistsize=5 " in server.requests[0]
    assert sent_json(server.requests[0])["XAVRequest"]["AddressKeyFormat"]["PoliticalDivision1"] == "MD"


def test_unknown_and_ambiguous_are_answers() -> None:
    assert read_validation(answer(NoCandidatesIndicator="")).state is AddressState.UNKNOWN
    assert read_validation(answer(AmbiguousAddressIndicator="", Candidate=[KNOWN])).state is AddressState.AMBIGUOUS


def test_no_answer_at_all_is_our_fault_and_a_missing_product_is_told() -> None:
    with pytest.raises(UpsUnexpectedReply):
        read_validation(answer())
    with pytest.raises(UpsProductMissing, match="Address Validation"):
        ask(
            lambda client: client.validate_address(make_party("US")),
            http_answer(401, error_body("250002")),
            NOT_FOUND,
        )
