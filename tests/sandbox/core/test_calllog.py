"""What the call log keeps and what it hides."""

from datetime import UTC, datetime

import orjson

from sandbox.core.calllog import Call, CallLog, kept_body, readable_body, shown_headers


def make_call(sequence: int, *, operation: str = "ship") -> Call:
    return Call(
        sequence=sequence,
        at=datetime(2026, 10, 12, tzinfo=UTC),
        method="POST",
        path="/ship",
        query="",
        operation=operation,
        status=200,
        request_headers={},
        request_body=b"{}",
        response_body=b"{}",
        duration_ms=1.0,
        client="",
        fault="",
    )


def test_only_listed_headers_are_shown_and_of_authorization_only_the_kind() -> None:
    shown = shown_headers({"Authorization": "Bearer abc", "Cookie": "a=b", "transId": "42", "X-Secret": "x"})

    assert shown == {"authorization": "bearer", "transid": "42"}


def test_long_images_are_shortened_and_the_json_stays_readable() -> None:
    body = orjson.dumps({"GraphicImage": "A" * 5000, "Code": "GIF"})

    assert readable_body(kept_body(body)) == {
        "GraphicImage": "A" * 40 + "... (5000 characters)",
        "Code": "GIF",
    }


def test_secrets_are_shown_as_fingerprints_that_reveal_reuse() -> None:
    first = readable_body(b"grant_type=refresh_token&refresh_token=abcdefghij&client_secret=short")
    again = readable_body(b'{"refresh_token": "abcdefghij", "code": "120100"}')

    assert first == {
        "grant_type": "refresh_token",
        "refresh_token": "fingerprint:72399361da6a",
        "client_secret": "hidden",
    }
    assert again == {"refresh_token": "fingerprint:72399361da6a", "code": "120100"}


def test_body_that_is_neither_json_nor_a_form_is_shown_as_text() -> None:
    assert readable_body(b"<html>") == "<html>"
    assert readable_body(b"") is None


def test_log_keeps_the_newest_calls_only() -> None:
    log = CallLog(max_calls=3)
    for sequence in range(1, 6):
        log.add(make_call(sequence))

    assert [call.sequence for call in log.find()] == [3, 4, 5]
    assert [call.sequence for call in log.latest(2)] == [5, 4]


def test_calls_are_found_by_operation_and_sequence() -> None:
    log = CallLog()
    for sequence, operation in enumerate(["ship", "void", "ship", "ship"], start=1):
        log.add(make_call(sequence, operation=operation))

    assert [call.sequence for call in log.find(operation="ship", since=1)] == [3, 4]
    assert [call.sequence for call in log.find(operation="ship", limit=1)] == [1]
