"""UPS's codes in plain words."""

import pytest

from ups import places
from ups.refusals import find_refusal


@pytest.mark.parametrize(
    ("code", "field", "where"),
    [
        ("120100", "shipper_number", places.ACCOUNT),
        ("120108", "shipper", places.ACCOUNT),
        ("120202", "ship_to.address_lines", places.ADDRESS),
        ("120204", "ship_to", places.ADDRESS),
        ("120317", "ship_from.country", places.SHIP_FROM),
        ("120541", "references", places.OURS),
        ("120602", "parcels.weight", places.ITEM_WEIGHTS),
        ("120703", "label", places.RULES),
        ("121210", "service_code", places.RULES),
        ("121528", "payment", places.ACCOUNT),
        ("128100", "customs", places.CUSTOMS),
    ],
)
def test_codes_name_field_and_place(code: str, field: str, where: str) -> None:
    refusal = find_refusal(code)

    assert refusal is not None
    assert (refusal.field, refusal.where_to_fix) == (field, where)


@pytest.mark.parametrize("code", ["999999", "", "TW0001", "9801031"])
def test_unknown_codes_have_no_words_of_ours(code: str) -> None:
    assert find_refusal(code) is None
