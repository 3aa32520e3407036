"""Documents and their files: what their types allow, how large a file may be, what Exact fills in (exact.md 8.9)."""

import uuid

from sandbox.exact.errors import bad_request
from sandbox.exact.records import Records
from sandbox.exact.sales import ORDERS
from sandbox.exact.store import Company, Row, Value

DOCUMENTS = "documents/Documents"
ATTACHMENTS = "documents/DocumentAttachments"
TYPES = "documents/DocumentTypes"


def check_new(company: Company, path: str, values: Row, *, max_attachment_bytes: int) -> None:
    """400 for a document of a type that clients cannot make, and for a file that is too large or not welcome."""
    if path == DOCUMENTS:
        _require_allowed(company, values["Type"], "Creatable", "created")
        _require_order(company, values)
    if path == ATTACHMENTS:
        _require_updatable(company, values["Document"])
        if _size(values) > max_attachment_bytes:
            raise bad_request(f"The attachment is too large, the maximum size is {max_attachment_bytes} bytes.")


def check_change(company: Company, path: str, row: Row, values: Row) -> None:
    """400 where the type of the document, or the new one, does not allow it."""
    if path != DOCUMENTS:
        return
    _require_allowed(company, row["Type"], "Updatable", "changed")
    if "Type" in values:
        _require_allowed(company, values["Type"], "Creatable", "created")
    _require_order(company, values)


def check_removal(company: Company, path: str, row: Row) -> None:
    """400 where the type of the document does not allow it."""
    if path == DOCUMENTS:
        _require_allowed(company, row["Type"], "Deletable", "deleted")
    if path == ATTACHMENTS:
        _require_updatable(company, row["Document"])


def remove_files(records: Records, company: Company, document: Row, *, user_id: str) -> None:
    """The files of a document go with it."""
    for row in list(company.table(ATTACHMENTS).find("Document", document["ID"])):
        records.delete(company, ATTACHMENTS, row, user_id=user_id)


def document_defaults(company: Company, values: Row) -> Row:
    """Number, names and category of a new document; the category as recorded."""
    found = company.table(TYPES).get(values["Type"])
    return {
        "HID": company.next_number("document"),
        "TypeDescription": found["Description"] if found else None,
        "CategoryDescription": "Customers",
        "HasEmptyBody": not values.get("Body"),
    }


def attachment_defaults(company: Company, values: Row) -> Row:
    """Size and address of a new file; the site is put before the address where it is known."""
    del company
    attachment_id = str(uuid.uuid4())
    url = f"/docs/SysAttachment.aspx?ID={attachment_id}"
    return {"ID": attachment_id, "FileSize": float(_size(values)), "Url": url}


def _size(values: Row) -> int:
    encoded = str(values["Attachment"])
    return len(encoded) * 3 // 4 - encoded.count("=")


def _require_updatable(company: Company, document_id: Value) -> None:
    document = company.table(DOCUMENTS).get(document_id)
    if document is not None:
        _require_allowed(company, document["Type"], "Updatable", "changed")


def _require_allowed(company: Company, type_id: Value, flag: str, verb: str) -> None:
    found = company.table(TYPES).get(type_id)
    if found is None or not found[f"DocumentIs{flag}"]:
        raise bad_request(f"Document type {type_id} can not be {verb}.")


def _require_order(company: Company, values: Row) -> None:
    number = values.get("SalesOrderNumber")
    if number is not None and not company.table(ORDERS).find("OrderNumber", number):
        raise bad_request(f"Invalid reference: SalesOrderNumber '{number}' does not exist.")
