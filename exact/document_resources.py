"""The properties of documents, their files and their types that we read, and how they become records of ours."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from connector_site.lib.wording import said
from exact.errors import ExactRejected
from exact.payloads import Flag, Key, OptionalNumber, Text, WholeNumber, Wire
from exact.records import Attachment, Document, DocumentType

MAX_ATTACHMENT_BYTES = 5_000_000 - 1
"""`exact.md` 8.9: Exact's own limit is unknown, keep below 5 MB."""


class WireDocumentType(Wire):
    """`documents/DocumentTypes` (`exact.md` 8.9)."""

    path: ClassVar[str] = "documents/DocumentTypes"

    id: int = Field(alias="ID")
    description: Text = ""
    document_is_creatable: Flag = False
    document_is_updatable: Flag = False

    def record(self) -> DocumentType:
        """The type as ours."""
        return DocumentType(
            id=self.id,
            description=self.description,
            is_creatable=self.document_is_creatable,
            is_updatable=self.document_is_updatable,
        )


class WireDocument(Wire):
    """`documents/Documents` (`exact.md` 8.9)."""

    path: ClassVar[str] = "documents/Documents"

    id: UUID = Field(alias="ID")
    subject: Text = ""
    type: WholeNumber = None
    account: Key = None
    hid: WholeNumber = Field(default=None, alias="HID")
    sales_order_number: WholeNumber = None

    def record(self) -> Document:
        """The document as ours."""
        return Document(
            id=self.id,
            subject=self.subject,
            type=self.type,
            account_id=self.account,
            number=self.hid,
            sales_order_number=self.sales_order_number,
        )


class WireAttachment(Wire):
    """`documents/DocumentAttachments`; the file itself is never shown (`exact.md` 8.9)."""

    path: ClassVar[str] = "documents/DocumentAttachments"

    id: UUID = Field(alias="ID")
    file_name: Text = ""
    file_size: OptionalNumber = None

    def record(self) -> Attachment:
        """The file as ours."""
        size = None if self.file_size is None else int(self.file_size)
        return Attachment(id=self.id, file_name=self.file_name, file_size=size)


class WireMade(Wire):
    """The answer to a POST: nothing but the key is taken from it (`exact.md` 6.4)."""

    id: UUID = Field(alias="ID")


def require_attachable(content: bytes) -> None:
    """Refuse a file that Exact might not take, before anything is sent."""
    if len(content) > MAX_ATTACHMENT_BYTES:
        raise ExactRejected(
            said("This file is too large for a document in Exact Online; it has to stay below 5 MB."),
            operation="create_attachment",
            reason="attachment_too_large",
        )
