"""Deliveries of a company that is not connected any more: how the pages tell of them."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exact.models import Connection, Grant
from syncjobs.attention.unfinished import LeftBehind, Unfinished, left_behind, unfinished
from syncjobs.models import Delivery
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
D = Delivery.State


def make(desk: Desk, *states: str) -> None:
    """A delivery in each of these states."""
    for state in states:
        delivery = scene.make_delivery(desk)
        with tenant_context(desk.tenant.id):
            Delivery.objects.filter(pk=delivery.pk).update(state=state)


def replace(desk: Desk, *, name: str = "Groothandel Zuid") -> Connection:
    """Another company takes the place of the first."""
    at = timezone.now()
    grant = Grant.objects.create(
        site="nl", client_id="any", exact_user_id=uuid.uuid4(), consented_at=at, received_at=at
    )
    with tenant_context(desk.tenant.id):
        Connection.objects.filter(disconnected_at=None).update(disconnected_at=at, grant=None)
        return Connection.objects.create(
            tenant=desk.tenant, grant=grant, site="nl", division=654321, division_name=name
        )


def text(client: Client, name: str, desk: Desk) -> str:
    answer = client.get(reverse(name, args=[desk.tenant.code]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_waits_for_a_replaced_company_is_told_with_its_name_and_the_labels_apart(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    make(desk, D.RECEIVED, D.READY, D.SHIPPING, D.LABELLED, D.LABELLED, D.REPORTED, D.CLOSED, D.SKIPPED)
    replace(desk)

    page = text(as_user(cast.viewer), "syncjobs:work", desk)

    assert "Nothing to do" not in page
    assert "Every delivery goes by itself" not in page
    assert page.count("<article") == 1
    assert '<span class="count">1<' in page
    name = "Voorbeeld Groothandel BV"
    assert f"5 deliveries of this company wait, because {name} is not connected to Exact Online any more." in page
    assert "2 labels are made and paid already, and their numbers do not stand in Exact Online." in page
    assert f"Connect {name} again on the page Exact Online; then they go on by themselves" in page
    assert "Groothandel Zuid has to be connected anew afterwards." in page
    assert f'href="{reverse("exact:connection", args=[desk.tenant.code])}">{name}</a>' in page


def test_one_label_of_one_delivery_reads_as_one(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    make(desk, D.LABELLED)
    replace(desk)

    page = text(as_user(cast.viewer), "syncjobs:work", desk)

    assert "1 delivery of this company waits, because" in page
    assert "1 label is made and paid already, and its number does not stand in Exact Online." in page
    assert "then it goes on by itself, and nothing is sent twice." in page


def test_where_no_company_took_its_place_new_deliveries_do_not_come_in_either(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    make(desk, D.RECEIVED)
    with tenant_context(desk.tenant.id):
        Connection.objects.update(disconnected_at=timezone.now(), grant=None)

    page = text(as_user(cast.viewer), "syncjobs:work", desk)

    assert "1 delivery of this company waits" in page
    assert "label" not in page.split('class="problem"')[1].split("</article")[0].replace("aria-labelledby", "")
    assert "Until then no new deliveries come in either." in page


def test_it_is_told_beside_what_else_waits(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    make(desk, D.READY)
    held = scene.make_held(desk)
    replace(desk)

    page = text(as_user(cast.viewer), "syncjobs:work", desk)

    assert page.count("<article") == 2
    assert f"Delivery {held.delivery_number}" in page
    assert '<span class="count">2<' in page


def test_each_company_is_told_of_once_and_nothing_of_other_customers(cast: Cast, desk: Desk) -> None:
    make(desk, D.READY)
    second = replace(desk, name="Groothandel Noord")
    make(Desk(tenant=desk.tenant, connection=second, account=desk.account, methods=desk.methods), D.LABELLED)
    with tenant_context(desk.tenant.id):
        Connection.objects.update(disconnected_at=timezone.now(), grant=None)
        mine = left_behind(desk.tenant.id)
    with tenant_context(cast.other_tenant.id):
        theirs = left_behind(cast.other_tenant.id)

    assert mine == [
        LeftBehind(code=second.code, company="Groothandel Noord", waiting=1, labels=1, now=""),
        LeftBehind(code=desk.connection.code, company="Voorbeeld Groothandel BV", waiting=1, labels=0, now=""),
    ]
    assert theirs == []


def test_nothing_is_left_behind_where_all_was_told_or_the_company_is_connected(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    make(desk, D.RECEIVED, D.LABELLED)
    assert "Nothing to do" in text(as_user(cast.owner), "syncjobs:work", desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.update(state=D.REPORTED)
    replace(desk)

    assert "Nothing to do" in text(as_user(cast.owner), "syncjobs:work", desk)


def test_before_a_company_is_disconnected_its_own_deliveries_are_counted_and_those_for_a_person_apart(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    make(desk, D.READY, D.LABELLED, D.HOLD, D.IN_TRANSIT)
    second = replace(desk)
    make(
        Desk(tenant=desk.tenant, connection=second, account=desk.account, methods=desk.methods),
        *(D.RECEIVED, D.HOLD, D.REVIEW, D.DELIVERED, D.CLOSED),
    )

    with tenant_context(desk.tenant.id):
        counted = unfinished(desk.tenant.id)
    page = text(as_user(cast.owner), "exact:disconnect", desk)

    assert counted == Unfinished(waiting=1, for_a_person=2, on_the_way=1)
    assert "3 deliveries are not finished." in page
    assert "<li>1 waits here until this company is connected again and then goes on; nothing is sent twice." in page
    assert "<li>2 wait for somebody to fix or decide something, and stay on the page" in page
    assert "1 delivery is on the way." in page


def test_where_only_a_person_is_waited_for_it_is_not_said_that_nothing_waits(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    make(desk, D.HOLD)

    page = text(as_user(cast.owner), "exact:disconnect", desk)

    assert "1 delivery is not finished." in page
    assert "<li>1 waits for somebody to fix or decide something, and stays on the page" in page
    assert "and then goes on" not in page
    assert "No delivery waits at the moment." not in page
