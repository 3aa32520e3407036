"""The admin: staff who used a second factor, on its own host if there is one; every look at a row leaves a trace."""

import logging

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from audit.models import Event
from syncjobs.models import Delivery
from tenants.context import tenant_context
from tests import factories
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "staff"])
ACTIONS = {
    "syncjobs.Delivery": {"run_again"},
    "django_celery_beat.PeriodicTask": {"enable_tasks", "disable_tasks", "toggle_tasks", "run_tasks"},
}
"""Everything that can be done to rows in the admin: looking again at deliveries, and the clock."""
LIST = "admin:syncjobs_delivery_changelist"


def test_every_action_of_the_admin_has_a_line_here() -> None:
    found = {
        model._meta.label: {getattr(one, "__name__", one) for one in shown.actions or ()}
        for model, shown in admin.site._registry.items()
        if shown.actions
    }

    assert found == ACTIONS


def test_staff_without_a_second_factor_set_one_up_first(client: Client) -> None:
    person = factories.make_user("team", is_staff=True, has_second_factor=False)

    answer = factories.sign_in(client, person, with_second_factor=False).get(reverse(LIST))

    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("tenants:protect"))


def test_staff_who_did_not_use_it_are_asked_for_it(client: Client) -> None:
    person = factories.make_user("team", is_staff=True)

    answer = factories.sign_in(client, person, with_second_factor=False).post(reverse(LIST), {"action": "run_again"})

    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("mfa_reauthenticate"))


def test_a_host_of_its_own_is_the_only_place_of_the_admin(as_user: SignIn, settings: Settings, cast: Cast) -> None:
    settings.ADMIN_HOST = "localhost"
    client = as_user(factories.make_user("team", is_staff=True))
    ours = reverse("syncjobs:deliveries", args=[cast.tenant.code])

    on_public = [client.get(page).status_code for page in ("/admin/", reverse(LIST), "/account/login/")]
    on_its_own = [client.get(page, HTTP_HOST="localhost").status_code for page in ("/admin/", reverse(LIST), ours)]

    assert on_public == [404, 404, 302]
    assert on_its_own == [200, 200, 404]


def test_who_opens_a_row_stands_in_the_trail_of_the_customer_it_belongs_to(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    person = factories.make_user("team", is_staff=True)
    delivery = scene.make_held(desk)
    with tenant_context(cast.tenant.id):
        before = Event.objects.count()

    as_user(person).get(reverse("admin:syncjobs_delivery_change", args=[delivery.pk]))

    with tenant_context(cast.tenant.id):
        event = Event.objects.order_by("-sequence")[0]
        assert Event.objects.count() == before + 1
    assert (event.actor, event.subject) == (f"user:{person.code}", delivery.code)
    assert event.details == {"what": "row looked at in the admin", "table": "syncjobs.Delivery"}


def test_who_opens_a_list_stands_in_the_log_without_what_was_looked_for(
    as_user: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    person = factories.make_user("team", is_staff=True)
    client = as_user(person)
    caplog.set_level(logging.INFO, "connector_site.admin_door")

    for question in ({}, {"q": "Jansen"}):
        assert client.get(reverse(LIST), question).status_code == 200

    assert [one.getMessage() for one in caplog.records if one.name == "connector_site.admin_door"] == [
        f"user:{person.code} listed syncjobs.Delivery in the admin",
        f"user:{person.code} searched syncjobs.Delivery in the admin",
    ]


def test_no_page_of_the_admin_shows_a_receiver(desk: Desk, as_user: SignIn) -> None:
    travels.make_travelling(desk)
    scene.make_held(desk)
    client = as_user(factories.make_user("team", is_staff=True))

    shown = {}
    for model in admin.site._registry:
        address = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        rows = model._default_manager.using("staff").all()[:3]
        pages = [reverse(f"{address}_changelist"), *(reverse(f"{address}_change", args=[row.pk]) for row in rows)]
        shown[model._meta.label] = "".join(client.get(page).content.decode() for page in pages)

    receiver = ("Möbelhaus", "Wareneingang", "Königsallee", "40212", "+49 211")
    assert {label: [word for word in receiver if word in page] for label, page in shown.items()} == {
        label: [] for label in shown
    }
    assert Delivery._meta.label in shown
