"""Filing a document: made once whatever answers are lost, beside the customer's own, of a type that can be made."""

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from connector_site.lib.secrets import Secret
from exact import documents
from exact.documents import StoredDocument
from exact.errors import (
    ExactError,
    ExactOutcomeUnknown,
    ExactRejected,
    ExactRightMissing,
    ExactScopeMissing,
    ExactUnavailable,
)
from exact.records import DocumentType, GoodsDeliveryChanges, NewDocument
from tests.exact.scene import Scene
from tests.exact.wire import ROOT, make_client

DOCUMENTS = "documents/Documents"
ATTACHMENTS = "documents/DocumentAttachments"
SUBJECT = "Proof of delivery 4711: O'Neill & Søn"
FILE_NAME = "pod-4711.pdf"
CONTENT = b"%PDF-1.4 signed by O'Neill"
SALES_INVOICE = 10
LARGEST_BYTES = 4_999_999


def paper(scene: Scene, **changes: object) -> NewDocument:
    facts: dict[str, Any] = {
        "subject": SUBJECT,
        "type": documents.MISCELLANEOUS,
        "account_id": uuid.UUID(scene.company["accounts"][0]["id"]),
        "sales_order_number": None,
        "document_date": date(2026, 5, 6),
    }
    return NewDocument(**(facts | changes))


def store(scene: Scene, document: NewDocument | None = None, **more: Any) -> StoredDocument:
    """File the proof as the product does."""
    given: dict[str, Any] = {"file_name": FILE_NAME, "content": CONTENT} | more
    return documents.store_document(scene.client(), document or paper(scene), **given)


def by_hand(scene: Scene, **values: object) -> uuid.UUID:
    """A document that a person made in Exact."""
    path = f"companies/{scene.division}/records/{DOCUMENTS}"
    return uuid.UUID(scene.sandbox.control("POST", path, {"Subject": "Packing list", "Type": 55} | values)["ID"])


def there(scene: Scene, document_id: uuid.UUID) -> dict[str, Any]:
    """Every property of a document as Exact has it."""
    found: dict[str, Any] = scene.sandbox.control(
        "GET", f"companies/{scene.division}/records/{DOCUMENTS}/{document_id}"
    )
    return found


def file_there(scene: Scene, attachment_id: uuid.UUID | None) -> bytes:
    """A file's bytes as Exact has them."""
    path = f"companies/{scene.division}/records/{ATTACHMENTS}/{attachment_id}"
    return base64.b64decode(scene.sandbox.control("GET", path)["Attachment"])


def sent(scene: Scene) -> list[tuple[str, str, int]]:
    """The calls on documents, briefly."""
    calls = scene.sandbox.calls("documents/")
    return [(call["method"], call["path"].rpartition("/")[2], call["status"]) for call in calls]


def test_a_proof_becomes_a_document_with_its_file_in_three_calls(scene: Scene) -> None:
    order = scene.client().sales_orders(
        [scene.sandbox.book(scene.division)["GoodsDeliveryLines"][0]["SalesOrderNumber"]]
    )
    scene.sandbox.forget_calls()
    document = paper(scene, sales_order_number=order[0].number)

    stored = store(scene, document)

    row = there(scene, stored.document_id)
    assert sent(scene) == [("GET", "Documents", 200), ("POST", "Documents", 201), ("POST", "DocumentAttachments", 201)]
    assert (row["Subject"], row["Type"], row["Account"]) == (SUBJECT, 55, str(document.account_id))
    assert (row["SalesOrderNumber"], row["DocumentDate"][:10]) == (order[0].number, "2026-05-06")
    assert file_there(scene, stored.attachment_id) == CONTENT
    assert (stored.was_there_already, stored.is_own) == (False, True)


def test_filing_again_finds_both_and_posts_nothing(scene: Scene) -> None:
    first = store(scene)
    scene.sandbox.forget_calls()

    again = store(scene, content=b"another edition")

    assert again == StoredDocument(
        document_id=first.document_id,
        attachment_id=first.attachment_id,
        was_there_already=True,
        is_own=True,
        number=there(scene, first.document_id)["HID"],
    )
    assert sent(scene) == [("GET", "Documents", 200), ("GET", "DocumentAttachments", 200)]
    assert file_there(scene, first.attachment_id) == CONTENT


def test_a_document_of_the_same_subject_at_another_customer_is_not_taken_for_ours(scene: Scene) -> None:
    other = by_hand(scene, Subject=SUBJECT, Account=scene.company["accounts"][1]["id"])

    assert store(scene).document_id != other


@pytest.mark.parametrize("action", ["reset_after", "html_200"])
def test_a_document_whose_answer_was_lost_is_found_and_not_made_twice(scene: Scene, action: str) -> None:
    scene.sandbox.fault(action=action, after=True, path_regex="Documents$", method="POST", times=1)

    stored = store(scene)

    client = scene.client()
    assert [document.id for document in client.documents_by_subject(SUBJECT)] == [stored.document_id]
    assert [file.id for file in client.attachments_of(stored.document_id)] == [stored.attachment_id]


def test_a_file_whose_answer_was_lost_is_found_and_not_added_twice(scene: Scene) -> None:
    scene.sandbox.fault(action="reset_after", path_regex="DocumentAttachments$", method="POST", times=1)

    stored = store(scene)

    (file,) = scene.client().attachments_of(stored.document_id)
    assert (file.id, file.file_name, file.file_size) == (stored.attachment_id, FILE_NAME, len(CONTENT))


@pytest.mark.parametrize("path", ["Documents$", "DocumentAttachments$"])
def test_a_post_that_did_not_arrive_is_left_to_a_later_attempt_which_ends_with_one_of_each(
    scene: Scene, path: str
) -> None:
    scene.sandbox.fault(action="reset_before", path_regex=path, method="POST", times=1)

    with pytest.raises(ExactOutcomeUnknown):
        store(scene)
    stored = store(scene)

    client = scene.client()
    assert [document.id for document in client.documents_by_subject(SUBJECT)] == [stored.document_id]
    assert len(client.attachments_of(stored.document_id)) == 1


def test_an_exact_that_cannot_be_asked_what_is_there_gets_no_document(scene: Scene) -> None:
    scene.sandbox.fault(action="status", status=503, path_regex="Documents$", method="GET", times=1)

    with pytest.raises(ExactUnavailable):
        store(scene)

    assert sent(scene) == [("GET", "Documents", 503)]


def test_our_file_goes_beside_the_customers_own_document(scene: Scene) -> None:
    theirs = by_hand(scene)

    stored = store(scene, beside=theirs)
    again = store(scene, beside=theirs)

    assert (stored.document_id, stored.is_own, stored.was_there_already) == (theirs, False, False)
    assert (again.document_id, again.attachment_id, again.was_there_already) == (theirs, stored.attachment_id, True)
    assert there(scene, theirs)["Subject"] == "Packing list"
    assert scene.client().documents_by_subject(SUBJECT) == []


def test_where_the_customers_document_takes_no_files_one_of_our_own_is_made_once(scene: Scene) -> None:
    theirs = by_hand(scene, Type=SALES_INVOICE)

    stored = store(scene, beside=theirs)
    scene.sandbox.forget_calls()
    again = store(scene, beside=theirs)

    assert (stored.is_own, stored.document_id != theirs) == (True, True)
    assert (again.document_id, again.was_there_already, again.is_own) == (stored.document_id, True, True)
    assert [method for method, _, _ in sent(scene)] == ["GET", "GET", "GET", "GET"]
    assert scene.client().attachments_of(theirs) == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_at_the_customers_document_leads_to_one_of_our_own(scene: Scene, status: int) -> None:
    theirs = by_hand(scene)
    scene.sandbox.fault(action="status", status=status, path_regex="DocumentAttachments$", method="POST", times=1)

    stored = store(scene, beside=theirs)

    assert (stored.is_own, stored.document_id != theirs) == (True, True)
    assert file_there(scene, stored.attachment_id) == CONTENT


def test_a_type_known_to_take_no_changes_is_not_tried_at_all(scene: Scene) -> None:
    theirs = by_hand(scene, Type=SALES_INVOICE)
    types = documents.read_document_types(scene.connection, scene.client())

    stored = store(scene, beside=theirs, types=types)

    assert stored.is_own
    assert [status for _, _, status in sent(scene) if status >= 400] == []


def test_a_linked_document_that_is_gone_is_replaced_by_one_of_our_own(scene: Scene) -> None:
    stored = store(scene, beside=uuid.uuid4())

    assert stored.is_own
    assert there(scene, stored.document_id)["Subject"] == SUBJECT


def test_our_own_document_found_in_the_slot_is_known_as_ours(scene: Scene) -> None:
    first = store(scene)

    again = store(scene, beside=first.document_id)

    assert (again.document_id, again.is_own, again.was_there_already) == (first.document_id, True, True)


def test_a_refused_type_makes_nothing(scene: Scene) -> None:
    with pytest.raises(ExactRejected, match="Document type 10"):
        store(scene, paper(scene, type=SALES_INVOICE))

    assert scene.client().documents_by_subject(SUBJECT) == []


def test_a_type_known_to_be_refused_costs_no_error(scene: Scene) -> None:
    types = documents.read_document_types(scene.connection, scene.client())

    with pytest.raises(ExactRejected) as refusal:
        store(scene, paper(scene, type=SALES_INVOICE), types=types)

    assert refusal.value.reason == "type_not_creatable"
    assert [method for method, _, _ in sent(scene)] == ["GET", "GET"]


def test_a_file_of_five_megabytes_is_refused_before_anything_is_sent(scene: Scene) -> None:
    with pytest.raises(ExactRejected) as refusal:
        store(scene, content=b"x" * (LARGEST_BYTES + 1))

    assert refusal.value.reason == "attachment_too_large"
    assert sent(scene) == []


def test_the_largest_file_arrives_whole(scene: Scene) -> None:
    stored = store(scene, content=b"x" * LARGEST_BYTES)

    assert [file.file_size for file in scene.client().attachments_of(stored.document_id)] == [LARGEST_BYTES]


def test_a_missing_right_is_told_as_such_and_nothing_is_made(scene: Scene) -> None:
    scene.sandbox.control("POST", f"companies/{scene.division}/rights", {"missing": [f"{DOCUMENTS}:POST"]})

    with pytest.raises(ExactRightMissing):
        store(scene)

    assert scene.client().documents_by_subject(SUBJECT) == []


def test_a_missing_scope_is_named_for_those_who_run_the_app(scene: Scene) -> None:
    said = "Forbidden - Application Scope Violated. Cannot manage 'organization.documents' scope."
    body = {"error": {"code": "", "message": {"lang": "", "value": said}}}
    scene.sandbox.fault(action="status", status=403, path_regex="Documents$", method="POST", times=1, body=body)

    with pytest.raises(ExactScopeMissing) as refusal:
        store(scene)

    assert refusal.value.reason == "scope:organization.documents"


def test_document_and_remarks_are_written_to_the_delivery_in_one_call(scene: Scene) -> None:
    entry_id = scene.book(remarks="mind the step")
    stored = store(scene)
    scene.sandbox.forget_calls()

    scene.client().put_goods_delivery(
        entry_id, GoodsDeliveryChanges(remarks="mind the step\n[UPS] delivered", document=stored.document_id)
    )

    (delivery,) = scene.client().goods_deliveries([entry_id])
    assert (delivery.document, delivery.remarks) == (stored.document_id, "mind the step\n[UPS] delivered")
    assert [call["method"] for call in scene.calls()] == ["PUT", "GET"]


def test_the_types_of_a_company_are_read_in_one_call_and_the_usual_one_is_chosen(scene: Scene) -> None:
    types = documents.read_document_types(scene.connection, scene.client())

    assert [(one.id, one.is_creatable) for one in types] == [(10, False), (55, True), (115, True)]
    assert [one.id for one in documents.creatable_types(types)] == [55, 115]
    assert documents.choose_type(types) == 55
    assert documents.choose_type(types, wanted=115) == 115
    assert sent(scene) == [("GET", "DocumentTypes", 200)]


@pytest.mark.parametrize(
    "types",
    [
        (),
        (DocumentType(id=55, description="Miscellaneous", is_creatable=False),),
        (DocumentType(id=10, description="Sales invoice", is_creatable=True),),
    ],
)
def test_no_type_is_chosen_where_the_usual_one_cannot_be_made(types: tuple[DocumentType, ...]) -> None:
    assert documents.choose_type(types) is None


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


NEW = NewDocument(
    subject=f" {SUBJECT} ", type=55, account_id=None, sales_order_number=None, document_date=date(2026, 5, 6)
)


def test_only_the_id_is_taken_from_an_answer_of_nulls(wire: responses.RequestsMock) -> None:
    made = uuid.uuid4()
    answer = {"d": {"ID": str(made), "Subject": None, "Type": None, "Account": None, "HID": None, "DocumentDate": None}}
    wire.post(f"{ROOT}/{DOCUMENTS}", json=answer, status=201)

    assert make_client(Secret("token")).create_document(NEW) == made
    assert json.loads(wire.calls[0].request.body or b"") == {
        "Subject": SUBJECT,
        "Type": 55,
        "DocumentDate": "2026-05-06",
    }


@pytest.mark.parametrize("answer", [b'{"d":{"ID":null}}', b'{"d":[]}', b"made"])
def test_an_answer_without_an_id_is_an_unknown_outcome(wire: responses.RequestsMock, answer: bytes) -> None:
    wire.post(f"{ROOT}/{DOCUMENTS}", body=answer, status=201)

    with pytest.raises(ExactOutcomeUnknown) as lost:
        make_client(Secret("token")).create_document(NEW)

    assert lost.value.reason == "no_id"


def test_a_file_that_exact_took_without_naming_it_is_no_error(wire: responses.RequestsMock) -> None:
    wire.post(f"{ROOT}/{ATTACHMENTS}", json={"d": {"ID": None}}, status=201)

    assert make_client(Secret("token")).create_attachment(uuid.uuid4(), FILE_NAME, CONTENT) is None


def test_a_subject_that_only_resembles_ours_is_not_ours(wire: responses.RequestsMock) -> None:
    rows = [
        {"ID": str(uuid.uuid4()), "Subject": SUBJECT.upper(), "HID": 1},
        {"ID": "00000000-0000-0000-0000-000000000003", "Subject": SUBJECT, "HID": 3},
        {"ID": "00000000-0000-0000-0000-000000000002", "Subject": f"{SUBJECT} ", "HID": 2},
    ]
    wire.get(f"{ROOT}/{DOCUMENTS}", json={"d": {"results": rows}})

    found = make_client(Secret("token")).documents_by_subject(SUBJECT)

    assert [document.number for document in found] == [2, 3]
    (asked,) = parse_qs(urlsplit(str(wire.calls[0].request.url)).query)["$filter"]
    assert asked == "Subject eq 'Proof of delivery 4711: O''Neill & Søn'"


@pytest.mark.parametrize("status", [401, 429, 500])
def test_trouble_that_is_no_refusal_beside_is_not_taken_for_one(scene: Scene, status: int) -> None:
    theirs = by_hand(scene)
    scene.sandbox.fault(action="status", status=status, path_regex="DocumentAttachments$", method="POST", times=2)

    with pytest.raises(ExactError) as trouble:
        store(scene, beside=theirs)

    assert trouble.value.status == status
    assert ("POST", "Documents") not in [(method, path) for method, path, _ in sent(scene)]
