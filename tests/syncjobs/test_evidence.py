"""What is kept of each source's words about a request to UPS."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pytest_django import Settings

from audit.chain import fingerprint
from syncjobs.doubts.evidence import MOST_SAID, decided, reasons_kept, told
from syncjobs.finders import mark_of_words
from syncjobs.models import Attempt

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def test_looks_that_bring_nothing_new_push_out_no_earlier_word() -> None:
    attempt = Attempt(evidence={})
    attempt.evidence = told(attempt, source="person", said="it was made: use it", at=AT)
    for look in range(MOST_SAID):
        at = AT + timedelta(minutes=look)
        attempt.evidence = told(attempt, source="manifest", said="nothing was announced", at=at)
        attempt.evidence = told(attempt, source="label_recovery", said="no clear answer", at=at)

    assert [row["source"] for row in attempt.evidence["sources"]] == ["person", "manifest", "label_recovery"]
    assert {row["at"] for row in attempt.evidence["sources"][1:]} == {at.isoformat()}


def test_words_are_found_by_their_mark_after_a_change_of_the_key_and_from_before_there_was_one(
    settings: Settings,
) -> None:
    attempt = Attempt(evidence={"decisions": [{"decision": "keep", "reason": "Older.", "at": ""}]}, tenant_id=uuid4())
    attempt.evidence = decided(attempt, decision="keep", reason="Newer.", at=AT)
    mark = mark_of_words(attempt.tenant_id, "Newer.")

    settings.SECRET_KEY = "another"

    assert reasons_kept([attempt.evidence]) == {mark: "Newer.", fingerprint("Older."): "Older."}
    others = {mark_of_words(attempt.tenant_id, "Newer."), mark_of_words(uuid4(), "Newer."), fingerprint("Newer.")}
    assert mark not in others


def test_a_source_that_says_something_else_is_kept_with_both() -> None:
    attempt = Attempt(evidence={})
    for said in ("no clear answer", "the shipment exists", "no clear answer"):
        attempt.evidence = told(attempt, source="label_recovery", said=said, at=AT)

    assert [row["said"] for row in attempt.evidence["sources"]] == [
        "no clear answer",
        "the shipment exists",
        "no clear answer",
    ]
