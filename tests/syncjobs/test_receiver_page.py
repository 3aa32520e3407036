"""What the receiver's page is made from: found by its code alone, and nothing in it that names a person."""

import uuid
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syncjobs import receiver_page
from syncjobs.models import Delivery, Parcel, Shipment
from tenants.context import tenant_context
from tests import factories
from tests.pages import scene, travels
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 12


@pytest.fixture
def desk() -> Desk:
    return scene.make_desk(factories.make_tenant())


def code_of(delivery: Delivery) -> uuid.UUID:
    with tenant_context(delivery.tenant_id):
        return Delivery.objects.values_list("track_code", flat=True).get(pk=delivery.pk)


def test_the_code_finds_the_delivery_without_knowing_the_company(desk: Desk) -> None:
    delivery = travels.make_travelling(desk)

    page = receiver_page.find(code_of(delivery), at=timezone.now())

    assert page is not None
    assert page.company == desk.tenant.name
    assert [parcel.milestone for parcel in page.parcels] == ["out_for_delivery", "exception"]
    assert page.delivered == 0


@pytest.mark.parametrize("code", [uuid.UUID(int=0), uuid.UUID(int=7)])
def test_an_unknown_code_finds_nothing(desk: Desk, code: uuid.UUID) -> None:
    scene.make_shipped(desk)

    assert receiver_page.find(code, at=timezone.now()) is None


def test_a_delivery_whose_only_shipment_was_voided_has_no_page(desk: Desk) -> None:
    delivery = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Shipment.objects.update(voided_at=timezone.now())

    assert receiver_page.find(code_of(delivery), at=timezone.now()) is None


def test_what_is_shown_holds_nothing_personal(desk: Desk) -> None:
    page = receiver_page.find(code_of(travels.make_travelling(desk)), at=timezone.now())

    assert page is not None
    shown = repr(asdict(page))
    assert [word for word in ("Lindner", "Königsallee", "40212", "9711AB", "20240015") if word in shown] == []


@pytest.mark.parametrize(("days", "is_shown"), [(-1, False), (0, True), (3, True)])
def test_an_expected_day_is_shown_until_it_is_past(desk: Desk, days: int, *, is_shown: bool) -> None:
    delivery = scene.make_shipped(desk)
    day = timezone.now().date() + timedelta(days=days)
    travels.stand(travels.parcels_of(delivery)[0], "in_transit", scheduled_date=day)

    noon = timezone.now().replace(hour=12)
    page = receiver_page.find(code_of(delivery), at=noon)

    assert page is not None
    assert page.parcels[0].expected_date == (day if is_shown else None)


@pytest.mark.parametrize(("days", "is_found"), [(119, True), (121, False)])
def test_the_page_ends_so_long_after_the_last_event(desk: Desk, days: int, *, is_found: bool) -> None:
    delivery = scene.make_shipped(desk)
    long_ago = timezone.now() - timedelta(days=300)
    with tenant_context(desk.tenant.id):
        Shipment.objects.update(created_at=long_ago)
        Parcel.objects.update(last_event_at=timezone.now() - timedelta(days=days))

    page = receiver_page.find(code_of(delivery), at=timezone.now())

    assert (page is not None) is is_found


def test_many_parcels_cost_no_more_statements_than_one(desk: Desk) -> None:
    delivery = scene.make_shipped(desk, parcels=8)
    code = code_of(delivery)

    with CaptureQueriesContext(connection) as asked:
        page = receiver_page.find(code, at=timezone.now())

    assert page is not None
    assert len(page.parcels) == 8
    assert len(asked) <= MOST_STATEMENTS
