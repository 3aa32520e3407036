"""What each lane of `ups.md` 5.2 asks for."""

import pytest

from ups.lanes import Papers, is_qualified_domestic, lane, territory

LETTERS = frozenset({"01"})
BOXES = frozenset({"02"})


@pytest.mark.parametrize(
    ("origin", "destination", "expected"),
    [
        (("NL", "3011AA"), ("NL", "9723AB"), True),
        (("NL", "3011AA"), ("DE", "10115"), True),
        (("US", "21201"), ("PR", "00901"), True),
        (("NL", "3011AA"), ("GB", "E1 6AN"), False),
        (("NL", "3011AA"), ("CH", "8001"), False),
        (("ES", "28013"), ("ES", "35001"), False),
        (("US", "21201"), ("CA", "M5V2T6"), False),
    ],
)
def test_qualified_domestic_lanes(origin: tuple[str, str], destination: tuple[str, str], *, expected: bool) -> None:
    assert is_qualified_domestic(origin, destination) is expected


@pytest.mark.parametrize(
    ("country", "postal_code", "expected"),
    [
        ("ES", "38001", "IC"),
        ("ES", "28013", "ES"),
        ("IT", "23041", "IT-LIVIGNO"),
        ("DE", "78266", "DE-BUSINGEN"),
        ("FI", "22100", "AX"),
        ("FR", "97110", "FR-OVERSEAS"),
        ("GB", "JE2 3AB", "JE"),
        ("GB", "BT1 5GS", "NB"),
        ("GB", "B1 1AA", "GB"),
    ],
)
def test_postal_codes_outside_the_vat_territory_are_told_apart(country: str, postal_code: str, expected: str) -> None:
    assert territory(country, postal_code) == expected


@pytest.mark.parametrize(
    ("origin", "destination", "expected"),
    [("US", "US", True), ("PR", "PR", True), ("US", "PR", False), ("US", "CA", False), ("NL", "NL", False)],
)
def test_references_stand_on_the_parcels_within_the_united_states_only(
    origin: str, destination: str, *, expected: bool
) -> None:
    assert lane(origin=(origin, ""), destination=(destination, "")).reference_on_package is expected


@pytest.mark.parametrize(
    ("origin", "destination", "expected"),
    [
        (("NL", ""), ("DE", ""), Papers.NONE),
        (("NL", ""), ("GB", "E1 6AN"), Papers.INVOICE),
        (("ES", "28013"), ("ES", "35001"), Papers.INVOICE),
        (("GB", "E1 6AN"), ("NL", ""), Papers.INVOICE),
        (("US", ""), ("PR", ""), Papers.INVOICE_TOTAL),
        (("GB", "E1 6AN"), ("GB", "BT1 5GS"), Papers.UNCLEAR),
    ],
)
def test_papers_by_lane(origin: tuple[str, str], destination: tuple[str, str], expected: Papers) -> None:
    assert lane(origin=origin, destination=destination).papers is expected


@pytest.mark.parametrize(
    ("origin", "destination", "service", "packagings", "expected"),
    [
        ("NL", "NL", "11", BOXES, False),
        ("NL", "DE", "11", BOXES, False),
        ("NL", "DE", "65", BOXES, True),
        ("NL", "DE", "65", LETTERS, False),
        ("NL", "GB", "11", BOXES, True),
        ("NL", "AE", "65", LETTERS, True),
    ],
)
def test_description_by_lane(
    origin: str, destination: str, service: str, packagings: frozenset[str], *, expected: bool
) -> None:
    between = lane(origin=(origin, ""), destination=(destination, ""))

    assert between.needs_description(service, packagings) is expected


def test_contacts_are_needed_between_countries_and_for_the_earliest_american_service() -> None:
    assert lane(origin=("NL", ""), destination=("DE", "")).needs_contacts("11")
    assert not lane(origin=("NL", ""), destination=("NL", "")).needs_contacts("11")
    assert lane(origin=("US", ""), destination=("US", "")).needs_contacts("14")
