"""The page on which a customer chooses how UPS tells us of scans, and sees whether it does."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from audit.models import Event
from syncjobs import hook_counts
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups import alerts
from ups.models import Account, AlertSubscription, QuantumViewFeed

pytestmark = pytest.mark.django_db


def url(desk: Desk, name: str = "tracking", *more: object) -> str:
    return reverse(f"ups:{name}", args=[desk.tenant.code, desk.account.code, *more])


def account_of(desk: Desk) -> Account:
    with tenant_context(desk.tenant.id):
        return Account.objects.get(pk=desk.account.pk)


def feeds_of(desk: Desk) -> list[str]:
    with tenant_context(desk.tenant.id):
        return list(QuantumViewFeed.objects.order_by("name").values_list("name", flat=True))


def field(page: str, name: str) -> str:
    found = re.search(rf'id="{name}" value="([^"]+)"', page)
    return found[1] if found else ""


@pytest.fixture
def owner(cast: Cast, as_user: SignIn) -> Client:
    return as_user(cast.owner)


@pytest.fixture
def viewer(cast: Cast, as_user: SignIn) -> Client:
    return as_user(cast.viewer)


@pytest.mark.parametrize("version", ["off", "v2"])
def test_the_way_is_chosen_and_the_trail_names_who_did(desk: Desk, owner: Client, version: str) -> None:
    answer = owner.post(url(desk), {"version": version}, follow=True)

    assert "Saved." in answer.content.decode()
    assert account_of(desk).alert_version == version
    with tenant_context(desk.tenant.id):
        event = Event.objects.filter(kind=Event.Kind.CHANGED, subject=desk.account.code).latest("sequence")
    assert event.details["alert_version"] == version
    assert event.actor.startswith("user:")


def test_no_other_version_can_be_chosen(desk: Desk, owner: Client) -> None:
    owner.post(url(desk), {"version": "v3"})

    assert account_of(desk).alert_version == "v1"


def test_what_to_enter_at_ups_is_shown_to_managers_and_opens_our_door(desk: Desk, owner: Client) -> None:
    page = owner.get(url(desk)).content.decode()
    secret = field(owner.post(url(desk, "show_client_secret")).content.decode(), "v2-client-secret")

    account = account_of(desk)
    assert field(page, "v2-url").endswith(f"/hooks/ups/{account.alert_hook_code}")
    assert field(page, "v2-token-url").endswith("/hooks/ups/token")
    issued = alerts.issue_token(client_id=field(page, "v2-client-id"), client_secret=secret, at=timezone.now())
    assert issued is not None


@pytest.mark.parametrize("version", ["v1", "v2", "off"])
def test_the_client_secret_is_in_no_page_that_is_only_looked_at(desk: Desk, owner: Client, version: str) -> None:
    alerts.choose_version(account_of(desk), version, at=timezone.now())
    secret = alerts.portal_values(account_of(desk)).client_secret.reveal()

    pages = [
        owner.get(url(desk)).content.decode(),
        owner.post(url(desk, "add_feed"), {"name": ""}).content.decode(),
        owner.post(url(desk), {"version": "v3"}).content.decode(),
    ]

    assert [secret in page for page in pages] == [False] * 3
    assert all("Show the client secret" in page for page in pages)


@pytest.mark.parametrize("name", ["show_client_secret", "new_client_secret"])
def test_the_client_secret_is_shown_in_one_answer_that_nothing_keeps_and_the_trail_names_who_saw_it(
    desk: Desk, owner: Client, name: str
) -> None:
    answer = owner.post(url(desk, name))

    secret = alerts.portal_values(account_of(desk)).client_secret.reveal()
    assert field(answer.content.decode(), "v2-client-secret") == secret
    assert {"no-store", "private"} <= set(answer.headers["Cache-Control"].split(", "))
    assert secret not in owner.get(url(desk)).content.decode()
    with tenant_context(desk.tenant.id):
        events = Event.objects.filter(subject=desk.account.code).order_by("sequence")
        told = [(event.details, event.actor) for event in events]
    assert told[-1][0] == {"what": "client secret shown"}
    assert told[-1][1].startswith("user:")
    assert secret not in str(told)


def test_looking_is_not_enough_to_be_shown_the_secret(desk: Desk, owner: Client) -> None:
    assert owner.get(url(desk, "show_client_secret")).status_code == 405


def test_secrets_that_looking_made_are_recorded(desk: Desk, owner: Client) -> None:
    with tenant_context(desk.tenant.id):
        Account.objects.update(alert_client_id="", alert_client_secret=None, alert_client_secret_digest="")

    owner.get(url(desk))

    with tenant_context(desk.tenant.id):
        event = Event.objects.filter(subject=desk.account.code).latest("sequence")
    assert event.details["what"] == "alert secrets made"
    assert event.actor.startswith("user:")


def test_a_viewer_sees_how_it_goes_and_no_secret(desk: Desk, viewer: Client) -> None:
    page = viewer.get(url(desk)).content.decode()

    assert "How it goes" in page
    assert ["v2-client" in page, "Renew secret" in page, "has leaked" in page, 'type="submit"' in page] == [False] * 4


@pytest.mark.parametrize("name", [
    "tracking", "renew_secret", "new_client_secret", "show_client_secret", "leaked", "add_feed",
])  # fmt: skip
def test_a_viewer_changes_nothing(desk: Desk, viewer: Client, name: str) -> None:
    before = account_of(desk)

    answer = viewer.post(url(desk, name), {"version": "off", "name": "OutboundNL"})

    after = account_of(desk)
    assert answer.status_code == 403
    assert feeds_of(desk) == []
    columns = ("alert_version", "alert_credential_digest", "alert_generation", "alert_hook_code")
    assert [getattr(after, name) for name in columns] == [getattr(before, name) for name in columns]


def test_the_secret_is_renewed_while_the_old_one_goes_on(desk: Desk, owner: Client) -> None:
    owner.get(url(desk))
    old = account_of(desk).alert_credential_digest

    page = owner.post(url(desk, "renew_secret"), follow=True).content.decode()

    account = account_of(desk)
    assert account.alert_credential_digest != old
    assert account.alert_previous_digest == old
    assert "The old one is accepted for 15 days more." in page
    assert "The secret was renewed on" in page


def test_a_new_client_secret_replaces_the_one_that_was_shown(desk: Desk, owner: Client) -> None:
    old = field(owner.post(url(desk, "show_client_secret")).content.decode(), "v2-client-secret")

    page = owner.post(url(desk, "new_client_secret")).content.decode()

    assert field(page, "v2-client-secret") not in {"", old}
    assert "Enter it at UPS now" in page


@pytest.mark.parametrize(("version", "told"), [("v1", False), ("v2", True), ("off", False)])
def test_leaked_secrets_are_replaced_with_what_that_means_told_before(
    desk: Desk, owner: Client, version: str, *, told: bool
) -> None:
    alerts.choose_version(account_of(desk), version, at=timezone.now())
    before = account_of(desk)
    page = owner.get(url(desk)).content.decode()

    after_page = owner.post(url(desk, "leaked"), follow=True).content.decode()

    after = account_of(desk)
    assert "The old ones are refused within seconds" in page
    assert ("You must enter the new values at UPS" in page) is told
    assert "The old address and secrets are refused from now on" in after_page
    assert ("Enter the four values of version 2 at UPS anew" in after_page) is told
    assert after.alert_hook_code != before.alert_hook_code
    assert after.alert_client_secret_digest != before.alert_client_secret_digest
    assert alerts.find_route(before.alert_hook_code) is None
    with tenant_context(desk.tenant.id):
        event = Event.objects.filter(subject=desk.account.code).latest("sequence")
    assert (event.details, event.actor[:5]) == ({"what": "alert secrets revoked"}, "user:")


def test_a_secret_is_not_renewed_while_version_one_is_not_in_use(desk: Desk, owner: Client) -> None:
    alerts.choose_version(account_of(desk), "v2", at=timezone.now())

    page = owner.post(url(desk, "renew_secret"), follow=True).content.decode()

    assert "version 1 is not in use" in page


@pytest.mark.parametrize(
    ("address", "ups", "told"),
    [
        ("http://connector.example.com", "https://onlinetools.ups.com", True),
        ("https://connector.example.com", "https://onlinetools.ups.com", False),
        ("http://connector.example.com", "http://127.0.0.1:8702", False),
    ],
)
def test_an_address_that_ups_refuses_is_told(
    desk: Desk, viewer: Client, settings: Settings, address: str, ups: str, *, told: bool
) -> None:
    settings.PUBLIC_URL = address
    settings.UPS_BASE_URLS = dict.fromkeys(settings.UPS_BASE_URLS, ups)

    page = viewer.get(url(desk)).content.decode()

    assert (f"address, {address}: it sends to https alone" in page) is told


def test_calls_that_led_to_nothing_today_are_told(desk: Desk, viewer: Client) -> None:
    hook_counts.count(hook_counts.REFUSED, account_of(desk).alert_hook_code)
    hook_counts.count(hook_counts.NOT_UNDERSTOOD, account_of(desk).alert_hook_code)

    page = viewer.get(url(desk)).content.decode()

    assert "1 with a wrong secret" in page
    assert "<dt>Not understood today</dt><dd>1, which were no news of a parcel</dd>" in page


def test_the_page_counts_parcels_and_names_those_ups_will_not_tell_of(desk: Desk, viewer: Client) -> None:
    with tenant_context(desk.tenant.id):
        for number, state, problem in (
            ("1ZA1B2C36800000001", "active", ""),
            ("1ZA1B2C36800000002", "active", ""),
            ("1ZA1B2C36800000003", "refused", "UPS does not know this number."),
            ("1ZA1B2C36800000004", "ended", ""),
        ):
            AlertSubscription.objects.create(
                tenant=desk.tenant, account=desk.account, tracking_number=number, state=state, problem=problem,
                expires_at=timezone.now() + timedelta(days=14),
            )  # fmt: skip

    page = viewer.get(url(desk)).content.decode()

    assert "<dt>Parcels UPS tells us of</dt><dd>2</dd>" in page
    assert "<dt>Refused by UPS</dt><dd>1</dd>" in page
    assert "UPS does not know this number." in page
    assert "1ZA1B2C36800000004" not in page


@pytest.mark.parametrize("name", ["tracking", "account"])
@pytest.mark.parametrize(
    ("column", "meanwhile"),
    [
        ("alert_problem", "until then UPS is asked about each parcel"),
        ("tracking_problem", "so that no delivery is confirmed. Shipping goes on."),
    ],
)
def test_a_problem_stands_on_top_with_what_to_do(
    desk: Desk, owner: Client, name: str, column: str, meanwhile: str
) -> None:
    with tenant_context(desk.tenant.id):
        Account.objects.update(**{column: "The app lacks it.", f"{column}_at": timezone.now()})

    page = owner.get(url(desk, name)).content.decode()

    assert "The app lacks it." in page
    assert meanwhile in page
    assert "Check again" in page


def test_silence_is_told(desk: Desk, viewer: Client) -> None:
    with tenant_context(desk.tenant.id):
        Account.objects.update(alert_silent_at=timezone.now())

    assert "does not tell of their scans" in viewer.get(url(desk)).content.decode()


def test_a_quantum_view_subscription_is_added_once(desk: Desk, owner: Client) -> None:
    first = owner.post(url(desk, "add_feed"), {"name": "  OutboundNL "}, follow=True).content.decode()
    second = owner.post(url(desk, "add_feed"), {"name": "OutboundNL"}, follow=True).content.decode()

    assert "is read from now on" in first
    assert "is being read already" in second
    assert feeds_of(desk) == ["OutboundNL"]


@pytest.mark.parametrize("name", ["", "   ", "a" * 22])
def test_a_name_ups_cannot_have_is_not_added(desk: Desk, owner: Client, name: str) -> None:
    answer = owner.post(url(desk, "add_feed"), {"name": name})

    assert "is-invalid" in answer.content.decode()
    assert feeds_of(desk) == []


def test_a_quantum_view_subscription_is_removed(desk: Desk, owner: Client) -> None:
    owner.post(url(desk, "add_feed"), {"name": "OutboundNL"})
    with tenant_context(desk.tenant.id):
        feed = QuantumViewFeed.objects.get()

    owner.post(url(desk, "remove_feed", feed.code))

    assert feeds_of(desk) == []
    assert owner.post(url(desk, "remove_feed", feed.code)).status_code == 404


def test_a_feed_tells_its_problem_its_gap_and_its_counts(desk: Desk, viewer: Client) -> None:
    now = timezone.now()
    with tenant_context(desk.tenant.id):
        QuantumViewFeed.objects.create(
            tenant=desk.tenant, account=desk.account, name="OutboundNL", problem="UPS knows no such name.",
            problem_at=now, missed_until_at=now, own_records=12, foreign_records=345,
        )  # fmt: skip

    page = viewer.get(url(desk)).content.decode()

    assert "UPS knows no such name." in page
    assert "were not read in time" in page
    assert ["<dd>12</dd>" in page, "<dd>345, left alone</dd>" in page] == [True, True]


def test_the_last_push_of_this_account_is_told(cast: Cast, desk: Desk, viewer: Client) -> None:
    del cast
    delivery = scene.make_shipped(desk)
    before = viewer.get(url(desk)).content.decode()
    travels.make_push(delivery)

    after = viewer.get(url(desk)).content.decode()

    assert "<dt>Last news from UPS</dt><dd>None yet</dd>" in before
    assert "None yet" not in after
