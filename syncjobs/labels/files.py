"""The content of labels: kept under a key of its own, and read only here."""

from datetime import datetime

from connector_site.lib.record_keys import lock_bytes, open_bytes
from connector_site.lib.references import new_code
from syncjobs.models import Label, Parcel

PURPOSE = "label"


def new_label(parcel: Parcel, *, image_format: str, content: bytes, at: datetime) -> Label:
    """A row to be stored."""
    code = new_code()
    locked = lock_bytes(content, owner=code, purpose=PURPOSE)
    return Label(
        code=code,
        tenant_id=parcel.tenant_id,
        parcel=parcel,
        image_format=image_format,
        sealed_key=locked.sealed_key,
        content=locked.content,
        created_at=at,
    )


def content_of(label: Label) -> bytes | None:
    """The label as UPS sent it, None once it was erased; raises one of `secrets.UNREADABLE`."""
    if label.content is None:
        return None
    return open_bytes(label.sealed_key, label.content, owner=label.code, purpose=PURPOSE)
