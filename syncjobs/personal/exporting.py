"""A copy of everything that is kept for a customer: made in parts, each packed and encrypted, and taken as one archive.

A part is stored with the row after which its table goes on, so the work may be cut off anywhere and is gone on with.
"""

import csv
import io
import json
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.utils import translation

from connector_site.lib.secrets import UNREADABLE, seal_bytes, unseal_bytes
from connector_site.lib.streamed_zip import Outlet
from connector_site.lib.wording import local, said
from syncjobs import queue
from syncjobs.models import Export, ExportPart, SyncJob
from syncjobs.personal.export_tables import AUDIT, LABELS, TABLES, Table
from tenants.context import tenant_context
from tenants.models import Tenant

KEPT_FOR = timedelta(days=7)
ROWS_AT_ONCE = 2_000
LABELS_AT_ONCE = 50
"""Our own bounds: a part is a few megabytes, so little memory is needed to make and to take it."""
MOST_BYTES = 1024**3
"""Our own: so much one copy may take of the database; labels that no longer fit are left out, and the copy says so."""
MOST_KEPT_BYTES = 2 * MOST_BYTES
"""Our own: above this another copy has to wait until the kept ones are gone."""
KEPT_AT_ONCE = 2
"""The newest ones, the one that is being made included."""
README = "README.txt"
_PURPOSE = "part of an export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far an export is."""

    position: int
    table: int
    last_id: int


class NotMade(Exception):
    """Why no copy is made now; the text says what to do."""


def ask(tenant_id: uuid.UUID, *, asked_by: uuid.UUID, at: datetime) -> Export:
    """Have a copy made; one that is being made already is used, and older ones than the newest go.

    Within the tenant's context. Raises `NotMade`.
    """
    Tenant.objects.select_for_update().only("pk").get(pk=tenant_id)
    waiting = under_way(tenant_id)
    if waiting is not None:
        return waiting
    kept = list(finished(tenant_id, at=at).values_list("pk", flat=True)[: KEPT_AT_ONCE - 1])
    Export.objects.filter(tenant_id=tenant_id).exclude(pk__in=kept).delete()
    largest = Export.objects.filter(tenant_id=tenant_id, size_bytes__gte=MOST_KEPT_BYTES).order_by("expires_at").last()
    if largest is not None and largest.expires_at is not None:
        day = largest.expires_at.date().isoformat()
        raise NotMade(said("The copy that is kept takes too much room for another one. Make one after {day}.", day=day))
    export = Export.objects.create(tenant_id=tenant_id, asked_by=asked_by, asked_at=at)
    queue.add(tenant_id, SyncJob.Kind.EXPORT, export.code, due_at=at)
    return export


def under_way(tenant_id: uuid.UUID) -> Export | None:
    """The copy that is being made; one whose work was given up is none."""
    export = Export.objects.filter(tenant_id=tenant_id, finished_at=None).order_by("-asked_at").first()
    if export is None:
        return None
    jobs = SyncJob.objects.filter(tenant_id=tenant_id, kind=SyncJob.Kind.EXPORT, subject=export.code)
    return export if jobs.filter(state__in=[SyncJob.State.DUE, SyncJob.State.RUNNING]).exists() else None


def finished(tenant_id: uuid.UUID, *, at: datetime) -> QuerySet[Export]:
    """The copies that can be taken, the newest first."""
    return Export.objects.filter(tenant_id=tenant_id, finished_at__isnull=False, expires_at__gt=at).order_by(
        "-finished_at"
    )


def make_part(export: Export, *, at: datetime) -> bool:
    """Make the next part; False once there was none left, and the copy is finished. Within the tenant's context."""
    place = _place_of(export)
    while place.table < len(TABLES):
        table = TABLES[place.table]
        rows = _next_rows(table, export, after=place.last_id)
        is_full = table.name == LABELS and (export.size_bytes or 0) >= MOST_BYTES
        if rows and not is_full:
            _store_rows(export, table, rows, place)
            return True
        if rows:
            _finish(export, place, at=at, left_out=_left(table, export, after=place.last_id))
            return False
        place = Place(position=place.position, table=place.table + 1, last_id=0)
    _finish(export, place, at=at, left_out=0)
    return False


def archive(export: Export, tenant_id: uuid.UUID) -> Iterator[bytes]:
    """The archive, part by part; each is opened in a transaction of its own."""
    out = Outlet()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in _files(export, tenant_id):
            packed.writestr(name, content)
            yield out.taken()
    yield out.taken()


def _files(export: Export, tenant_id: uuid.UUID) -> Iterator[tuple[str, bytes]]:
    with tenant_context(tenant_id):
        places = list(ExportPart.objects.filter(export=export).order_by("position").values_list("pk", flat=True))
    for pk in places:
        with tenant_context(tenant_id):
            part = ExportPart.objects.get(tenant_id=tenant_id, pk=pk)
        content = zlib.decompress(unseal_bytes(part.packed, owner=part.code, purpose=_PURPOSE))
        if part.table != LABELS or part.name == README:
            yield part.name, content
            continue
        yield from _unpacked(content)


def _place_of(export: Export) -> Place:
    last = ExportPart.objects.filter(export=export).order_by("-position").defer("packed").first()
    if last is None:
        return Place(position=1, table=0, last_id=0)
    names = [table.name for table in TABLES]
    return Place(position=last.position + 1, table=names.index(last.table), last_id=last.last_id)


def _rows(table: Table, export: Export, *, after: int) -> QuerySet[Model]:
    tenant = {table.of_tenant: export.tenant_id}
    rows: QuerySet[Model] = QuerySet(table.model).filter(**tenant)
    return rows if table.of_tenant == "pk" else rows.filter(pk__gt=after).order_by("pk")


def _next_rows(table: Table, export: Export, *, after: int) -> list[dict[str, Any]]:
    """The next rows as they go into the copy; `_id` is the row's own number, which is not told."""
    if table.of_tenant == "pk" and after:
        return []
    most = LABELS_AT_ONCE if table.name == LABELS else ROWS_AT_ONCE
    rows = list(_rows(table, export, after=after).values("pk", *table.columns, *table.links)[:most])
    opened = _opened(table, [row["pk"] for row in rows]) if table.opened else {}
    return [
        {"_id": 1 if table.of_tenant == "pk" else row.pop("pk")} | row | opened.get(number, {})
        for row, number in [(row, row["pk"]) for row in rows]
    ]


def _opened(table: Table, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The sealed columns of these rows; what cannot be opened says so and costs no other."""
    try:
        rows: Iterable[Model] = list(_whole(table, numbers))
    except UNREADABLE:
        rows = []
    found = {row.pk: row for row in rows}
    return {number: _words(table, number, found.get(number)) for number in numbers}


def _words(table: Table, number: int, row: Model | None) -> dict[str, Any]:
    try:
        whole = row or _whole(table, [number]).get()
        return {name: opener(whole) for name, opener in table.opened.values()}
    except UNREADABLE:
        return {name: "cannot be read" for name, _ in table.opened.values()}


def _whole(table: Table, numbers: Sequence[int]) -> QuerySet[Model]:
    related = sorted({link.split("__")[0] for link in table.links})
    rows: QuerySet[Model] = QuerySet(table.model).filter(pk__in=numbers)
    return rows.select_related(*related) if related else rows


def _store_rows(export: Export, table: Table, rows: Sequence[dict[str, Any]], place: Place) -> None:
    last_id = int(rows[-1]["_id"])
    content = _packed_labels(rows) if table.name == LABELS else _text_of(table, rows)
    suffix = "csv" if table.name == AUDIT else "jsonl"
    name = f"{table.name}/{place.position:05}.{suffix}"
    _store(export, table.name, name, content, rows=len(rows), position=place.position, last_id=last_id)


def _store(export: Export, table: str, name: str, content: bytes, *, rows: int, position: int, last_id: int) -> None:
    part = ExportPart(
        tenant_id=export.tenant_id,
        export=export,
        position=position,
        table=table,
        last_id=last_id,
        name=name,
        rows=rows,
    )
    part.packed = seal_bytes(zlib.compress(content), owner=part.code, purpose=_PURPOSE)
    part.save(force_insert=True)
    export.size_bytes = (export.size_bytes or 0) + len(part.packed)
    export.save(update_fields=["size_bytes"])


def _text_of(table: Table, rows: Iterable[dict[str, Any]]) -> bytes:
    told = [{name: value for name, value in row.items() if name not in {"_id", "pk"}} for row in rows]
    if table.name != AUDIT:
        return "".join(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n" for row in told).encode()
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=table.columns)
    writer.writeheader()
    for row in told:
        writer.writerow(row | {"details": json.dumps(row["details"], cls=DjangoJSONEncoder, ensure_ascii=False)})
    return out.getvalue().encode()


def _packed_labels(rows: Sequence[dict[str, Any]]) -> bytes:
    """Several label files as one archive, to be taken apart again on the way out."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for row in rows:
            if isinstance(row["file"], bytes):
                name = f"{row['parcel__tracking_number']}.{row['image_format'].lower()}"
                packed.writestr(f"labels/{name}", row["file"])
    return out.getvalue()


def _unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for name in packed.namelist():
            yield name, packed.read(name)


def _left(table: Table, export: Export, *, after: int) -> int:
    return _rows(table, export, after=after).count()


def _finish(export: Export, place: Place, *, at: datetime, left_out: int) -> None:
    tenant = Tenant.objects.get(pk=export.tenant_id)
    with translation.override(tenant.language):
        text = _readme(tenant, at=at, left_out=left_out)
    last = TABLES[-1].name
    _store(export, last, README, text.encode(), rows=0, position=place.position, last_id=0)
    export.finished_at, export.expires_at = at, at + KEPT_FOR
    export.save(update_fields=["finished_at", "expires_at"])


def _readme(tenant: Tenant, *, at: datetime, left_out: int) -> str:
    lines = [
        said("This is a copy of what ml-connector keeps for {company}.", company=tenant.name),
        said("It was made on {day}.", day=at.date().isoformat()),
        said("Each folder is one kind of record: one record a line, as JSON. The audit trail is a CSV file."),
        said("The labels are files as UPS sent them."),
        said("Passwords, tokens and credentials are not in the copy."),
    ]
    if left_out:
        lines.append(said("{count} labels did not fit; take them from the pages of their deliveries.", count=left_out))
    return "\n".join(local(line) for line in lines) + "\n"


def has_failed(tenant_id: uuid.UUID) -> bool:
    """Whether the newest copy that was asked for was given up."""
    newest = Export.objects.filter(tenant_id=tenant_id).order_by("-asked_at").first()
    return newest is not None and newest.finished_at is None and under_way(tenant_id) is None
