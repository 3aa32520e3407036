"""The validator itself: it lets the reference's examples pass and catches what it is there to catch."""

import json
import re
from functools import lru_cache
from pathlib import Path

import pytest

from tests.contracts import ups_spec

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "ups.md"
EXAMPLE = re.compile(r"<!-- (check|check-drop-empty): (\S+)#(\S+) -->\s*```json\n(.*?)```", re.DOTALL)


@lru_cache(maxsize=1)
def examples() -> list[tuple[str, str, str, str]]:
    if not REFERENCE.exists():
        return []
    return EXAMPLE.findall(REFERENCE.read_text(encoding="utf-8"))


@pytest.mark.skipif(not REFERENCE.exists(), reason="The UPS reference is not at ../shared/reference.")
def test_every_checked_example_of_the_reference_is_found() -> None:
    assert len(examples()) == REFERENCE.read_text(encoding="utf-8").count("<!-- check")


@pytest.mark.parametrize(("kind", "file", "component", "text"), examples(), ids=lambda value: str(value)[:30])
def test_examples_of_the_reference_pass(kind: str, file: str, component: str, text: str) -> None:
    body = json.loads(text)

    problems = ups_spec.component_problems(file, component, ups_spec.drop_empty(body) if "drop" in kind else body)

    assert problems == []


def test_misplaced_block_is_reported() -> None:
    body = {"LabelRecoveryRequest": {"InternationalForms": {}, "TrackingNumber": "1Z12345E8791315509"}}

    problems = ups_spec.request_problems(ups_spec.RECOVER_LABEL, body)

    assert "/LabelRecoveryRequest/InternationalForms: not a documented field" in problems


def test_text_longer_than_documented_is_reported() -> None:
    body = {"LabelRecoveryRequest": {"TrackingNumber": "1" * 40}}

    problems = ups_spec.request_problems(ups_spec.RECOVER_LABEL, body)

    assert [problem for problem in problems if "too long" in problem] == [
        f"LabelRecoveryRequest/TrackingNumber: '{'1' * 40}' is too long"
    ]


def test_number_where_text_is_documented_is_reported_in_requests_only() -> None:
    request = {"LabelRecoveryRequest": {"TrackingNumber": 1}}
    answer = {"response": {"errors": [{"code": 120100, "message": "Missing or invalid shipper number"}]}}

    assert "LabelRecoveryRequest/TrackingNumber: 1 is not of type 'string'" in ups_spec.request_problems(
        ups_spec.RECOVER_LABEL, request
    )
    assert ups_spec.answer_problems(ups_spec.SHIP, answer, status=400) == []


def test_answer_with_one_object_for_a_list_passes_and_with_a_missing_part_does_not() -> None:
    answer = {
        "VoidShipmentResponse": {
            "Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}},
            "SummaryResult": {"Status": {"Code": "1", "Description": "Voided"}},
            "PackageLevelResults": {
                "TrackingNumber": "1ZA1B2C36800000016",
                "Status": {"Code": "1", "Description": "Voided"},
            },
        }
    }

    assert ups_spec.answer_problems(ups_spec.VOID, answer) == []

    del answer["VoidShipmentResponse"]["SummaryResult"]

    assert ups_spec.answer_problems(ups_spec.VOID, answer) == [
        "VoidShipmentResponse: 'SummaryResult' is a required property"
    ]
