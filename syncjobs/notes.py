"""Notes that colleagues leave at a delivery: kept under a key of their own each, and read only here."""

from datetime import datetime
from uuid import UUID

from audit.models import Event
from audit.record import acting, happenings
from connector_site.lib.record_keys import lock_json, open_json
from connector_site.lib.wording import said
from syncjobs.models import Delivery, Note
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context

PURPOSE = "note"
LONGEST_NOTE = 1000
"""Our own bound: a note, not a file."""


class NoteRefused(Exception):
    """It cannot be kept; the message says why. Nothing was changed."""


def write(*, actor: str, author_id: int, tenant_id: UUID, delivery_code: UUID, text: str, at: datetime) -> Note:
    """Keep a note. Raises `Delivery.DoesNotExist` or `NoteRefused`."""
    words = text.strip()
    with acting(actor), tenant_context(tenant_id):
        delivery = Delivery.objects.get(tenant_id=tenant_id, code=delivery_code)
        if not words:
            raise NoteRefused(said("Write something first."))
        if len(words) > LONGEST_NOTE:
            raise NoteRefused(said("A note has at most {most} characters.", most=LONGEST_NOTE))
        note = Note(tenant_id=tenant_id, delivery=delivery, author_id=author_id, created_at=at)
        locked = lock_json({"text": words}, owner=note.code, purpose=PURPOSE)
        note.sealed_key, note.sealed = locked.sealed_key, locked.sealed
        note.save(force_insert=True)
        happenings(tenant_id, [delivery_event(delivery, Event.Kind.CHANGED, details={"what": "note written"})])
    return note


def words_of(note: Note) -> str:
    """What it says; raises one of `secrets.UNREADABLE`."""
    opened = open_json(note.sealed_key, note.sealed, owner=note.code, purpose=PURPOSE)
    return str(opened["text"])
