"""Labels of many deliveries as one file: their order, their marks, and who may print them."""

import io
import uuid

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from audit.models import Event
from syncjobs.labels.batches import MOST_DELIVERIES, delivery_of, labels_in_pick_order
from syncjobs.models import Attempt, Delivery, Label, Parcel, Shipment
from tenants.context import tenant_context
from tenants.models import Role
from tests import factories
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.security.digests import digest

pytestmark = pytest.mark.django_db


def labels(desk: Desk, delivery: Delivery) -> list[Label]:
    with tenant_context(desk.tenant.id):
        return list(Label.objects.filter(parcel__shipment__delivery=delivery).order_by("parcel__position"))


def post(client: Client, desk: Desk, *deliveries: Delivery, **fields: str) -> HttpResponse:
    address = reverse("syncjobs:print_labels", args=[desk.tenant.code])
    return client.post(address, {"delivery": [str(one.code) for one in deliveries], **fields})  # type: ignore[return-value]


def pages(answer: HttpResponse) -> int:
    return len(PdfReader(io.BytesIO(answer.content)).pages)


def put_at(desk: Desk, delivery: Delivery, *, warehouse: str, place: str, item: str) -> Delivery:
    with tenant_context(desk.tenant.id):
        line = {"item": item, "description": "", "quantity": "1", "order": 1, "place": place}
        Delivery.objects.filter(pk=delivery.pk).update(warehouse_code=warehouse, facts={"lines": [line]})
    return delivery


def in_order(desk: Desk, deliveries: list[Delivery], *, as_listed: bool = False) -> list[int]:
    with tenant_context(desk.tenant.id):
        found = labels_in_pick_order(desk.tenant.id, [one.code for one in deliveries], as_listed=as_listed)
    keys = [one.pk for one in deliveries]
    return [keys.index(delivery_of(label).pk) for label in found]


def test_labels_come_as_somebody_walks_through_the_warehouse(desk: Desk) -> None:
    made = [
        put_at(desk, scene.make_shipped(desk, parcels=parcels), warehouse=warehouse, place=place, item=item)
        for parcels, warehouse, place, item in (
            (1, "2", "A01", "LAMP"),
            (2, "1", "B01", "CHAIR"),
            (1, "1", "", "TABLE"),
            (1, "1", "A02", "ZEBRA"),
            (1, "1", "B01", "BENCH"),
        )
    ]

    assert in_order(desk, made) == [3, 4, 1, 1, 2, 0]
    assert in_order(desk, made, as_listed=True) == [0, 1, 1, 2, 3, 4]


def test_many_deliveries_become_one_file_and_are_marked(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    first, second = scene.make_shipped(desk, parcels=2), scene.make_shipped(desk)
    at = timezone.now()

    answer = post(as_user(cast.owner), desk, first, second, paper="label")

    assert answer["Content-Type"] == "application/pdf"
    assert pages(answer) == 3
    assert [(label.prints, label.printed_at is not None) for label in labels(desk, first)] == [(1, True)] * 2
    with tenant_context(desk.tenant.id):
        assert all(
            one.printed_at and one.printed_at >= at for one in Delivery.objects.filter(pk__in=[first.pk, second.pk])
        )
        told = Event.objects.for_subject(first.code).get(details__what="labels printed")
    assert told.actor == f"user:{cast.owner.code}"
    assert told.details["again"] is False
    assert len(told.details["numbers"]) == 2


def test_printing_again_is_said_to_be_no_new_shipment(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)
    client = as_user(cast.owner)
    post(client, desk, delivery, paper="label")
    first = labels(desk, delivery)[0]

    choice = post(client, desk, delivery).content.decode()
    post(client, desk, delivery, paper="label")
    page = client.get(reverse("syncjobs:stations", args=[desk.tenant.code])).content.decode()

    again = labels(desk, delivery)[0]
    assert "Printing them again makes no new shipment" in choice
    assert "nothing new was bought" in page
    assert (again.prints, again.printed_at) == (2, first.printed_at)
    with tenant_context(desk.tenant.id):
        assert Shipment.objects.filter(delivery=delivery).count() == 1
        assert Event.objects.for_subject(delivery.code).filter(details__again=True).count() == 1


def test_a_delivery_is_printed_when_its_last_label_is(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk, parcels=2)
    with tenant_context(desk.tenant.id):
        Label.objects.filter(pk=labels(desk, delivery)[0].pk).update(printed_at=timezone.now(), prints=1)
    client = as_user(cast.owner)

    assert pages(post(client, desk, delivery, paper="label", which="new")) == 1

    assert [label.prints for label in labels(desk, delivery)] == [1, 1]
    with tenant_context(desk.tenant.id):
        assert Delivery.objects.get(pk=delivery.pk).printed_at is not None


def test_sheets_hold_four_and_begin_at_the_free_place(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk, parcels=4)
    client = as_user(cast.owner)

    assert pages(post(client, desk, delivery, paper="a4")) == 1
    assert pages(post(client, desk, delivery, paper="letter", first_place="2")) == 2


def test_both_kinds_together_ask_first_and_come_apart(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    picture, commands = scene.make_shipped(desk), scene.make_shipped(desk, image_format="ZPL", parcels=2)
    client = as_user(cast.owner)

    asked = post(client, desk, picture, commands, paper="label")
    untouched = [label.prints for one in (picture, commands) for label in labels(desk, one)]
    paper = post(client, desk, picture, commands, paper="label", part="pictures")
    printer = post(client, desk, picture, commands, paper="printer")

    assert "2 labels are in printer language" in asked.content.decode()
    assert untouched == [0, 0, 0]
    assert pages(paper) == 1
    assert printer.content == scene.ZPL + b"\n" + scene.ZPL + b"\n"
    assert printer["Content-Disposition"].endswith('.zpl"')


def test_voided_and_erased_labels_are_never_printed(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    voided, erased, part = scene.make_shipped(desk), scene.make_shipped(desk), scene.make_shipped(desk, parcels=2)
    now = timezone.now()
    with tenant_context(desk.tenant.id):
        Shipment.objects.filter(delivery=voided).update(voided_at=now)
        Label.objects.filter(parcel__shipment__delivery=erased).update(erased_at=now, content=None, sealed_key=None)
        Parcel.objects.filter(shipment__delivery=part, position=1).update(voided_at=now)
    client = as_user(cast.owner)

    choice = post(client, desk, voided, erased, part).content.decode()
    answer = post(client, desk, voided, erased, part, paper="label")

    assert "2 deliveries have no label to print." in choice
    assert str(voided.delivery_number) in choice
    assert pages(answer) == 1
    assert [label.prints for label in labels(desk, part)] == [0, 1]
    assert [label.prints for label in labels(desk, voided)] == [0]


def test_what_is_being_voided_is_not_printed_and_is_again_once_ups_refused(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    whole, part = scene.make_shipped(desk), scene.make_shipped(desk, parcels=2)
    now, client = timezone.now(), as_user(cast.owner)
    attempts = Attempt.objects.filter(delivery=whole)
    with tenant_context(desk.tenant.id):
        attempts.update(state=Attempt.State.VOIDING, due_at=now)
        Parcel.objects.filter(shipment__delivery=part, position=1).update(void_asked_at=now)

    assert in_order(desk, [whole, part]) == [1]
    assert pages(post(client, desk, whole, part, paper="label")) == 1
    assert [label.prints for label in labels(desk, whole)] == [0]

    with tenant_context(desk.tenant.id):
        attempts.update(state=Attempt.State.VOID_REFUSED)
        attempts.update(state=Attempt.State.CREATED)
    assert in_order(desk, [whole, part]) == [0, 1]


@pytest.mark.parametrize("route", ["label_pdf", "label_original", "labels_pdf"])
@pytest.mark.parametrize("column", ["voided_at", "void_asked_at"])
def test_the_file_of_a_voided_label_is_refused_in_words(
    cast: Cast, desk: Desk, as_user: SignIn, route: str, column: str
) -> None:
    delivery = scene.make_shipped(desk)
    (label,) = labels(desk, delivery)
    with tenant_context(desk.tenant.id):
        Parcel.objects.filter(shipment__delivery=delivery).update(**{column: timezone.now()})

    about = delivery.code if route == "labels_pdf" else label.code
    answer = as_user(cast.owner).get(reverse(f"syncjobs:{route}", args=[desk.tenant.code, about]), follow=True)

    assert answer["Content-Type"].startswith("text/html")
    assert "Its label is not printed any more." in answer.content.decode()


@pytest.mark.parametrize("of_whole", [True, False])
def test_no_label_of_the_kind_that_is_asked_for_is_no_voided_one(
    cast: Cast, desk: Desk, as_user: SignIn, *, of_whole: bool
) -> None:
    delivery = scene.make_shipped(desk)
    rows = (
        Shipment.objects.filter(delivery=delivery) if of_whole else Parcel.objects.filter(shipment__delivery=delivery)
    )
    with tenant_context(desk.tenant.id):
        rows.update(voided_at=timezone.now())
    client = as_user(cast.owner)

    names = ("labels_pdf", "labels_printer")
    answers = [client.get(reverse(f"syncjobs:{name}", args=[desk.tenant.code, delivery.code])) for name in names]

    assert sorted(answer.status_code for answer in answers) == [302, 404]


@pytest.mark.parametrize("state", ["ready", "shipping", "review"])
def test_labels_of_the_shipment_before_are_not_printed_while_a_further_one_may_come(desk: Desk, state: str) -> None:
    delivery = scene.make_shipped(desk)
    mine = Delivery.objects.filter(pk=delivery.pk)
    with tenant_context(desk.tenant.id):
        mine.update(shipment_no=2, state=state)
    assert in_order(desk, [delivery]) == []

    with tenant_context(desk.tenant.id):
        mine.update(state=Delivery.State.HOLD)
    assert in_order(desk, [delivery]) == [0], "it was refused: nothing comes before a person lets it go on"

    with tenant_context(desk.tenant.id):
        mine.update(shipment_no=1, state=Delivery.State.LABELLED)
    assert in_order(desk, [delivery]) == [0]


def test_who_may_only_look_prints_and_marks_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)
    label = labels(desk, delivery)[0]
    client = as_user(cast.viewer)
    before = digest(desk.tenant.id)

    refused = post(client, desk, delivery, paper="label")
    looked = [
        client.get(reverse(f"syncjobs:{name}", args=[desk.tenant.code, code])).status_code
        for name, code in (
            ("labels_pdf", delivery.code),
            ("label_pdf", label.code),
            ("label_original", label.code),
            ("label", label.code),
            ("label_preview", label.code),
        )
    ]

    assert refused.status_code == 403
    assert looked == [200] * 5
    assert digest(desk.tenant.id) == before


def test_deliveries_of_another_company_are_passed_over(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    theirs = scene.make_shipped(scene.make_desk(cast.other_tenant, division=654321))
    ours = scene.make_shipped(desk)
    before = digest(cast.other_tenant.id)

    answer = post(as_user(cast.owner), desk, ours, theirs, paper="label")

    assert pages(answer) == 1
    assert digest(cast.other_tenant.id) == before


def test_too_many_and_none_are_refused(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    address = reverse("syncjobs:print_labels", args=[desk.tenant.code])
    before = digest(desk.tenant.id)

    for codes in ([], ["nonsense"], [str(uuid.uuid4()) for _ in range(MOST_DELIVERIES + 1)]):
        answer = client.post(address, {"delivery": codes, "paper": "label"})
        assert answer["Location"] == reverse("syncjobs:deliveries", args=[desk.tenant.code])

    assert digest(desk.tenant.id) == before


def test_an_operator_prints_fifty_deliveries_in_few_statements(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    del cast
    deliveries = [scene.make_shipped(desk) for _ in range(10)]
    client = as_user(factories.make_member(desk.tenant, Role.OPERATOR))
    post(client, desk, *deliveries[:1], paper="label")

    with CaptureQueriesContext(
        connection,
    ) as few:
        post(client, desk, *deliveries[:1], paper="label")
    with CaptureQueriesContext(connection) as many:
        assert pages(post(client, desk, *deliveries, paper="label")) == 10

    assert len(many) == len(few)
