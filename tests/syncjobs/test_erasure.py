"""Erasing a receiver: nothing of hers is left in any column of any table, and the audit trail still fits."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.chain import verify
from audit.models import Event
from connector_site.lib.secrets import seal
from exact import master
from exact.models import MasterRecord
from exact.records import Contact
from syncjobs import raw_messages
from syncjobs.doubts.evidence import REFUSAL, decided
from syncjobs.doubts.evidence import told as told_by
from syncjobs.models import Attempt, Delivery, DryRun, Export, Parcel, PartyAddress, Receipt, TrackingEvent, ViewPage
from syncjobs.parties import keep_party
from syncjobs.personal import erasure
from syncjobs.problems import Problem, as_json
from syncjobs.tracking import history_rows
from tenants.context import tenant_context
from tests.factories import make_cast, some_guid
from tests.pages import scene
from tests.pages.scene import Desk
from ups.models import QuantumViewFeed
from ups.shipment_spec import PartySpec

pytestmark = pytest.mark.django_db

SIGNED = "Lindner, Hanna"
TRACES = ("lindner", "königsallee", "wareneingang", "1234567", "hanna")


@pytest.fixture
def desk() -> Desk:
    return scene.make_desk(make_cast().tenant)


def ended(desk: Desk, delivery: Delivery) -> Delivery:
    """A delivery that is closed."""
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.CLOSED)
    return delivery


def everywhere(desk: Desk, delivery: Delivery) -> None:
    """Let the receiver stand in every place that may show her."""
    at = timezone.now()
    told = {"received_by": SIGNED, "raw": {"signedForByName": SIGNED}}
    with tenant_context(desk.tenant.id):
        mine: dict[str, Any] = {"tenant": desk.tenant}
        parcel = Parcel.objects.get(shipment__delivery=delivery)
        event = TrackingEvent(**mine, parcel=parcel, fingerprint="f", happened_at=at)
        event.sealed = seal(told, owner=event.code, purpose=history_rows.PURPOSE)
        event.save()
        receipt = Receipt(**mine, source="ups", topic="T", action="D", subject=delivery.code, fingerprint="r")
        receipt.sealed_body = raw_messages.sealed_push(json.dumps(told).encode(), receipt_code=receipt.code)
        receipt.save()
        for number in (parcel.tracking_number, "1Z0000000000000000"):
            stray = Receipt(**mine, source="ups", topic="T", action="D", fingerprint=number, dead_letter="x")
            stray.sealed_body = raw_messages.sealed_push(json.dumps([number]).encode(), receipt_code=stray.code)
            stray.save()
        Parcel.objects.filter(pk=parcel.pk).update(void_refusal=f"{SIGNED} has signed for it.")
        attempt = Attempt.objects.get(delivery=delivery)
        attempt.evidence = decided(attempt, decision="keep", reason=f"{SIGNED} called us", at=at)
        refused = f"Ask {SIGNED}"
        evidence = told_by(attempt, source="void", said=refused, at=at, **{REFUSAL: refused})
        Attempt.objects.filter(pk=attempt.pk).update(evidence=evidence)
        feed = QuantumViewFeed.objects.create(**mine, account=desk.account, name="Out")
        for text in (f"<Name>{scene.RECEIVER.name}</Name>", "<Name>Somebody else</Name>"):
            page = ViewPage(**mine, feed=feed, used_at=at)
            page.body = raw_messages.sealed_view(text.encode(), page_code=page.code)
            page.save()
        run = DryRun(**mine, connection=desk.connection)
        run.sealed_results = seal([{"name": scene.RECEIVER.name}], owner=run.code, purpose="dry run")
        run.save()
        Export.objects.create(**mine, asked_by=some_guid(), finished_at=at, expires_at=at + timedelta(days=7))
        problem = Problem(code="x", field="name", text=f"{scene.RECEIVER.name} is too long.", where="Exact")
        Delivery.objects.filter(pk=delivery.pk).update(problems=as_json([problem]))


def keep_contacts(desk: Desk, *names: str) -> None:
    rows: dict[tuple[str, Any], Any] = {}
    for name in names:
        contact = Contact(id=some_guid(), name=name, email="", phone="", mobile="", account_id=None, is_main=False)
        rows[master.Resource.CONTACT, contact.id] = contact
    master.store(desk.connection, rows, at=timezone.now())


def contents(desk: Desk) -> str:
    """Every column of every row of the tenant, opened."""
    parts: list[str] = []
    with tenant_context(desk.tenant.id):
        for model in apps.get_models():
            if not any(field.name == "tenant" for field in model._meta.concrete_fields):
                continue
            for row in model._default_manager.all():
                values = [getattr(row, field.attname) for field in model._meta.concrete_fields]
                parts += [
                    bytes(v).decode(errors="replace") if isinstance(v, bytes | memoryview) else repr(v) for v in values
                ]
        parts += [repr(history_rows.receiver_of(row)) for row in TrackingEvent.objects.all()]
    return "".join(parts).casefold()


def chosen(desk: Desk, asked: str) -> list[str]:
    with tenant_context(desk.tenant.id):
        return [one.delivery.delivery_number for one in erasure.find(desk.tenant.id, asked)]


def test_after_erasing_nothing_of_the_person_is_left_and_others_keep_theirs(desk: Desk) -> None:
    hers, others = ended(desk, scene.make_shipped(desk)), ended(desk, scene.make_shipped(desk))
    with tenant_context(desk.tenant.id):
        else_where = PartySpec(
            name="Ander Ltd", phone="+44 20 7946 0000", address_lines=("High Street 1",), city="Leeds", country="GB"
        )
        keep_party(others, else_where, at=timezone.now())
        Delivery.objects.filter(pk=others.pk).update(problems=[])
    everywhere(desk, hers)
    keep_contacts(desk, SIGNED, scene.RECEIVER.name, "Somebody else")

    with tenant_context(desk.tenant.id):
        counts = erasure.erase(desk.tenant.id, [hers.code], at=timezone.now())

    assert (counts.deliveries, counts.labels, counts.requests, counts.events) == (1, 1, 1, 1)
    assert (counts.messages, counts.records, counts.previews, counts.exports) == (3, 1, 1, 1)
    with tenant_context(desk.tenant.id):
        assert PartyAddress.objects.get(delivery=hers).erased_at is not None
        assert PartyAddress.objects.get(delivery=others).sealed is not None
        assert Attempt.objects.get(delivery=others).request is not None
        assert Attempt.objects.get(delivery=hers).request is None
        assert (ViewPage.objects.count(), MasterRecord.objects.count()) == (1, 2)
        assert [row.fingerprint for row in Receipt.objects.all()] == ["1Z0000000000000000"]
        (kept,) = Attempt.objects.get(delivery=hers).evidence["decisions"]
        assert (kept["decision"], kept["reason"]) == ("keep", "")
        assert Event.objects.for_subject(hers.code).filter(details__what="receiver erased").count() == 1
        assert verify(desk.tenant.id).broken_at is None
    assert chosen(desk, "Lindner") == []


def test_no_column_of_any_table_says_it_any_more(desk: Desk) -> None:
    delivery = ended(desk, scene.make_shipped(desk))
    everywhere(desk, delivery)
    keep_contacts(desk, scene.RECEIVER.name)
    before = contents(desk)

    with tenant_context(desk.tenant.id):
        erasure.erase(desk.tenant.id, [delivery.code], at=timezone.now())

    after = contents(desk)
    assert [trace for trace in ("lindner", "königsallee") if trace not in before] == []
    assert [trace for trace in TRACES if trace in after] == []


@pytest.mark.parametrize(
    "asked", ["Lindner", "mobelhaus LINDNER", "Königsallee 92a", "40212 92a", "0211 1234567", "+49 (211) 123-4567"]
)
def test_a_receiver_is_found_by_words_that_are_known_of_her(desk: Desk, asked: str) -> None:
    delivery = ended(desk, scene.make_shipped(desk))

    assert chosen(desk, asked) == [delivery.delivery_number]
    assert chosen(desk, "Lindner Amsterdam") == []


def test_a_receiver_is_found_by_her_e_mail_address(desk: Desk) -> None:
    delivery = ended(desk, scene.make_shipped(desk))
    with tenant_context(desk.tenant.id):
        keep_party(delivery, replace(scene.RECEIVER, email="H.Lindner@example.com"), at=timezone.now())

    assert chosen(desk, "h.lindner@example.com") == [delivery.delivery_number]


def test_numbers_find_the_delivery_too(desk: Desk) -> None:
    delivery = ended(desk, scene.make_shipped(desk))
    with tenant_context(desk.tenant.id):
        number = Parcel.objects.get(shipment__delivery=delivery).tracking_number

    assert chosen(desk, delivery.delivery_number) == [delivery.delivery_number]
    assert chosen(desk, number) == [delivery.delivery_number]


def test_a_delivery_on_its_way_keeps_its_address(desk: Desk) -> None:
    delivery = scene.make_shipped(desk)
    before = contents(desk)

    with tenant_context(desk.tenant.id), pytest.raises(erasure.NotErasable, match="not finished"):
        erasure.erase(desk.tenant.id, [delivery.code], at=timezone.now())

    assert contents(desk) == before


def test_a_request_may_be_erased_once_it_is_settled_and_never_changed(desk: Desk) -> None:
    settled, sending = scene.make_shipped(desk), scene.make_sending(desk)
    at = timezone.now()

    for delivery, changes in (
        (settled, {"request": {"other": "words"}, "erased_at": at}),
        (settled, {"request": None}),
        (sending, {"request": None, "erased_at": at}),
    ):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), tenant_context(desk.tenant.id):
            Attempt.objects.filter(delivery=delivery).update(**changes)
    with tenant_context(desk.tenant.id):
        assert Attempt.objects.filter(delivery=settled).update(request=None, erased_at=at) == 1
        assert Attempt.objects.filter(request__isnull=False).count() == 1
