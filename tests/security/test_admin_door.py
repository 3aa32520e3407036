"""The admin: staff who used a second factor, on its own host if there is one; every look at a row leaves a trace."""

import logging
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django import Settings

from audit.models import Event
from syncjobs.models import Delivery
from tenants.context import tenant_context
from tests import factories
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.pages.test_second_factor import ASKS, used_ago
from tests.security.digests import digest

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "staff"])
PERIODIC = "django_celery_beat.PeriodicTask"
ACTIONS = {
    "syncjobs.Delivery": {"run_again"},
    "tenants.Tenant": {"pause", "resume", "sync", "encrypt"},
    PERIODIC: {"enable_tasks", "disable_tasks", "toggle_tasks", "run_tasks"},
}
"""Everything that can be done to rows in the admin: to deliveries, to customers, and to the clock."""
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


@pytest.fixture
def rows_to_act_on(desk: Desk) -> dict[str, Model]:
    """A row of each table with actions."""
    every_hour = IntervalSchedule.objects.create(every=1, period="hours")
    task = PeriodicTask.objects.create(name="sign", task="syncjobs.tasks.canary", interval=every_hour)
    return {
        "syncjobs.Delivery": scene.make_held(desk),
        "tenants.Tenant": desk.tenant,
        PERIODIC: task,
    }


@pytest.mark.parametrize(("label", "action"), [(label, action) for label in ACTIONS for action in ACTIONS[label]])
def test_an_action_asks_for_a_confirmation_and_a_second_factor_used_a_moment_ago(
    label: str, action: str, rows_to_act_on: dict[str, Model], desk: Desk, as_user: SignIn
) -> None:
    row, client = rows_to_act_on[label], as_user(factories.make_user("team", is_staff=True))
    address = reverse(f"admin:{label.lower().replace('.', '_')}_changelist")
    sent = {"action": action, "_selected_action": [row.pk]}
    before = digest(desk.tenant.id), list(PeriodicTask.objects.values())

    asked = client.post(address, sent)
    used_ago(client, 11)
    late = client.post(address, sent | {"confirmed": "yes"})

    assert (asked.status_code, "Yes, do it" in asked.content.decode()) == (200, True)
    assert (late.status_code, late["Location"].split("?")[0]) == (302, ASKS)
    assert (digest(desk.tenant.id), list(PeriodicTask.objects.values())) == before


def test_the_schedule_is_changed_with_a_second_factor_used_a_moment_ago_only(
    rows_to_act_on: dict[str, Model], as_user: SignIn
) -> None:
    client = as_user(factories.make_user("team", is_staff=True))
    used_ago(client, 11)
    address = reverse("admin:django_celery_beat_periodictask_delete", args=[rows_to_act_on[PERIODIC].pk])

    answer = client.post(address, {"post": "yes"})

    assert answer["Location"].split("?")[0] == ASKS
    assert PeriodicTask.objects.count() == 1
    assert client.post(reverse("admin:logout")).status_code in {200, 302}


def test_what_is_typed_into_the_schedule_is_asked_for_in_time_and_not_lost(
    rows_to_act_on: dict[str, Model], as_user: SignIn
) -> None:
    client = as_user(factories.make_user("team", is_staff=True))
    address = reverse("admin:django_celery_beat_periodictask_change", args=[rows_to_act_on[PERIODIC].pk])

    used_ago(client, 11)
    stale = client.get(address)
    used_ago(client, 9)
    page = client.get(address)
    used_ago(client, 11)
    fields = {one.name: one.value() or "" for one in page.context["adminform"].form}
    client.post(address, {**fields, "enabled": ""})

    assert stale["Location"].split("?")[0] == ASKS
    assert not PeriodicTask.objects.get(pk=rows_to_act_on[PERIODIC].pk).enabled


def test_who_is_asked_in_the_middle_reads_that_nothing_was_done_and_comes_back_to_her_list(
    rows_to_act_on: dict[str, Model], as_user: SignIn
) -> None:
    client = as_user(factories.make_user("team", is_staff=True))
    used_ago(client, 11)
    origin = f"http://testserver{reverse(LIST)}?state__exact=hold"
    sent = {"action": "run_again", "_selected_action": [rows_to_act_on["syncjobs.Delivery"].pk]}

    answer = client.post(reverse(LIST), sent, headers={"referer": origin})

    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [f"{reverse(LIST)}?state__exact=hold"]
    assert "Nothing was done: use your second factor" in client.get(answer["Location"]).content.decode()


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


def test_a_list_that_names_people_stands_in_the_trail_of_each_customer_they_belong_to(
    cast: Cast, as_user: SignIn
) -> None:
    person = factories.make_user("team", is_staff=True)
    client = as_user(person)

    for model in ("tenants_user", "tenants_membership", "mfa_authenticator"):
        client.get(reverse(f"admin:{model}_changelist"))
    client.get(reverse("admin:tenants_user_change", args=[cast.owner.pk]))

    told = {}
    for tenant in (cast.tenant, cast.other_tenant):
        with tenant_context(tenant.id):
            events = Event.objects.filter(subject_kind="admin", actor=f"user:{person.code}").order_by("sequence")
            told[tenant.name] = [(event.details["table"], event.details.get("rows")) for event in events]
    lists = ("tenants.User", "tenants.Membership", "mfa.Authenticator")
    assert told[cast.tenant.name] == [*((table, 2) for table in lists), ("tenants.User", None)]
    assert told[cast.other_tenant.name] == [(table, 1) for table in lists]


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
