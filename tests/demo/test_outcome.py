"""What the demo calls a success: our line, the proof with its file and the receiver's page; nothing less."""

from typing import Any

import pytest
import responses

from connector_site.demo.errors import DemoFailed
from connector_site.demo.outcome import look_in_exact
from connector_site.demo.sandbox import BookedDelivery, Company, Sandbox

EXACT, UPS = "http://exact.example", "http://ups.example"
NUMBER = "1ZA1B2C36800000001"
PAGE = "http://site.example/track/48fdd000-466f-4b94-bc6b-485c45d7c6f4"
LINE = f"[UPS] Delivered 2026-05-06 14:12 Utrecht NL | {PAGE}"
DOCUMENT, FILE = "document-1", "file-1"
COMPANY = Company(division=7, name="Demo", user_id="u", user_email="u@x.example", shipping_methods=(), items=())
DELIVERY = BookedDelivery(entry_id="entry-1", number="12")


def looked(http: responses.RequestsMock, *, page: str = NUMBER, files: int = 1, **changes: Any) -> list[str]:
    """What the demo says about a delivery that stands so in Exact."""
    shown = {"TrackingNumber": NUMBER, "Remarks": f"Ring twice\r\n{LINE}", "Document": DOCUMENT} | changes
    company = f"{EXACT}/sandbox/companies/7"
    records = f"{company}/records/documents"
    calls = [{"status": 201, "response_body": {"d": {"ID": FILE}}}, {"status": 400, "response_body": {}}]
    http.get(f"{company}/deliveries/entry-1", json=shown)
    http.get(f"{records}/Documents/{DOCUMENT}", json={"Subject": "UPS proof of delivery 12"})
    http.get(f"{EXACT}/sandbox/calls", json={"calls": calls[2 - 2 * files :]})
    http.get(
        f"{records}/DocumentAttachments/{FILE}",
        json={"Document": DOCUMENT, "FileName": "proof.pdf", "FileSize": 29_000.0},
    )
    http.get(PAGE, body=f"<html><body><p>{page}</p></body></html>")
    return list(look_in_exact(Sandbox(exact=EXACT, ups=UPS), COMPANY, DELIVERY))


@pytest.fixture
def http() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def test_line_proof_and_page_are_told(http: responses.RequestsMock) -> None:
    assert looked(http) == [
        f"Exact shows in the remarks: {LINE}",
        "Exact shows the document: UPS proof of delivery 12",
        "  with the file proof.pdf, 29 kB",
        f"The receiver's page: {PAGE}",
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Remarks": "Ring twice"}, "no line of ours: Ring twice"),
        ({"Remarks": None}, r"no line of ours: \(empty\)"),
        ({"Document": None}, "No document is linked"),
        ({"files": 0}, "has no file"),
        ({"page": "Nothing here"}, f"does not show the parcel {NUMBER}: Nothing here"),
    ],
)
def test_the_demo_fails_with_the_reason(http: responses.RequestsMock, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(DemoFailed, match=reason):
        looked(http, **changes)
