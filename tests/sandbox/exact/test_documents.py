"""Documents, their files and types: mandatory, refused, downloaded, linked, announced (exact.md 8.9)."""

import base64
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.sandbox.exact.driver import Callback, Connection, StandIn, wait_until

SHARED = Path(__file__).parents[4] / "shared"
SAMPLES = SHARED / "samples" / "exact-answer.json"
NEEDS_SAMPLES = pytest.mark.skipif(not SAMPLES.exists(), reason=f"{SAMPLES} is not there to compare with")
DOCUMENTS = "documents/Documents"
ATTACHMENTS = "documents/DocumentAttachments"
TYPES = "documents/DocumentTypes"
DELIVERIES = "salesorder/GoodsDeliveries"
TIMEOUT_SECONDS = 5


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def make_document(exact: Connection, **more: object) -> str:
    made = exact.post(DOCUMENTS, {"Subject": "Proof of delivery", "Type": 55} | more)
    assert made.status_code == 201, made.text
    return str(made.json()["d"]["ID"])


def attach(exact: Connection, document_id: str, content: bytes = b"test") -> dict[str, Any]:
    body = {"Document": document_id, "FileName": "pod.pdf", "Attachment": text_of(content)}
    made = exact.post(ATTACHMENTS, body)
    assert made.status_code == 201, made.text
    return dict(made.json()["d"])


def make_by_hand(exact: Connection, path: str, values: dict[str, object]) -> dict[str, Any]:
    """A record made on Exact's own screens, where other rules hold."""
    made: dict[str, Any] = exact.app.stand_in.control("POST", f"companies/{exact.division}/records/{path}", values)
    return made


def download_status(exact: Connection, url: str, tail: str = "&Download=1") -> int:
    headers = {"Authorization": f"Bearer {exact.tokens['access_token']}"}
    return exact.app.stand_in.web.get(url + tail, headers=headers, timeout=TIMEOUT_SECONDS).status_code


def count(exact: Connection, path: str) -> str:
    return exact.get(f"{path}/$count").text


def test_types_say_which_can_be_made(exact: Connection) -> None:
    rows = exact.rows(TYPES, select="ID,Description,DocumentIsCreatable")

    assert {row["ID"]: row["DocumentIsCreatable"] for row in rows} == {10: False, 55: True, 115: True}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"Subject": None}, "Subject"),
        ({"Subject": ""}, "Subject"),
        ({"Type": None}, "Type"),
        ({"Type": "55"}, "Type"),
        ({"Type": 10}, "Document type 10"),
        ({"Type": 9999}, "Document type 9999"),
        ({"Account": str(uuid4())}, "Account"),
        ({"SalesOrderNumber": 1}, "SalesOrderNumber"),
        ({"SalesOrderNumber": "1"}, "SalesOrderNumber"),
        ({"ID": str(uuid4())}, "ID"),
        ({"TypeDescription": "mine"}, "TypeDescription"),
    ],
)
def test_unfit_documents_are_refused_and_not_made(exact: Connection, change: dict[str, object], word: str) -> None:
    refused = exact.post(DOCUMENTS, {"Subject": "Proof of delivery", "Type": 55} | change)

    assert refused.status_code == 400
    assert word in refused.json()["error"]["message"]["value"]
    assert count(exact, DOCUMENTS) == "0"


@pytest.mark.parametrize("left_out", ["Document", "FileName", "Attachment"])
def test_all_three_properties_of_a_file_are_mandatory(exact: Connection, left_out: str) -> None:
    body = {"Document": make_document(exact), "FileName": "pod.pdf", "Attachment": text_of(b"test")}
    del body[left_out]

    refused = exact.post(ATTACHMENTS, body)

    assert refused.status_code == 400
    assert left_out in refused.json()["error"]["message"]["value"]
    assert count(exact, ATTACHMENTS) == "0"


@pytest.mark.parametrize("change", [{"Document": str(uuid4())}, {"Attachment": "not base64!"}, {"Attachment": ""}])
def test_unfit_files_are_refused_and_not_kept(exact: Connection, change: dict[str, str]) -> None:
    body = {"Document": make_document(exact), "FileName": "pod.pdf", "Attachment": text_of(b"test")}

    assert exact.post(ATTACHMENTS, body | change).status_code == 400
    assert count(exact, ATTACHMENTS) == "0"


def test_a_file_may_be_as_large_as_the_limit_and_not_a_byte_larger(exact: Connection) -> None:
    exact.app.stand_in.settings(max_attachment_bytes=100)
    document_id = make_document(exact)

    fits = exact.post(ATTACHMENTS, {"Document": document_id, "FileName": "a.pdf", "Attachment": text_of(b"x" * 100)})
    refused = exact.post(ATTACHMENTS, {"Document": document_id, "FileName": "b.pdf", "Attachment": text_of(b"x" * 101)})

    assert (fits.status_code, fits.json()["d"]["FileSize"]) == (201, 100)
    assert (refused.status_code, "too large" in refused.text) == (400, True)
    assert count(exact, ATTACHMENTS) == "1"


def test_five_megabytes_are_too_large_from_the_start(exact: Connection) -> None:
    body = {"Document": make_document(exact), "FileName": "a.pdf", "Attachment": text_of(b"x" * 5_000_000)}

    assert exact.post(ATTACHMENTS, body).status_code == 400
    assert exact.post(ATTACHMENTS, body | {"Attachment": text_of(b"x" * 4_999_999)}).status_code == 201


def test_a_file_is_downloaded_only_when_asked_for_and_never_listed(exact: Connection) -> None:
    document_id = make_document(exact)
    url = attach(exact, document_id)["Url"]

    (row,) = exact.rows(
        ATTACHMENTS, select="Attachment,FileName,FileSize,Url", filter=f"Document eq guid'{document_id}'"
    )

    assert (row["Attachment"], row["FileName"], row["FileSize"], row["Url"]) == (None, "pod.pdf", 4, url)
    assert [download_status(exact, url), download_status(exact, url, "")] == [200, 200]
    assert download_status(exact, url.split("?")[0], f"?ID={uuid4()}&_Division_={exact.division}&Download=1") == 404


def test_a_file_of_another_company_is_not_handed_out(exact: Connection) -> None:
    url = attach(exact, make_document(exact))["Url"]
    stranger = exact.app.connect(exact.app.stand_in.found())

    assert download_status(stranger, url) == 403


def test_a_file_goes_only_into_documents_whose_type_takes_changes(exact: Connection) -> None:
    invoice = make_by_hand(exact, DOCUMENTS, {"Subject": "Invoice", "Type": 10})["ID"]

    refused = exact.post(ATTACHMENTS, {"Document": invoice, "FileName": "pod.pdf", "Attachment": text_of(b"test")})

    assert (refused.status_code, "Document type 10" in refused.text) == (400, True)
    assert exact.put(DOCUMENTS, invoice, {"Subject": "mine"}).status_code == 400
    assert exact.delete(DOCUMENTS, invoice).status_code == 400
    assert count(exact, ATTACHMENTS) == "0"


def test_a_removed_document_takes_its_files_along(exact: Connection) -> None:
    document_id = make_document(exact)
    url = attach(exact, document_id)["Url"]

    assert exact.delete(DOCUMENTS, document_id).status_code == 204
    assert count(exact, ATTACHMENTS) == "0"
    assert download_status(exact, url) == 404


def test_documents_are_found_by_subject_with_a_quote_and_by_account(exact: Connection) -> None:
    first, second = (account["id"] for account in exact.company["accounts"][:2])
    wanted = make_document(exact, Subject="O'Neill's parcel", Account=first)
    make_document(exact, Subject="O'Neill's parcel", Account=second)

    rows = exact.rows(
        DOCUMENTS, select="ID,HID", filter=f"Subject eq 'O''Neill''s parcel' and Account eq guid'{first}'"
    )

    assert [row["ID"] for row in rows] == [wanted]
    assert isinstance(rows[0]["HID"], int)


def test_linking_a_document_notifies_like_any_marked_change(exact: Connection, callback: Callback) -> None:
    key = exact.book()["EntryID"]
    document_id = make_document(exact)
    exact.subscribe(callback.url, IsInstant=True)
    exact.app.stand_in.advance(1.1)
    callback.wait_for(1)
    wait_until(lambda: exact.app.stand_in.control("GET", "subscriptions")["subscriptions"][0]["is_validated"])

    linked = exact.put(DELIVERIES, key, {"Document": document_id})

    content = json.loads(callback.wait_for(2)[1])["Content"]
    assert linked.status_code == 204
    assert (content["Topic"], content["Action"], content["Key"]) == ("GoodsDeliveries", "Update", key)


def test_an_unknown_document_cannot_be_linked_and_the_rest_of_the_put_is_not_done(exact: Connection) -> None:
    key = exact.book()["EntryID"]

    refused = exact.put(DELIVERIES, key, {"Document": str(uuid4()), "Remarks": "signed"})

    row = exact.rows(DELIVERIES, select="Document,Remarks", filter=f"EntryID eq guid'{key}'")[0]
    assert refused.status_code == 400
    assert (row["Document"], row["Remarks"]) == (None, None)


def test_documents_need_their_scope_at_the_level_of_the_verb(stand_in: StandIn) -> None:
    exact = stand_in.connect(scopes={"organization documents": "read"})

    refused = exact.post(DOCUMENTS, {"Subject": "Proof of delivery", "Type": 55})

    assert exact.get(TYPES, select="ID").status_code == 200
    assert refused.status_code == 403
    assert "Cannot manage 'organization.documents' scope." in refused.json()["error"]["message"]["value"]


def test_users_without_the_right_can_neither_make_nor_download(exact: Connection) -> None:
    url = attach(exact, make_document(exact))["Url"]
    exact.app.stand_in.control("POST", f"companies/{exact.division}/rights", {"missing": [DOCUMENTS, ATTACHMENTS]})

    refused = exact.post(DOCUMENTS, {"Subject": "Proof of delivery", "Type": 55})

    assert (refused.status_code, "Scope" in refused.text) == (403, False)
    assert download_status(exact, url) == 403


@NEEDS_SAMPLES
def test_answers_to_both_posts_have_the_recorded_names_and_fill_what_was_filled(exact: Connection) -> None:
    recorded = {each["id"]: each["body"] for each in json.loads(SAMPLES.read_text())["payloads"]}
    account = exact.company["accounts"][0]["id"]

    document = exact.post(
        DOCUMENTS, {"Subject": "Test attachment", "DocumentDate": "2026-06-25", "Account": account, "Type": 55}
    ).json()["d"]
    attachment = attach(exact, document["ID"])

    assert set(recorded["EX18"]["d"]) - set(document) <= {"ScanServiceStatus"}
    assert set(recorded["EX19"]["d"]) == set(attachment)
    assert document["DocumentDate"] == recorded["EX18"]["d"]["DocumentDate"]
    assert (attachment["Attachment"], attachment["FileSize"]) == (None, recorded["EX19"]["d"]["FileSize"])
