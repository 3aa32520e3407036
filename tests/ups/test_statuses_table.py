"""Every code of the reference's tables against an independent reading of them."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from ups.statuses import classify

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "ups.md"
THREE_DIGITS = re.compile(r"(\d{3})(?:-(\d{3}))?")
QUOTED = re.compile(r"`(\w{1,2})`(?:-`(\w{1,2})`)?")
ALPHABETS = ("0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
THREE_DIGIT_CODES, CODES_OF_I, CODES_OF_D, CODES_OF_X = 160, 38, 151, 687
REASONS_OF_X = {
    "returned, final": "returned_final",
    "return in progress": "return_in_progress",
    "waiting for collection": "waiting_for_collection",
    "hold requested, not there yet": "hold_requested",
    "out for delivery": "",
    "normal scans": "",
    "picked up": "",
    "label events": "",
    "never tendered": "never_tendered",
    "on the way to Access Point after failed delivery": "to_access_point",
    "delivery failed, new attempt": "delivery_attempted",
    "final attempt failed": "final_attempt",
    "refused (and `8H` above)": "refused",
    "address problem": "address_problem",
    "delay, weather, operations": "delay",
    "customs: information needed from sender": "customs_sender",
    "customs: information needed from receiver": "customs_receiver",
    "customs: agency hold": "customs_agency",
    "customs: broker hold": "customs_broker",
    "customs: being prepared": "customs_in_progress",
    "duties or COD to pay": "duties_to_pay",
    "duties paid": "duties_paid",
    "goods not allowed / too big / dangerous": "not_allowed",
    "damage, missing goods": "damage",
    "lost, destroyed, seized, disposed": "lost_or_destroyed",
    "investigations, claims": "investigation",
    "change requests / confirmations": "change_request",
    "held, unclear, contact being made": "held",
    "pickup (return collection) failed": "pickup_failed",
    "remarks without effect": "remark",
    "number changed": "number_changed",
}

Row = tuple[str, ...]


@lru_cache(maxsize=1)
def reference() -> str:
    if not REFERENCE.exists():
        return ""
    return REFERENCE.read_text(encoding="utf-8").replace("\N{EN DASH}", "-")


def table_after(heading: str) -> list[Row]:
    """The cells of each line of the first table below these words."""
    lines = reference().partition(heading)[2].splitlines()
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in first_table(lines)]
    return [tuple(cell.strip("| ") for cell in row) for row in rows[2:]]


def first_table(lines: list[str]) -> Iterator[str]:
    started = False
    for line in lines:
        if line.startswith("|"):
            started = True
            yield line
        elif started:
            return


def numbers(cell: str) -> list[str]:
    ranges = ((int(first), int(last or first)) for first, last in THREE_DIGITS.findall(cell))
    return [f"{number:03}" for first, last in ranges for number in range(first, last + 1)]


def quoted_codes(cell: str) -> list[str]:
    return [code for first, last in QUOTED.findall(cell) for code in between(first, last or first)]


def between(first: str, last: str) -> list[str]:
    alphabet = next(letters for letters in ALPHABETS if first[-1] in letters)
    endings = alphabet[alphabet.index(first[-1]) : alphabet.index(last[-1]) + 1]
    return [f"{first[:-1]}{ending}" for ending in endings]


def milestone(cell: str) -> str | None:
    word = cell.partition(" ")[0]
    return None if word == "-" else word


def milestones(kind: str, codes: list[str]) -> dict[str, str | None]:
    return {code: classify(type=kind, code=code, status_code="").milestone for code in codes}


@pytest.mark.skipif(not REFERENCE.exists(), reason="The UPS reference is not at ../shared/reference.")
def test_every_table_is_found_whole() -> None:
    assert sum(len(numbers(codes)) for codes, _, _ in table_after("### 9.2 Three-digit")) == THREE_DIGIT_CODES
    assert sum(len(quoted_codes(codes)) for _, codes in table_after("Type **I** (movement)")) == CODES_OF_I
    assert sum(len(quoted_codes(codes)) for _, codes in table_after("Type **D** (driver codes)")) == CODES_OF_D
    assert sum(len(quoted_codes(codes)) for _, _, codes in table_after("Type **X** (687 codes")) == CODES_OF_X


@pytest.mark.parametrize(("codes", "canonical", "meaning"), table_after("### 9.2 Three-digit"))
def test_three_digits_mean_what_the_reference_says(codes: str, canonical: str, meaning: str) -> None:
    found = {code: classify(type="I", code="", status_code=code).milestone for code in numbers(codes)}

    assert found == dict.fromkeys(numbers(codes), milestone(canonical)), meaning
    assert found


@pytest.mark.parametrize(("codes", "canonical", "meaning"), table_after("### 9.2 Three-digit"))
def test_every_three_digit_exception_has_a_reason(codes: str, canonical: str, meaning: str) -> None:
    found = [classify(type="I", code="", status_code=code) for code in numbers(codes)]

    assert [each for each in found if each.milestone == "exception" and each.reason in {"", "unknown"}] == [], meaning


@pytest.mark.parametrize(("canonical", "codes"), table_after("Type **I** (movement)"))
def test_movement_codes_mean_what_the_reference_says(canonical: str, codes: str) -> None:
    assert milestones("I", quoted_codes(codes)) == dict.fromkeys(quoted_codes(codes), milestone(canonical))
    assert quoted_codes(codes)


@pytest.mark.parametrize(("canonical", "codes"), table_after("Type **D** (driver codes)"))
def test_driver_codes_mean_what_the_reference_says(canonical: str, codes: str) -> None:
    assert milestones("D", quoted_codes(codes)) == dict.fromkeys(quoted_codes(codes), milestone(canonical))
    assert quoted_codes(codes)


@pytest.mark.parametrize(("group", "canonical", "codes"), table_after("Type **X** (687 codes"))
def test_exception_codes_mean_what_the_reference_says(group: str, canonical: str, codes: str) -> None:
    assert milestones("X", quoted_codes(codes)) == dict.fromkeys(quoted_codes(codes), milestone(canonical))
    assert quoted_codes(codes)


@pytest.mark.parametrize(
    ("group", "codes"),
    [(group, codes) for group, _, codes in table_after("Type **X** (687 codes") if group != "delivered after all"],
)
def test_exception_codes_tell_their_group(group: str, codes: str) -> None:
    reasons = {classify(type="X", code=code, status_code="").reason for code in quoted_codes(codes)}

    assert reasons == {REASONS_OF_X[group]}
