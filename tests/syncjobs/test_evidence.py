"""What is kept of each source's words about a request to UPS."""

from datetime import UTC, datetime, timedelta

from syncjobs.evidence import MOST_SAID, told
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


def test_a_source_that_says_something_else_is_kept_with_both() -> None:
    attempt = Attempt(evidence={})
    for said in ("no clear answer", "the shipment exists", "no clear answer"):
        attempt.evidence = told(attempt, source="label_recovery", said=said, at=AT)

    assert [row["said"] for row in attempt.evidence["sources"]] == [
        "no clear answer",
        "the shipment exists",
        "no clear answer",
    ]
