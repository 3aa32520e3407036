"""Whether UPS knows a street address: only in the United States and Puerto Rico (`ups.md` 15).

Its answer is a hint. A "valid" address is a match of the street's range of numbers and nothing more, so no address is
changed by it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from connector_site.lib.wording import said
from ups.errors import UpsUnexpectedReply
from ups.payloads import AddressCandidate, ValidationAnswer, json_object
from ups.shipment_spec import PartySpec
from ups.text import printable
from ups.transport import Call

VALIDATION_VERSION = "v2"
"""`ups.md` 2."""
ASKED_COUNTRIES = frozenset({"US", "PR"})
"""Elsewhere UPS has no useful answer."""
_BOTH = "3"
"""Validation, and whether it is a home (`ups.md` 15)."""
_CANDIDATES = "5"
_OPERATION = "validate address"
_RESIDENTIAL = "2"
_COMMERCIAL = "1"


class AddressState(StrEnum):
    """What UPS makes of an address."""

    VALID = "valid"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedAddress:
    """An address as UPS would write it."""

    address_lines: tuple[str, ...]
    city: str
    state: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAnswer:
    """UPS's view of an address; `is_residential` is None where UPS does not say."""

    state: AddressState
    suggestions: tuple[SuggestedAddress, ...] = ()
    is_residential: bool | None = None


NOT_ASKED = AddressAnswer(state=AddressState.NOT_ASKED)


def is_asked(party: PartySpec) -> bool:
    """Whether UPS has an answer for addresses of this country."""
    return party.country in ASKED_COUNTRIES


def validation_call(party: PartySpec) -> Call:
    """POST /addressvalidation/v2/3: validation and classification at once."""
    path = f"/api/addressvalidation/{VALIDATION_VERSION}/{_BOTH}"
    return Call(
        operation=_OPERATION,
        method="POST",
        path=path,
        route=path,
        payload=orjson.dumps(build_validation_request(party)),
        params={"maximumcandidatelistsize": _CANDIDATES},
    )


def build_validation_request(party: PartySpec) -> dict[str, Any]:
    """The body of the call: PoliticalDivision2 is the city, PoliticalDivision1 the state."""
    address: dict[str, Any] = {
        "AddressLine": [printable(line) for line in party.address_lines],
        "PoliticalDivision2": printable(party.city),
        "PoliticalDivision1": party.state.strip().upper(),
        "CountryCode": party.country,
    }
    head, _, tail = party.postal_code.strip().partition("-")
    if head:
        address["PostcodePrimaryLow"] = head
    if tail:
        address["PostcodeExtendedLow"] = tail
    return {"XAVRequest": {"AddressKeyFormat": address}}


def read_validation(body: bytes) -> AddressAnswer:
    """The answer in a 2xx; an indicator counts by being there, with whatever content (`ups.md` 15)."""
    parsed = json_object(body)
    found = (parsed or {}).get("XAVResponse")
    if not isinstance(found, dict):
        raise UpsUnexpectedReply(said("UPS's answer about the address cannot be read."), operation=_OPERATION)
    states = {
        "ValidAddressIndicator": AddressState.VALID,
        "AmbiguousAddressIndicator": AddressState.AMBIGUOUS,
        "NoCandidatesIndicator": AddressState.UNKNOWN,
    }
    state = next((state for name, state in states.items() if name in found), None)
    if state is None:
        raise UpsUnexpectedReply(said("UPS's answer about the address cannot be read."), operation=_OPERATION)
    answer = ValidationAnswer.model_validate(found)
    kind = answer.address_classification.code
    return AddressAnswer(
        state=state,
        suggestions=tuple(_suggestion(candidate) for candidate in answer.candidate),
        is_residential={_RESIDENTIAL: True, _COMMERCIAL: False}.get(kind),
    )


def _suggestion(candidate: AddressCandidate) -> SuggestedAddress:
    address = candidate.address_key_format
    postal_code = "-".join(part for part in (address.postcode_primary_low, address.postcode_extended_low) if part)
    return SuggestedAddress(
        address_lines=address.address_line,
        city=address.political_division2,
        state=address.political_division1,
        postal_code=postal_code,
        country=address.country_code,
    )
