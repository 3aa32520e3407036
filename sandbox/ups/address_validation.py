"""`POST /api/addressvalidation/{version}/{option}`: streets of the United States and Puerto Rico (ups.md 15).

Nobody's street list stands here: an address is known when its state and postal code go together. A postal code of
nines is unknown, as it is to ship, and a street without a number is ambiguous.
"""

import re

from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.core.damage import single_objects
from sandbox.ups.accounts import Product
from sandbox.ups.gate import allow, check_version, transaction_reference
from sandbox.ups.geography import US_AND_PUERTO_RICO
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.state import UPS
from sandbox.ups.wire import Node, read_document

FIRST_VERSION = "v1"
VERSIONS = frozenset([FIRST_VERSION, "v2"])
VALIDATION, CLASSIFICATION, BOTH = "1", "2", "3"
OPTIONS = frozenset({VALIDATION, CLASSIFICATION, BOTH})
TEST_STATES = frozenset({"NY", "CA"})
"""All that the test system knows."""
MAX_LINES = 3
MAX_CANDIDATES = 50
COMMERCIAL, RESIDENTIAL = {"Code": "1", "Description": "Commercial"}, {"Code": "2", "Description": "Residential"}
_POSTAL_CODE = re.compile(r"\d{5}")
_NOWHERE = re.compile(r"9{5}")
_HOME = re.compile(r"\b(apt|apartment|unit)\b", re.IGNORECASE)
Json = dict[str, object]


def routes() -> list[web.RouteDef]:
    """The validation endpoint."""
    return [web.post("/api/addressvalidation/{version}/{option}", validate, name="validate_address")]


async def validate(request: web.Request) -> web.Response:
    """Whether the address is known, and whether somebody lives there."""
    ups = request.app[UPS]
    allow(request, Product.ADDRESS_VALIDATION)
    version = check_version(request, VERSIONS)
    option = request.match_info["option"]
    if option not in OPTIONS:
        raise UpsRefusal("20006", "Invalid request option")
    most = request.query.get("maximumcandidatelistsize", "15")
    if not most.isdecimal() or int(most) > MAX_CANDIDATES:
        raise UpsRefusal("20008", "The field is invalid: maximumcandidatelistsize")
    document = await read_document(request, "XAVRequest")
    address = document.child("AddressKeyFormat")
    _check(address)
    context = document.child("Request", "TransactionReference").text("CustomerContext")
    head: Json = {
        "ResponseStatus": {"Code": "1", "Description": "Success"},
        "TransactionReference": {"CustomerContext": transaction_reference(context).get("CustomerContext", "")},
    }
    only_test_states = ups.settings.address_test_states
    found = _found(address, option=option, most=int(most), only_test_states=only_test_states)
    answer: Json = {"XAVResponse": {"Response": head, **found}}
    return json_answer(single_objects(answer) if version == FIRST_VERSION else answer)


def _check(address: Node) -> None:
    country = address.text("CountryCode")
    if country not in US_AND_PUERTO_RICO:
        raise UpsRefusal("264002", "Country code is invalid or missing.")
    if not address.texts("AddressLine") or len(address.texts("AddressLine")) > MAX_LINES:
        raise UpsRefusal("264003", "The address line is missing or invalid.")


def _found(address: Node, *, option: str, most: int, only_test_states: bool) -> Json:
    state, postal_code = address.text("PoliticalDivision1").upper(), address.text("PostcodePrimaryLow")
    is_known = bool(_POSTAL_CODE.fullmatch(postal_code)) and not _NOWHERE.fullmatch(postal_code)
    if not is_known or not address.text("PoliticalDivision2") or (only_test_states and state not in TEST_STATES):
        return {"NoCandidatesIndicator": ""}
    line = address.texts("AddressLine")[0]
    kind = RESIDENTIAL if _HOME.search(" ".join(address.texts("AddressLine"))) else COMMERCIAL
    if not any(letter.isdecimal() for letter in line):
        candidates = [_candidate(address, f"{number} {line}", kind) for number in ("1-99", "100-199")]
        return {"AmbiguousAddressIndicator": "", "Candidate": candidates[:most]}
    found: Json = {"ValidAddressIndicator": ""}
    if option != VALIDATION:
        found["AddressClassification"] = kind
    return found | {"Candidate": [_candidate(address, line, kind)][:most]}


def _candidate(address: Node, line: str, kind: dict[str, str]) -> Json:
    """In capitals, with a four-digit extension, and without the second line: unit numbers are dropped (ups.md 15)."""
    city, state = address.text("PoliticalDivision2").upper(), address.text("PoliticalDivision1").upper()
    postal_code = address.text("PostcodePrimaryLow")
    return {
        "AddressClassification": kind,
        "AddressKeyFormat": {
            "AddressLine": [line.upper()],
            "Region": f"{city} {state} {postal_code}-0001",
            "PoliticalDivision2": city,
            "PoliticalDivision1": state,
            "PostcodePrimaryLow": postal_code,
            "PostcodeExtendedLow": "0001",
            "CountryCode": address.text("CountryCode"),
        },
    }
