"""Oddities of the wire, undone in one place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ups.makers import bytes_of, samples
from ups.payloads import TokenAnswer, as_list, clean_text, json_object, read_errors


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, []), ("", []), ({"a": 1}, [{"a": 1}]), ([{"a": 1}, None, ""], [{"a": 1}]), ("text", [])],
)
def test_lists_of_every_form(value: object, expected: list[object]) -> None:
    assert as_list(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (1, "1"), ("&#xD;&#xD;1", "1"), (" x ", "x"), ({}, ""), (True, "true"), (12.5, "12.5")],
)
def test_text_of_every_form(value: object, expected: str) -> None:
    assert clean_text(value) == expected


@pytest.mark.parametrize("sample", samples("error"))
def test_recorded_errors_of_every_form(sample: dict[str, Any]) -> None:
    errors = read_errors(bytes_of(sample))

    assert [error.code for error in errors] == ([sample["expect"]["code"]] if "code" in sample["expect"] else [])


@pytest.mark.parametrize("sample", samples("token"))
def test_recorded_token_answers(sample: dict[str, Any]) -> None:
    answer = TokenAnswer.model_validate(json_object(bytes_of(sample)))

    assert answer.expires_in == sample["expect"]["expires_in"]


def test_several_older_errors_are_all_read() -> None:
    details = [
        {"PrimaryErrorCode": {"Code": "120100", "Description": "first"}},
        {"PrimaryErrorCode": {"Code": 120200, "Description": "second"}},
    ]
    body = {"Fault": {"detail": {"Errors": {"ErrorDetail": details}}}}

    assert [error.code for error in read_errors(json.dumps(body).encode())] == ["120100", "120200"]


@given(st.binary())
def test_any_bytes_have_errors_or_none(body: bytes) -> None:
    assert read_errors(body) == () or json_object(body) is not None
