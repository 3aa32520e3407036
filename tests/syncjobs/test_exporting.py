"""A customer's copy: everything is in it or is left out for a reason, and no secret ever is."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from connector_site.lib.secrets import EncryptedBytesField, SealedField
from syncjobs import engine, queue
from syncjobs.models import Export, ExportPart, SyncJob
from syncjobs.personal import exporting
from syncjobs.personal.export_tables import NOT_IN_THE_COPY, TABLES, Table
from syncjobs.steps.context import Step
from tenants.context import tenant_context
from tests.factories import make_cast, some_guid
from tests.pages import scene
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return scene.make_desk(make_cast().tenant)


def of_tenants() -> set[type[Model]]:
    ours = {"tenants", "audit", "exact", "ups", "syncjobs"}
    found = {
        model
        for model in apps.get_models()
        if model._meta.app_label in ours and any(field.name == "tenant" for field in model._meta.concrete_fields)
    }
    return found | {apps.get_model("tenants", "Tenant")}


def test_every_table_of_a_customer_is_in_the_copy_or_left_out_for_a_reason() -> None:
    assert {table.model for table in TABLES} | set(NOT_IN_THE_COPY) == of_tenants()
    assert {table.model for table in TABLES} & set(NOT_IN_THE_COPY) == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_is_in_the_copy_or_left_out_for_a_reason(table: Table) -> None:
    named = {*table.columns, *table.opened, *table.left_out, *(link.split("__")[0] for link in table.links)}
    columns = {field.name for field in table.model._meta.concrete_fields} - {"id", "tenant"}
    sealed = {
        field.name
        for field in table.model._meta.concrete_fields
        if isinstance(field, SealedField | EncryptedBytesField)
    }

    assert named == columns, "a new column must be told or left out for a reason, and one that is gone is not"
    assert sealed & set(table.columns) == set()


def make(desk: Desk) -> Export:
    with tenant_context(desk.tenant.id):
        export = exporting.ask(desk.tenant.id, asked_by=some_guid(), at=timezone.now() - timedelta(seconds=1))
    (job,) = queue.claim([SyncJob.Queue.UPKEEP])
    engine.run(job, Step(at=timezone.now()))
    with tenant_context(desk.tenant.id):
        export.refresh_from_db()
    return export


def taken(desk: Desk, export: Export) -> dict[str, bytes]:
    content = b"".join(exporting.archive(export, desk.tenant.id))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def lines(files: dict[str, bytes], folder: str) -> list[dict[str, object]]:
    found = [content for name, content in sorted(files.items()) if name.startswith(f"{folder}/")]
    return [json.loads(line) for content in found for line in content.decode().splitlines()]


def test_the_copy_holds_what_is_kept_opened_and_no_secret(desk: Desk) -> None:
    delivery = scene.make_shipped(desk)

    export = make(desk)
    files = taken(desk, export)

    (told,) = lines(files, "addresses")
    assert told["delivery__code"] == str(delivery.code)
    assert isinstance(told["address"], dict)
    assert told["address"]["name"] == "Möbelhaus Lindner GmbH"
    (request,) = lines(files, "requests")
    assert "Lindner" in str(request["request"])
    assert [content for name, content in files.items() if name.startswith("labels/")] == [scene.label_picture()]
    assert files[next(name for name in files if name.startswith("audit/"))].startswith(b"sequence,recorded_at,actor")
    assert b"Voorbeeld Groothandel BV" in files["README.txt"]
    everything = b"".join(files.values())
    assert [secret for secret in (b"s3cret", b"client-of-the-customer") if secret in everything] == []
    assert export.expires_at is not None
    with tenant_context(desk.tenant.id):
        stored = b"".join(bytes(part.packed) for part in ExportPart.objects.all())
    assert b"Lindner" not in stored


def test_a_copy_that_was_cut_off_is_gone_on_with_and_nothing_comes_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(exporting, "LABELS_AT_ONCE", 1)
    deliveries = [scene.make_shipped(desk) for _ in range(3)]
    with tenant_context(desk.tenant.id):
        export = exporting.ask(desk.tenant.id, asked_by=some_guid(), at=timezone.now())
        for _ in range(12):
            assert exporting.make_part(Export.objects.get(pk=export.pk), at=timezone.now())
        again = exporting.ask(desk.tenant.id, asked_by=some_guid(), at=timezone.now())
        while exporting.make_part(Export.objects.get(pk=export.pk), at=timezone.now()):
            pass
        export.refresh_from_db()

    files = taken(desk, export)

    assert again.pk == export.pk
    told = [row["code"] for row in lines(files, "deliveries")]
    assert told == [str(delivery.code) for delivery in deliveries]
    assert len([name for name in files if name.startswith("labels/")]) == 3


def test_labels_that_do_not_fit_are_left_out_and_the_copy_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_BYTES", 1)
    scene.make_shipped(desk, parcels=2)

    files = taken(desk, make(desk))

    assert [name for name in files if name.startswith("labels/")] == []
    assert b"2 labels did not fit" in files["README.txt"]


def test_the_newest_two_copies_are_kept_and_another_is_refused_where_they_take_too_much_room(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make(desk) for _ in range(3)]
    with tenant_context(desk.tenant.id):
        assert sorted(Export.objects.values_list("pk", flat=True)) == [one.pk for one in made[1:]]
    monkeypatch.setattr(exporting, "MOST_KEPT_BYTES", made[2].size_bytes)

    with tenant_context(desk.tenant.id), pytest.raises(exporting.NotMade, match="Make one after 20"):
        exporting.ask(desk.tenant.id, asked_by=some_guid(), at=timezone.now())
    with tenant_context(desk.tenant.id):
        assert Export.objects.filter(finished_at__isnull=False).exists()
        assert exporting.under_way(desk.tenant.id) is None
