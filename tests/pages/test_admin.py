"""The admin shows every table and writes none."""

import re
from collections.abc import Callable

import pytest
from cryptography.fernet import MultiFernet
from django.apps import apps
from django.contrib import admin
from django.db import connections, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django import Settings

from audit.models import Event
from connector_site.lib.admin import LargeAdmin, LookingAdmin, may_show
from connector_site.reencryption import Keys, columns, keys, reencrypt
from syncjobs.models import Attempt, Delivery, Label, Parcel, Receipt, Shipment, SyncJob, TrackingEvent
from tenants.context import tenant_context
from tenants.models import Tenant
from tests import factories
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.security.digests import digest

OURS = {"tenants", "audit", "exact", "ups", "syncjobs"}
MOST_PORTIONS = 60

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


def run_again(client: Client, *deliveries: Delivery, **more: str) -> str:
    sent = {"action": "run_again", "_selected_action": [row.pk for row in deliveries]} | more
    return client.post(url(Delivery, "changelist"), sent, follow=True).content.decode()


def test_the_team_can_run_a_delivery_again(busy: Desk, team: Client) -> None:
    held = scene.make_held(busy)
    shipped = scene.make_shipped(busy)

    asked = run_again(team, held, shipped)
    with tenant_context(busy.tenant.id):
        before = SyncJob.objects.count()
    page = run_again(team, held, shipped, confirmed="yes")

    assert "Run these deliveries again" in asked
    assert "read from Exact once more; what may be shipped then is shipped, and paid." in asked
    assert "nothing is sent to UPS a second time" in asked
    assert before == 0
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
    run_again(client, held, confirmed="yes")

    with tenant_context(busy.tenant.id):
        assert SyncJob.objects.count() == 0


def act(client: Client, tenant: Tenant, action: str, **more: str) -> str:
    sent = {"action": action, "_selected_action": [tenant.pk]} | more
    return client.post(url(Tenant, "changelist"), sent, follow=True).content.decode()


def test_the_team_pauses_and_resumes_a_customer_only_once_it_confirmed(busy: Desk, team: Client) -> None:
    asked = act(team, busy.tenant, "pause")
    before = Tenant.objects.using("staff").get(pk=busy.tenant.pk).paused_at
    done = act(team, busy.tenant, "pause", confirmed="yes")
    paused_at = Tenant.objects.using("staff").get(pk=busy.tenant.pk).paused_at
    act(team, busy.tenant, "resume", confirmed="yes")

    assert ("Pause shipping of these customers?" in asked, before) == (True, None)
    assert "paused." in done
    assert paused_at is not None
    assert Tenant.objects.using("staff").get(pk=busy.tenant.pk).paused_at is None
    with tenant_context(busy.tenant.id):
        told = Event.objects.filter(subject_kind="tenant", actor__startswith="user:", details__what__isnull=False)
        assert [event.details["what"] for event in told.order_by("sequence")] == ["paused", "resumed"]


def test_the_team_does_not_resume_what_the_customer_paused_herself(
    busy: Desk, team: Client, cast: Cast, as_user: SignIn
) -> None:
    as_user(cast.owner).post(reverse("syncjobs:pause", args=[busy.tenant.code]))
    before = digest(busy.tenant.id)

    asked = act(team, busy.tenant, "resume")
    page = act(team, busy.tenant, "resume", confirmed="yes")

    assert "paused by the company: stays paused, 0 deliveries wait." in asked
    assert "The company itself has paused shipping, so only the company resumes it." in page
    assert digest(busy.tenant.id) == before
    as_user(cast.owner).post(reverse("syncjobs:resume", args=[busy.tenant.code]))
    assert Tenant.objects.using("staff").get(pk=busy.tenant.pk).paused_at is None


def test_the_customer_does_not_resume_what_the_team_paused(
    busy: Desk, team: Client, cast: Cast, as_user: SignIn
) -> None:
    act(team, busy.tenant, "pause", confirmed="yes")
    before = digest(busy.tenant.id)

    page = as_user(cast.owner).post(reverse("syncjobs:resume", args=[busy.tenant.code]), follow=True).content.decode()

    refused = "The support team of ml-connector paused shipping, and only the team lets it go on."
    assert page.count(refused) == 2, "the answer and the notice"
    assert "Go on shipping" not in page
    assert digest(busy.tenant.id) == before


@pytest.mark.parametrize("first", ["team", "customer"])
def test_where_both_paused_shipping_goes_on_once_both_have_resumed(
    busy: Desk, team: Client, cast: Cast, as_user: SignIn, first: str
) -> None:
    def paused() -> tuple[bool, bool]:
        row = Tenant.objects.using("staff").get(pk=busy.tenant.pk)
        return row.paused_at is not None, row.is_paused_by_staff

    owner = as_user(cast.owner)
    turns: dict[str, Callable[[], object]] = {
        "team": lambda: act(team, busy.tenant, "pause", confirmed="yes"),
        "customer": lambda: owner.post(reverse("syncjobs:pause", args=[busy.tenant.code])),
    }
    turns.pop(first)()
    seen = [paused()]
    if first == "team":
        assert (
            "Keep it paused even then" in owner.get(reverse("syncjobs:work", args=[busy.tenant.code])).content.decode()
        )
    next(iter(turns.values()))()

    seen.append(paused())
    owner.post(reverse("syncjobs:resume", args=[busy.tenant.code]))
    seen.append(paused())
    act(team, busy.tenant, "resume", confirmed="yes")
    seen.append(paused())
    owner.post(reverse("syncjobs:resume", args=[busy.tenant.code]))
    seen.append(paused())

    assert seen == [(True, first == "team"), (True, True), (True, True), (True, False), (False, False)]


def test_the_team_has_a_customer_read_from_exact_at_once(busy: Desk, team: Client) -> None:
    act(team, busy.tenant, "sync", confirmed="yes")

    with tenant_context(busy.tenant.id):
        jobs = SyncJob.objects.filter(kind=SyncJob.Kind.COMPARE, subject=busy.connection.code)
        assert jobs.count() == 1
        assert Event.objects.get(details__what="sync asked for").subject == busy.connection.code


def test_the_team_has_a_customers_secrets_encrypted_anew_in_portions(
    busy: Desk, team: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.FERNET_KEYS = ["the newest", *settings.FERNET_KEYS]
    monkeypatch.setattr("connector_site.admin.SECONDS_AT_ONCE", 0)

    for _ in range(MOST_PORTIONS):
        act(team, busy.tenant, "encrypt", confirmed="yes")
        with tenant_context(busy.tenant.id):
            done = Event.objects.filter(details__what="encrypted anew").first()
        if done is not None:
            break

    newest = Keys(newest=keys().newest, every=MultiFernet([keys().newest]))
    left = [reencrypt(column, with_keys=newest) for column in columns() if column.is_walled]
    assert [one.unreadable for one in left if one.unreadable] == []
    assert done is not None
    assert done.actor.startswith("user:")


def test_the_first_page_counts_what_is_open(busy: Desk, team: Client) -> None:
    del busy

    page = team.get("/admin/").content.decode()

    assert "Jobs that are due or at work" in page
    assert "Live connections to Exact" in page


def test_the_schedule_is_shown_and_changed_in_the_look_of_the_rest(team: Client) -> None:
    row = PeriodicTask.objects.create(
        name="sweep", task="syncjobs.tasks.sweep", interval=IntervalSchedule.objects.create(every=10, period="seconds")
    )
    address = reverse("admin:django_celery_beat_periodictask_change", args=[row.pk])

    page = team.get(address)
    sent = {name: field.value() or "" for name, field in [(one.name, one) for one in page.context["adminform"].form]}
    answer = team.post(address, {**sent, "enabled": ""}, follow=True)

    assert "unfold" in page.content.decode()
    assert answer.status_code == 200
    assert not PeriodicTask.objects.get(pk=row.pk).enabled


SCAN = re.compile(r"Seq Scan on (\w+)")
LARGE = [model for model, shown in admin.site._registry.items() if isinstance(shown, LargeAdmin)]


def test_the_largest_tables_are_known_as_such() -> None:
    assert {Delivery, SyncJob, Receipt, Attempt, Parcel, Shipment, Label, TrackingEvent, Event} <= set(LARGE)


@pytest.mark.parametrize("model", LARGE, ids=lambda model: model._meta.label)
def test_no_list_filter_or_search_of_a_large_table_reads_all_of_it(
    model: type[models.Model], busy: Desk, team: Client
) -> None:
    """Each statement is planned with sequential scans made dear: then one is left only for want of an index."""
    shown = admin.site._registry[model]
    filters = [str(one) for one in shown.list_filter if isinstance(one, str)]
    terms: tuple[dict[str, str], ...] = (
        {},
        {"q": str(busy.connection.code)},
        {"q": "60001"},
        {"q": "1Z999"},
        {"o": "3"},
    )
    questions = [*terms, *({f"{name}__exact": "x"} for name in filters)]
    table = model._meta.db_table
    found = []
    for question in questions:
        with CaptureQueriesContext(connections["staff"]) as asked:
            assert team.get(url(model, "changelist"), question, follow=True).status_code == 200
        texts = [row["sql"] for row in asked if f'FROM "{table}"' in row["sql"]]
        assert texts or question
        with connections["staff"].cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
            for text in texts:
                cursor.execute(f"EXPLAIN {text}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
                found += [(question, text) for scanned in SCAN.findall(plan) if scanned == table]
            cursor.execute("RESET enable_seqscan")
    assert found == []


def test_staff_without_all_rights_sees_no_table(busy: Desk, as_user: SignIn) -> None:
    del busy
    person = factories.make_user("temp", is_staff=True)
    person.is_superuser = False
    person.save(update_fields=["is_superuser"])

    assert as_user(person).get(url(Delivery, "changelist")).status_code == 403
