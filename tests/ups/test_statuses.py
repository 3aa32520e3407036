"""What a code means depends on its type and on the three digits beside it; nothing unknown is ever a delivery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ups.events import Milestone
from ups.statuses import TERMINAL_LOSS, Reason, classify, padded_code, padded_status_code

ANY_CODE = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", max_size=3)


def milestone(kind: str, code: str = "", status_code: str = "") -> Milestone | None:
    return classify(type=kind, code=code, status_code=status_code).milestone


def reason(kind: str, code: str = "", status_code: str = "") -> str:
    return classify(type=kind, code=code, status_code=status_code).reason


@pytest.mark.parametrize(
    ("code", "meanings"),
    [
        ("DP", {"M": "label_created", "I": "in_transit", "X": "exception"}),
        ("XD", {"I": "picked_up", "X": "in_transit"}),
        ("EP", {"I": "in_transit", "D": "available_for_pickup"}),
        ("OT", {"I": "out_for_delivery", "X": "exception"}),
        ("OR", {"I": "picked_up", "X": "exception"}),
        ("OD", {"I": "in_transit", "X": "exception"}),
        ("VP", {"M": "voided", "MV": "voided", "I": None, "X": "exception"}),
        ("RD", {"M": "label_created", "X": "exception"}),
        ("MP", {"M": "label_created", "D": "delivered"}),
        ("MV", {"D": "exception", "MV": "voided"}),
        ("LM", {"I": "in_transit", "D": "exception"}),
        ("UP", {"U": None, "X": None}),
        ("UT", {"U": None, "X": None}),
        ("UA", {"I": "in_transit", "X": "returned_to_sender"}),
        ("UD", {"I": "in_transit", "X": "exception"}),
        ("UL", {"I": "in_transit", "X": None}),
        ("CA", {"I": "in_transit", "X": "exception"}),
        ("CD", {"I": "in_transit", "X": "exception"}),
        ("DL", {"I": "in_transit", "X": "exception"}),
        ("DS", {"I": "in_transit", "X": "exception"}),
        ("AT", {"I": "in_transit", "X": None}),
        ("SP", {"I": "label_created", "X": "exception"}),
        ("XA", {"I": "in_transit", "X": "exception"}),
        ("YF", {"I": "out_for_delivery", "X": "exception"}),
        ("YI", {"I": "out_for_delivery", "X": "exception"}),
        ("YM", {"I": "in_transit", "X": "exception"}),
        ("RS", {"X": "exception"}),
        ("F7", {"D": "in_transit", "X": "in_transit"}),
    ],
)
def test_same_code_means_something_else_under_each_type(code: str, meanings: dict[str, str | None]) -> None:
    assert {kind: milestone(kind, code) for kind in meanings} == meanings


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("DP", {"X": "not_allowed"}),
        ("OT", {"X": "customs_sender"}),
        ("OR", {"X": "not_allowed"}),
        ("OD", {"X": "delay"}),
        ("VP", {"I": "pickup_voided", "X": "customs_sender"}),
        ("RD", {"X": "customs_agency"}),
        ("UP", {"U": "new_date", "X": "investigation"}),
        ("UT", {"U": "new_time", "X": "change_request"}),
        ("YM", {"X": "lost_or_destroyed"}),
        ("RS", {"X": "customs_receiver"}),
    ],
)
def test_same_code_has_another_reason_under_each_type(code: str, reasons: dict[str, str]) -> None:
    assert {kind: reason(kind, code) for kind in reasons} == reasons


@pytest.mark.parametrize(
    ("kind", "code", "status_code", "expected"),
    [
        ("D", "FS", "011", "delivered"),
        ("D", "FS", "", "delivered"),
        ("D", "FS", "021", "out_for_delivery"),
        ("D", "OF", "021", "out_for_delivery"),
        ("D", "7K", "", "out_for_delivery"),
        ("D", "2Q", "", "available_for_pickup"),
        ("D", "2Q", "017", "available_for_pickup"),
        ("D", "2W", "", "delivered"),
        ("D", "3F", "", "delivered"),
        ("D", "B0", "", "returned_to_sender"),
        ("D", "B0", "034", "returned_to_sender"),
        ("D", "FS", "034", "returned_to_sender"),
        ("I", "OR", "005", "picked_up"),
        ("I", "AR", "010", "in_transit"),
        ("I", "OF", "010", "out_for_delivery"),
        ("X", "48", "005", "exception"),
        ("X", "48", "012", "in_transit"),
        ("X", "ZZ", "154", None),
        ("U", "UP", "154", None),
        ("U", "UP", "", None),
        ("U", "", "011", "delivered"),
        ("M", "MP", "003", "label_created"),
        ("M", "", "", "label_created"),
        ("MV", "", "", "voided"),
        ("P", "", "", "picked_up"),
        ("P", "PU", "038", "picked_up"),
        ("W", "", "", "in_transit"),
        ("DO", "", "", "in_transit"),
        ("DD", "", "", "in_transit"),
        ("I", "", "", "in_transit"),
        ("NA", "", "", "unknown"),
        ("", "", "", None),
    ],
)
def test_three_digits_win_unless_they_only_say_on_the_way(
    kind: str, code: str, status_code: str, expected: str | None
) -> None:
    assert milestone(kind, code, status_code) == expected


def test_neighbour_and_collection_are_told_beside_the_delivery() -> None:
    assert reason("D", "3G", "011") == Reason.NEIGHBOUR
    assert reason("D", "2W", "011") == Reason.COLLECTED
    assert reason("D", "FS", "011") == ""


def test_the_more_exact_reason_goes_first_and_a_loss_before_all() -> None:
    assert reason("X", "AM", "022") == Reason.REFUSED
    assert reason("X", "ZQ", "022") == Reason.DELIVERY_ATTEMPTED
    assert reason("X", "TI", "149") == Reason.LOST_OR_DESTROYED
    assert reason("X", "S9", "013") == Reason.LOST_OR_DESTROYED
    assert {Reason.LOST_OR_DESTROYED} == TERMINAL_LOSS


def test_label_code_of_a_trailer_counts_as_movement_once_it_has_a_place() -> None:
    assert classify(type="I", code="OC", status_code="").milestone == "label_created"
    assert classify(type="I", code="OC", status_code="", has_place=True).milestone == "in_transit"


@pytest.mark.parametrize("code", ["QQ", "Q9", "", "0X", "XYZ"])
def test_unknown_code_under_delivered_is_no_delivery(code: str) -> None:
    assert classify(type="D", code=code, status_code="") == classify(type="??", code="", status_code="")
    assert milestone("D", code) == "unknown"
    assert milestone("D", code, "005") == "in_transit"
    assert milestone("D", code, "999") == "unknown"
    assert milestone("D", code, "011") == "delivered"


def test_unknown_code_under_exception_is_an_exception_of_unknown_reason() -> None:
    assert (milestone("X", "QQ"), reason("X", "QQ")) == ("exception", Reason.UNKNOWN)


@given(kind=st.sampled_from(["I", "X", "M", "MV", "P", "U", "W", "NA", "O", "RS", "Z", ""]), code=ANY_CODE)
def test_no_code_outside_the_lists_of_delivered_is_a_delivery(kind: str, code: str) -> None:
    listed = kind == "X" and padded_code(code) in {"F4", "KM", "KN", "FN", "FT", "K7", "56", "59", "64"}

    assert (milestone(kind, code) == "delivered") == listed


def test_codes_are_compared_padded_and_in_capitals() -> None:
    assert milestone("D", "0") == milestone("D", "00") == "exception"
    assert milestone("X", " 2 ") == milestone("X", "02") == "exception"
    assert milestone("D", "fs", "") == "delivered"
    assert milestone("D", "FS", "11") == "delivered"
    assert (padded_code(""), padded_code("7k")) == ("", "7K")


@pytest.mark.parametrize("text", ["", "string", "0111", "1a", "-1", "\N{SUPERSCRIPT TWO}"])
def test_what_is_no_number_of_three_digits_is_none(text: str) -> None:
    assert padded_status_code(text) == ""
