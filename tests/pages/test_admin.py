"""The admin shows every table and writes none."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from audit.models import Event
from connector_site.lib.admin import LookingAdmin, may_show
from syncjobs.models import Delivery, SyncJob
from tenants.context import tenant_context
from tests import factories
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

OURS = {"tenants", "audit", "exact", "ups", "syncjobs"}
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "staff"])
SECRETS = (b"s3cret", b"client-of-the-customer", "Königsallee".encode(), b"gAAAA", b"pbkdf2", b"md5$")


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


def url(model: type[models.Model], what: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


@pytest.fixture
def team(as_user: SignIn) -> Client:
    return as_user(factories.make_user("team", is_staff=True))


@pytest.fixture
def busy(cast: Cast, desk: Desk) -> Desk:
    """Rows in most tables."""
    del cast
    travels.make_travelling(desk)
    scene.make_held(desk)
    return desk


def test_every_table_is_registered_to_be_looked_at() -> None:
    registered = {model: type(shown) for model, shown in admin.site._registry.items()}

    assert [model for model in our_models() if not issubclass(registered[model], LookingAdmin)] == []


def test_what_else_can_be_written_is_the_schedule_alone() -> None:
    writable = {
        model._meta.app_label for model, shown in admin.site._registry.items() if not isinstance(shown, LookingAdmin)
    }

    assert writable == {"django_celery_beat"}


def test_every_table_and_row_can_be_read_across_tenants_without_secrets(busy: Desk, team: Client) -> None:
    del busy
    for model in our_models():
        listed = team.get(url(model, "changelist"))
        assert listed.status_code == 200, model
        row = model._default_manager.using("staff").first()
        pages = [listed.content]
        if row is not None:
            shown = team.get(url(model, "change", row.pk))
            assert shown.status_code == 200, model
            pages.append(shown.content)
        assert [secret for page in pages for secret in SECRETS if secret in page] == [], model


def test_the_lists_show_rows_of_every_tenant(busy: Desk, team: Client) -> None:
    del busy

    page = team.get(url(Delivery, "changelist")).content.decode()

    assert page.count("Voorbeeld Groothandel BV") >= 2


def test_no_table_can_be_written(busy: Desk, team: Client) -> None:
    del busy
    for model in our_models():
        row = model._default_manager.using("staff").first()
        tries = [team.get(url(model, "add")), team.post(url(model, "add"), {})]
        if row is not None:
            tries += [team.post(url(model, what, row.pk), {"post": "yes"}) for what in ("change", "delete")]
        assert {answer.status_code for answer in tries} == {403}, model


def test_encrypted_columns_are_hidden() -> None:
    hidden = {
        f"{model._meta.label}.{field.name}"
        for model in our_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.Field) and not may_show(field)
    }

    assert {
        "tenants.User.password",
        "exact.Grant.sealed_tokens",
        "exact.Grant.sealed_user",
        "exact.MasterRecord.sealed_fields",
        "ups.Account.client_id",
        "ups.Account.client_secret",
        "ups.Account.token",
        "syncjobs.Attempt.request",
        "syncjobs.Label.content",
        "syncjobs.PartyAddress.sealed",
        "ups.Account.alert_credential",
        "ups.Account.alert_client_secret",
        "syncjobs.Receipt.body",
        "syncjobs.Receipt.sealed_body",
        "syncjobs.TrackingEvent.sealed",
        "syncjobs.ViewPage.body",
        "ups.Account.alert_hook_code",
        "syncjobs.Delivery.track_code",
    } <= hidden


def run_again(client: Client, *deliveries: Delivery) -> str:
    sent = {"action": "run_again", "_selected_action": [row.pk for row in deliveries]}
    return client.post(url(Delivery, "changelist"), sent, follow=True).content.decode()


def test_the_team_can_run_a_delivery_again(busy: Desk, team: Client) -> None:
    held = scene.make_held(busy)
    shipped = scene.make_shipped(busy)

    page = run_again(team, held, shipped)

    assert f"{held.delivery_number} is looked at again." in page
    assert "nothing is sent to UPS a second time" in page
    with tenant_context(busy.tenant.id):
        assert [(job.kind, job.subject) for job in SyncJob.objects.all()] == [("read", held.code)]
        assert Event.objects.filter(kind=Event.Kind.ASKED, actor__startswith="user:").count() == 1


def test_a_customer_does_not_get_in(cast: Cast, busy: Desk, as_user: SignIn) -> None:
    held = scene.make_held(busy)
    client = as_user(cast.owner)

    assert client.get("/admin/").status_code in {302, 403}
    assert client.get(url(Delivery, "changelist")).status_code in {302, 403}
    run_again(client, held)

    with tenant_context(busy.tenant.id):
        assert SyncJob.objects.count() == 0


def test_staff_without_all_rights_sees_no_table(busy: Desk, as_user: SignIn) -> None:
    del busy
    person = factories.make_user("temp", is_staff=True)
    person.is_superuser = False
    person.save(update_fields=["is_superuser"])

    assert as_user(person).get(url(Delivery, "changelist")).status_code == 403
