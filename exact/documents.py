"""Filing a document with a file in Exact so that doing it again finds it there.

Neither POST is idempotent (`exact.md` 6.4): what may have been made is looked up, by subject and by file name, before
anything is sent, and once more when an answer is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from connector_site.lib.wording import said
from exact.client import ExactClient
from exact.document_resources import require_attachable
from exact.errors import ExactOutcomeUnknown, ExactRejected, ExactRightMissing
from exact.models import Connection
from exact.records import Document, DocumentType, NewDocument

MISCELLANEOUS = 55
"""The type for what has no type of its own (`exact.md` 8.9)."""
_REFUSED_BESIDE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""Answers after which a document of our own may still go through; a refused permission will not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """Where a file is now.

    `is_own` tells our own document from one of the customer's that our file was added to; only an own one may be
    linked. `attachment_id` is None where Exact took the file and did not say its id. `number` is what people know the
    document by; None for one that was made just now, whose number Exact does not say.
    """

    document_id: UUID
    attachment_id: UUID | None
    was_there_already: bool
    is_own: bool
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    attachment_id: UUID | None
    was_there_already: bool


def read_document_types(connection: Connection, client: ExactClient) -> tuple[DocumentType, ...]:
    """The types of documents of a company, lowest number first, so that the customer can choose one."""
    if client.division != connection.division:
        raise ValueError("the client is of another company")
    return tuple(sorted(client.document_types(), key=lambda one: one.id))


def creatable_types(types: Sequence[DocumentType]) -> tuple[DocumentType, ...]:
    """The types that a customer may choose from."""
    return tuple(one for one in types if one.is_creatable)


def choose_type(types: Sequence[DocumentType], *, wanted: int = MISCELLANEOUS) -> int | None:
    """The wanted type where the company lets us make such documents, else None."""
    return next((one.id for one in types if one.id == wanted and one.is_creatable), None)


def store_document(
    client: ExactClient,
    document: NewDocument,
    *,
    file_name: str,
    content: bytes,
    beside: UUID | None = None,
    types: Sequence[DocumentType] = (),
) -> StoredDocument:
    """File this under its subject; a file of that name which is there already stays as it is.

    `beside` is the document that the customer linked: the file goes there, and into a document of our own where that
    one is gone or Exact refuses. `types`, where known, spare Exact (and our error budget) what it would refuse.
    """
    require_attachable(content)
    theirs = _first(client.documents([beside])) if beside else None
    if theirs is not None and (found := _attachment_named(client, theirs.id, file_name)) is not None:
        is_own = theirs.subject == document.subject.strip()
        return _stored(theirs, _Placed(attachment_id=found, was_there_already=True), is_own=is_own)
    own = _first(client.documents_by_subject(document.subject, account_id=document.account_id))
    if own is None and theirs is not None and _may_be_added_to(theirs, types):
        added = _add_beside(client, theirs, file_name, content)
        if added is not None:
            return added
    if own is not None:
        placed = _attach_once(client, own.id, file_name, content)
        return _stored(own, placed, is_own=True)
    _require_creatable(document.type, types)
    made = _create_once(client, document)
    placed = _attach(client, made, file_name, content)
    return StoredDocument(document_id=made, attachment_id=placed.attachment_id, was_there_already=False, is_own=True)


def _stored(document: Document, placed: _Placed, *, is_own: bool) -> StoredDocument:
    return StoredDocument(
        document_id=document.id,
        attachment_id=placed.attachment_id,
        was_there_already=placed.was_there_already,
        is_own=is_own,
        number=document.number,
    )


def _add_beside(client: ExactClient, theirs: Document, file_name: str, content: bytes) -> StoredDocument | None:
    """Our file at the customer's document; None when Exact does not let us."""
    try:
        placed = _attach(client, theirs.id, file_name, content)
    except ExactRejected:
        return None
    except ExactRightMissing as error:
        if error.status not in _REFUSED_BESIDE:
            raise
        return None
    return _stored(theirs, placed, is_own=False)


def _create_once(client: ExactClient, document: NewDocument) -> UUID:
    """A new document; after a lost answer the one that was made after all, or the error when there is none yet."""
    try:
        return client.create_document(document)
    except ExactOutcomeUnknown:
        made = _first(client.documents_by_subject(document.subject, account_id=document.account_id))
        if made is None:
            raise
        return made.id


def _attach_once(client: ExactClient, document_id: UUID, file_name: str, content: bytes) -> _Placed:
    found = _attachment_named(client, document_id, file_name)
    if found is not None:
        return _Placed(attachment_id=found, was_there_already=True)
    return _attach(client, document_id, file_name, content)


def _attach(client: ExactClient, document_id: UUID, file_name: str, content: bytes) -> _Placed:
    """A new file; after a lost answer the one that arrived after all, or the error when there is none yet."""
    try:
        attachment_id = client.create_attachment(document_id, file_name, content)
    except ExactOutcomeUnknown:
        attachment_id = _attachment_named(client, document_id, file_name)
        if attachment_id is None:
            raise
    return _Placed(attachment_id=attachment_id, was_there_already=False)


def _attachment_named(client: ExactClient, document_id: UUID, file_name: str) -> UUID | None:
    files = client.attachments_of(document_id)
    return next((file.id for file in files if file.file_name.casefold() == file_name.strip().casefold()), None)


def _may_be_added_to(document: Document, types: Sequence[DocumentType]) -> bool:
    """False only where the document's type is known not to take changes (`exact.md` 8.9)."""
    return all(one.is_updatable for one in types if one.id == document.type)


def _require_creatable(type_id: int, types: Sequence[DocumentType]) -> None:
    if types and choose_type(types, wanted=type_id) is None:
        raise ExactRejected(
            said("This company does not let us make documents of the chosen type. Choose another type."),
            operation="create_document",
            reason="type_not_creatable",
        )


def _first(documents: Sequence[Document]) -> Document | None:
    return documents[0] if documents else None
