"""The trail as a file that a third party can verify without us: `docs/audit.md` is the recipe.

Each line holds the text that was hashed, byte for byte as the database made it, beside the same facts in readable
fields. It is read in small portions and sent while it is made, so its size does not matter.
"""

import json
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection
from django.utils import timezone

from audit import chain, trail, verify_export
from audit.chain import Place
from connector_site.lib.streamed_zip import Outlet
from tenants.context import tenant_context

EVENTS_AT_ONCE = 2_000
"""Our own bound, some two megabytes."""
RECIPE = Path(__file__).resolve().parent.parent / "docs" / "audit.md"
_FAST = 1
"""Of nine grades of compression; the others take several times as long for a tenth less."""
_LINES = """
    SELECT e.sequence, e.previous_hash, e.hash, json_build_object(
        'sequence', e.sequence, 'tenant', e.tenant_id,
        'recorded_at', to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), 'code', e.code,
        'actor', e.actor, 'correlation', e.correlation, 'kind', e.kind, 'subject_kind', e.subject_kind,
        'subject', e.subject, 'from_state', e.from_state, 'to_state', e.to_state, 'details', e.details,
        'previous_hash', e.previous_hash, 'hash', e.hash, 'text', audit_event_text(e, e.previous_hash))::text
      FROM audit_event e WHERE e.tenant_id = %s AND e.sequence > %s AND e.sequence <= %s ORDER BY e.sequence LIMIT %s
"""


@dataclass(slots=True, kw_only=True)
class _Sent:
    """What went into the file so far."""

    events: int = 0
    first: int | None = None
    first_previous_hash: str = ""
    last: int | None = None
    last_hash: str = ""


def archive(tenant_id: uuid.UUID, *, from_at: datetime | None, until_at: datetime | None) -> Iterator[bytes]:
    """The events of a time, or all, as one archive with the recipe and the program that verifies it."""
    with tenant_context(tenant_id):
        beginning, head = chain.beginning_of(tenant_id), chain.head_of(tenant_id)
        first, last = trail.bounds(tenant_id, from_at=from_at, until_at=until_at)
    out, sent = Outlet(), _Sent()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST) as packed:
        packed.writestr("audit.md", RECIPE.read_bytes())
        packed.writestr("verify_export.py", Path(verify_export.__file__).read_bytes())
        yield out.taken()
        with packed.open(zipfile.ZipInfo(verify_export.EVENTS), "w", force_zip64=True) as lines:
            for portion in _portions(tenant_id, first - 1, min(last, head.sequence), sent):
                lines.write(portion)
                yield out.taken()
        told = _manifest(tenant_id, sent, beginning=beginning, head=head)
        packed.writestr(verify_export.MANIFEST, json.dumps(told, indent=1))
    yield out.taken()


def _portions(tenant_id: uuid.UUID, after: int, last: int, sent: _Sent) -> Iterator[bytes]:
    """Lines, each portion read in a transaction of its own."""
    reached = after
    while True:
        with tenant_context(tenant_id), connection.cursor() as cursor:
            cursor.execute(_LINES, [tenant_id, reached, last, EVENTS_AT_ONCE])
            rows = cursor.fetchall()
        if not rows:
            return
        if sent.first is None:
            sent.first, sent.first_previous_hash = rows[0][0], rows[0][1]
        sent.events += len(rows)
        reached = sent.last = rows[-1][0]
        sent.last_hash = rows[-1][2]
        yield "".join(f"{row[3]}\n" for row in rows).encode()


def _manifest(tenant_id: uuid.UUID, sent: _Sent, *, beginning: Place, head: Place) -> dict[str, object]:
    return {
        "format": verify_export.FORMAT,
        "version": verify_export.VERSION,
        "tenant": str(tenant_id),
        "made_at": timezone.now().isoformat(),
        "events": sent.events,
        "first_sequence": sent.first,
        "first_previous_hash": sent.first_previous_hash,
        "last_sequence": sent.last,
        "last_hash": sent.last_hash,
        "deleted_through": {"sequence": beginning.sequence, "hash": beginning.hash},
        "head": {"sequence": head.sequence, "hash": head.hash},
        "is_whole": sent.first == beginning.sequence + 1 and sent.last == head.sequence,
    }
