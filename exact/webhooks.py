"""What Exact posts to us: proving it is Exact's, and reading it (`exact.md` 11.3 and 11.4).

The signature covers the raw bytes of `Content`, so those are cut out of the body as they are, never written anew.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector_site.lib.secrets import Secret
from exact.payloads import Text, UnreadableAnswer, read_json

MAX_BODY_BYTES = 64 * 1024
"""Read no more than this of a notification (`reliability.md` 3)."""
_OPENING = b'{"Content":'
_SEAM = b',"HashCode":"'
_CLOSING = b'"}'
_HASH_LENGTH = 64
_RESOURCE = re.compile(r"/api/v1/\d+/([a-z]+/[A-Za-z]+)\(", re.IGNORECASE)


class NotANotification(Exception):
    """The body is not a notification of Exact's."""


class BadSignature(Exception):
    """The body has the shape of a notification, but Exact did not sign it with our secret."""


class Action(StrEnum):
    """What happened to the record."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A hint that a record changed. The record itself is read from Exact; no address in here is ever called."""

    topic: str
    client_id: str
    division: int
    action: Action
    key: UUID
    resource: str
    created_text: str
    fingerprint: str

    @property
    def is_about_line(self) -> bool:
        """Whether `key` may be a line's (`exact.md` 11.3): look up its delivery first."""
        return self.resource.lower().endswith("/goodsdeliverylines")


class _Content(BaseModel):
    """The signed part; old notifications have five fields only (`exact.md` 13, point 13)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    topic: str = Field(alias="Topic")
    client_id: str = Field(alias="ClientId")
    division: int = Field(alias="Division")
    action: Text = Field(default="", alias="Action")
    key: UUID = Field(alias="Key")
    endpoint: Text = Field(default="", alias="ExactOnlineEndpoint")
    created: Text = Field(default="", alias="EventCreatedOn")


def verify(body: bytes, secret: Secret) -> Notification:
    """The notification in these bytes. Raises `NotANotification` or `BadSignature`."""
    content, claimed = _cut(body)
    genuine = hmac.new(secret.reveal().encode(), content, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(genuine.upper().encode(), claimed.upper()):
        raise BadSignature("the signature does not fit")
    try:
        read = _Content.model_validate(read_json(content))
    except (UnreadableAnswer, ValidationError, RecursionError) as error:
        raise NotANotification("signed, but not readable") from error
    found = _RESOURCE.search(read.endpoint)
    return Notification(
        topic=read.topic,
        client_id=read.client_id.lower(),
        division=read.division,
        action=Action(read.action) if read.action in {known.value for known in Action} else Action.UNKNOWN,
        key=read.key,
        resource=found.group(1) if found else "",
        created_text=read.created,
        fingerprint=hashlib.sha256(content).hexdigest(),
    )


def _cut(body: bytes) -> tuple[bytes, bytes]:
    """The bytes that were signed, and the signature claimed for them."""
    trimmed = body.strip()
    if len(trimmed) > MAX_BODY_BYTES or not trimmed.startswith(_OPENING) or not trimmed.endswith(_CLOSING):
        raise NotANotification("not the shape of a notification")
    content, seam, tail = trimmed[len(_OPENING) : -len(_CLOSING)].rpartition(_SEAM)
    if not seam or len(tail) != _HASH_LENGTH:
        raise NotANotification("no signature")
    return content, tail
