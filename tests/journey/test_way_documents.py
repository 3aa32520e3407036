"""The proof of delivery in Exact: where it is filed, and what is said where it cannot be."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from exact.documents import read_document_types
from syncjobs.models import Delivery
from syncjobs.reporting import keep_document_types, reporting_of, save_reporting
from syncjobs.steps import proof as proof_step
from syncjobs.story import events_of, story_of
from tenants.context import tenant_context
from tests.journey.filing import (
    PATH,
    TO_THE_DOOR,
    calls,
    client,
    document_by_hand,
    during,
    ended,
    filed,
    files_at,
    go,
    missing_right,
    the_file,
    trouble,
)
from tests.journey.test_way_writes import STEPS
from tests.journey.way import Way, way

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]

SALES_INVOICE = 10
NO_SCOPE = "Forbidden - Application Scope Violated. Cannot manage 'organization.documents' scope."


def read_types(way: Way) -> None:
    """What the nightly look at the company does."""
    types = read_document_types(way.journey.connection, client(way))
    with tenant_context(way.journey.tenant.id):
        keep_document_types(way.journey.connection, types, at=timezone.now())


def choose(way: Way, **changes: Any) -> None:
    """Choose what is written, as a manager does."""
    with tenant_context(way.journey.tenant.id):
        now = reporting_of(way.journey.connection)
        chosen = {
            "milestones": now.milestones,
            "writes_proof": now.writes_proof,
            "document_type": now.document_type,
        }
        save_reporting(way.journey.connection, **(chosen | changes))


def number_of(way: Way, document_id: UUID) -> int | None:
    """What people in Exact know a document by."""
    (document,) = client(way).documents([document_id])
    return document.number


def problems_of(way: Way, delivery: Delivery) -> list[str]:
    return [row["text"] for row in way.journey.refreshed(delivery).problems]


def interfere(way: Way, entry_id: str) -> UUID:
    """A person in Exact writes to the delivery while we do."""
    way.journey.company.change(PATH, entry_id, Remarks="Ring once")
    return document_by_hand(way, entry_id)


def test_the_customers_own_document_keeps_its_place_and_gets_our_file(way: Way) -> None:
    entry_id, delivery = way.ship()
    theirs = document_by_hand(way, entry_id)

    go(way, delivery, TO_THE_DOOR)

    assert ended(way, delivery) == (Delivery.State.CLOSED, "")
    assert way.in_exact(entry_id)["Document"] == str(theirs)
    assert files_at(way, theirs) == [the_file(way, delivery)]
    assert filed(way, delivery) == {}
    assert way.journey.refreshed(delivery).exact_document_id == theirs


def test_a_document_of_hers_that_takes_no_file_keeps_its_place_and_ours_is_filed_apart_which_is_said(way: Way) -> None:
    entry_id, delivery = way.ship()
    theirs = document_by_hand(way, entry_id, Type=SALES_INVOICE)

    go(way, delivery, TO_THE_DOOR)

    state, problem = ended(way, delivery)
    assert (state, way.in_exact(entry_id)["Document"]) == (Delivery.State.CLOSED, str(theirs))
    ours = filed(way, delivery)
    assert problem.startswith(f"The proof of delivery is document {number_of(way, *ours)} in Exact Online; ")
    assert list(ours.values()) == [[the_file(way, delivery)]]
    assert files_at(way, theirs) == []


def test_a_document_linked_while_the_proof_is_filed_is_not_replaced(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_step, "READ_GOOD_FOR", timedelta(0))
    entry_id, delivery = way.ship(remarks="Ring twice")
    theirs: list[UUID] = []
    during(monkeypatch, "create_attachment", lambda: theirs.append(interfere(way, entry_id)))

    go(way, delivery, TO_THE_DOOR)

    shown = way.in_exact(entry_id)
    assert [UUID(shown["Document"])] == theirs
    assert shown["Remarks"].startswith("Ring once\n[UPS] Delivered ")
    assert ended(way, delivery)[0] == Delivery.State.CLOSED


@pytest.mark.parametrize("resource", ["documents/Documents:POST", "documents/DocumentAttachments:POST"])
def test_a_missing_right_for_documents_closes_the_delivery_and_says_what_to_do(way: Way, resource: str) -> None:
    entry_id, delivery = way.ship()
    missing_right(way, resource)

    go(way, delivery, TO_THE_DOOR)

    shown = way.in_exact(entry_id)
    state, problem = ended(way, delivery)
    assert state == Delivery.State.CLOSED
    assert shown["Remarks"].startswith("[UPS] Delivered ")
    assert shown["Document"] is None
    assert problem.startswith("The proof of delivery could not be filed in Exact Online: ")
    assert "the user who connected has the right" in problem


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (403, NO_SCOPE, "not registered for documents (scope organization.documents)"),
        (404, "Resource not found", "does not offer this part of Exact Online"),
    ],
)
def test_documents_that_this_company_or_our_app_has_not_do_not_keep_it_open(
    way: Way, status: int, said: str, told: str
) -> None:
    entry_id, delivery = way.ship()
    body = {"error": {"code": "", "message": {"lang": "", "value": said}}}
    trouble(way, method="POST", path_regex="documents/Documents$", action="status", status=status, body=body)

    go(way, delivery, TO_THE_DOOR)

    state, problem = ended(way, delivery)
    assert (state, way.in_exact(entry_id)["Document"]) == (Delivery.State.CLOSED, None)
    assert told in problem
    assert filed(way, delivery) == {}


@pytest.mark.parametrize(("type_id", "told"), [(None, "No type of document is chosen"), (10, "Choose another type")])
def test_a_type_that_will_not_do_is_never_sent_and_the_delivery_is_closed(
    way: Way, type_id: int | None, told: str
) -> None:
    entry_id, delivery = way.ship()
    read_types(way)
    choose(way, document_type=type_id)

    go(way, delivery, TO_THE_DOOR)

    state, problem = ended(way, delivery)
    assert (state, calls(way, "POST", "documents/Documents")) == (Delivery.State.CLOSED, [])
    assert told in problem
    assert way.in_exact(entry_id)["Remarks"].startswith("[UPS] Delivered ")


def test_without_a_wish_for_a_proof_nothing_is_filed_and_nothing_is_wrong(way: Way) -> None:
    entry_id, delivery = way.ship()
    choose(way, writes_proof=False)

    go(way, delivery, TO_THE_DOOR)

    assert ended(way, delivery) == (Delivery.State.CLOSED, "")
    assert calls(way, "POST", "documents/Documents") == []
    assert way.in_exact(entry_id)["Remarks"].startswith("[UPS] Delivered ")


def test_a_lost_answer_beside_her_document_leaves_one_file_there(way: Way) -> None:
    entry_id, delivery = way.ship()
    theirs = document_by_hand(way, entry_id)
    trouble(way, method="POST", path_regex="DocumentAttachments", action="reset_after")

    go(way, delivery, TO_THE_DOOR)
    way.journey.make_due()
    way.journey.work()

    assert ended(way, delivery) == (Delivery.State.CLOSED, "")
    assert (files_at(way, theirs), filed(way, delivery)) == ([the_file(way, delivery)], {})
    assert way.in_exact(entry_id)["Document"] == str(theirs)


@pytest.mark.parametrize("is_hers", [False, True], ids=["ours", "hers"])
def test_a_delivery_taken_back_and_made_again_has_both_proofs_side_by_side(way: Way, *, is_hers: bool) -> None:
    (traveller,) = way.send_off("wrong_delivery_corrected", pushes="none")
    theirs = [document_by_hand(way, traveller.entry_id)] if is_hers else []
    told: list[str] = []

    def look() -> None:
        way.look_now(traveller.delivery)
        told.extend(problems_of(way, traveller.delivery))

    way.let_pass([traveller], STEPS, then=look)

    row = way.journey.refreshed(traveller.delivery)
    (document,) = theirs or filed(way, row)
    files = files_at(way, document)
    assert ended(way, row) == (Delivery.State.CLOSED, "")
    assert (len(files), len(set(files)), files.count(the_file(way, row))) == (2, 2, 1)
    assert row.exact_document_id == document
    assert any("The proof of delivery filed in Exact Online no longer holds." in text for text in told)


def test_without_any_milestone_the_proof_is_linked_and_no_status_is_claimed(way: Way) -> None:
    entry_id, delivery = way.ship(remarks="Ring twice")
    choose(way, milestones=[])

    go(way, delivery, TO_THE_DOOR)

    row, shown = way.journey.refreshed(delivery), way.in_exact(entry_id)
    with tenant_context(way.journey.tenant.id):
        words = [moment.words for moment in story_of(row, events_of(way.journey.tenant.id, row))]
    assert (row.state, shown["Remarks"]) == (Delivery.State.CLOSED, "Ring twice")
    assert shown["Document"] == str(row.exact_document_id)
    assert "milestone" not in row.written
    assert "The proof of delivery was linked to the goods delivery in Exact Online" in words
    assert not any(line.startswith("Status ") for line in words)
