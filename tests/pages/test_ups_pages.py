"""UPS accounts, against the stand-in over HTTP."""

import uuid

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from audit.models import Event
from tenants.context import tenant_context
from tenants.models import Role, Tenant
from tests import factories
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.standins import StandIn
from ups.accounts import accounts_of, save_account
from ups.credentials import SUBJECT_KIND
from ups.models import Account

pytestmark = pytest.mark.django_db
ADDRESS = {
    "name": "Main account",
    "environment": "test",
    "company_name": "Voorbeeld Groothandel BV",
    "attention_name": "Expeditie",
    "address_line_1": "Kade 12",
    "address_line_2": "",
    "address_line_3": "",
    "postal_code": "3011AA",
    "city": "Rotterdam",
    "state": "",
    "country": "NL",
    "phone": "+31 20 794 0799",
    "email": "",
}


def url(name: str, tenant: Tenant, *more: uuid.UUID) -> str:
    return reverse(f"ups:{name}", args=[tenant.code, *more])


@pytest.fixture
def entered(ups_host: StandIn, settings: Settings) -> dict[str, str]:
    """What a person enters for an account that UPS knows; UPS pushes to https alone."""
    settings.PUBLIC_URL = "https://connector.example.com"
    app = {
        "client_id": f"client-{uuid.uuid4().hex}",
        "client_secret": uuid.uuid4().hex,
        "shipper_number": f"T{uuid.uuid4().hex[:5].upper()}",
    }
    ups_host.control("POST", "accounts", {**app, "country": "NL"})
    return ADDRESS | app


def not_live(tenant: Tenant) -> None:
    with tenant_context(tenant.id):
        Tenant.objects.filter(pk=tenant.pk).update(shipping_mode=Tenant.ShippingMode.OFF, ships_from_at=None)


def lose_keys(account: Account) -> None:
    """Every sealed column as a key that is gone has left it."""
    columns = ("client_id", "client_secret", "alert_credential", "alert_client_secret", "token")
    junk = Fernet(Fernet.generate_key()).encrypt(b"{}")
    with tenant_context(account.tenant_id), connection.cursor() as cursor:
        sets = ", ".join(f"{column} = %s" for column in columns)
        cursor.execute(f"UPDATE ups_account SET {sets} WHERE id = %s", [*[junk] * len(columns), account.pk])  # noqa: S608


def failures(tenant: Tenant) -> list[str]:
    with tenant_context(tenant.id):
        return [
            event.details["check"] for event in Event.objects.filter(kind=Event.Kind.FAILED, subject_kind=SUBJECT_KIND)
        ]


def test_an_account_is_added_and_checked_at_once(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    answer = as_user(cast.owner).post(url("new", cast.tenant), entered, follow=True)

    page = answer.content.decode()
    (account,) = accounts_of(cast.tenant.id)
    assert "is connected: UPS accepts it." in page
    assert page.count(">In order<") == 5
    assert account.check_problem == ""
    assert account.checked_at is not None


def test_the_secret_is_never_shown_again(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    client = as_user(cast.owner)
    client.post(url("new", cast.tenant), entered)
    (account,) = accounts_of(cast.tenant.id)

    pages = [
        client.get(url("accounts", cast.tenant)).content.decode(),
        client.get(url("account", cast.tenant, account.code)).content.decode(),
        client.post(url("account", cast.tenant, account.code), entered | {"city": ""}).content.decode(),
    ]

    assert [entered["client_secret"] in page for page in pages] == [False, False, False]


def test_a_wrong_secret_is_told_at_its_field(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    answer = as_user(cast.owner).post(url("new", cast.tenant), entered | {"client_secret": "wrong"}, follow=True)

    page = answer.content.decode()
    assert answer.redirect_chain[-1][0] == url("account", cast.tenant, accounts_of(cast.tenant.id)[0].code)
    assert 'id="id_client_secret_error"' in page
    assert 'id="id_shipper_number_error"' not in page
    assert "Not accepted" in page


def test_a_wrong_shipper_number_is_told_at_its_field(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    answer = as_user(cast.owner).post(url("new", cast.tenant), entered | {"shipper_number": "ZZZZZ9"}, follow=True)

    page = answer.content.decode()
    assert 'id="id_shipper_number_error"' in page
    assert 'id="id_client_secret_error"' not in page
    assert page.count(">In order<") == 3
    assert page.count(">Not accepted<") == 2


def test_a_missing_product_is_named(cast: Cast, as_user: SignIn, ups_host: StandIn) -> None:
    app = {"client_id": uuid.uuid4().hex, "client_secret": uuid.uuid4().hex, "shipper_number": "P1P2P3"}
    ups_host.control("POST", "accounts", {**app, "country": "NL", "products": ["tracking"]})

    answer = as_user(cast.owner).post(url("new", cast.tenant), ADDRESS | app, follow=True)

    assert "add the product Shipping" in answer.content.decode()
    assert failures(cast.tenant) == ["product"]


def test_unreached_ups_is_told_as_such(cast: Cast, as_user: SignIn, entered: dict[str, str], ups_host: StandIn) -> None:
    fault = {"path_regex": ".*", "action": "status", "status": 503, "body": "busy", "times": 10}
    ups_host.control("POST", "faults", fault)
    client = as_user(cast.owner)

    page = client.post(url("new", cast.tenant), entered, follow=True).content.decode()

    assert "UPS could not be reached; Main account is saved." in page
    assert "does not accept it" not in page
    assert "UPS not reached" in client.get(url("accounts", cast.tenant)).content.decode()


def test_account_stopped_since_its_check_shows_nothing_as_accepted(
    cast: Cast, as_user: SignIn, entered: dict[str, str]
) -> None:
    client = as_user(cast.owner)
    client.post(url("new", cast.tenant), entered)
    (account,) = accounts_of(cast.tenant.id)
    with tenant_context(cast.tenant.id):
        Account.objects.filter(pk=account.pk).update(stopped_at=timezone.now(), stopped_reason="UPS blocked it.")

    pages = [
        client.get(url("accounts", cast.tenant)).content.decode(),
        client.get(url("account", cast.tenant, account.code)).content.decode(),
    ]

    assert ["UPS blocked it." in page for page in pages] == [True, True]
    assert [">In order<" in page for page in pages] == [False, False]


def test_a_corrected_secret_makes_it_work(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    client = as_user(cast.owner)
    client.post(url("new", cast.tenant), entered | {"client_secret": "wrong"})
    (account,) = accounts_of(cast.tenant.id)

    client.post(url("account", cast.tenant, account.code), entered)

    (account,) = accounts_of(cast.tenant.id)
    assert account.check_problem == ""


def test_an_empty_secret_keeps_the_stored_one(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    client = as_user(cast.owner)
    client.post(url("new", cast.tenant), entered)
    (account,) = accounts_of(cast.tenant.id)

    client.post(url("account", cast.tenant, account.code), entered | {"client_secret": "", "city": "Delft"})

    (account,) = accounts_of(cast.tenant.id)
    assert account.city == "Delft"
    assert account.open_client_secret().reveal() == entered["client_secret"]
    assert account.check_problem == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shipper_number", "12"),
        ("client_secret", ""),
        ("client_id", ""),
        ("company_name", "N" * 36),
        ("address_line_1", ""),
        ("postal_code", ""),
        ("country", "XX"),
        ("phone", ""),
    ],
)
def test_what_ups_would_refuse_is_told_at_its_field(
    cast: Cast, as_user: SignIn, entered: dict[str, str], ups_host: StandIn, field: str, value: str
) -> None:
    ups_host.control("DELETE", "calls")

    answer = as_user(cast.owner).post(url("new", cast.tenant), entered | {field: value})

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert accounts_of(cast.tenant.id) == []
    assert ups_host.calls() == []


def test_the_same_number_twice_is_told_at_its_field(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    client = as_user(cast.owner)
    client.post(url("new", cast.tenant), entered)

    answer = client.post(url("new", cast.tenant), entered)

    assert list(answer.context["form"].errors) == ["shipper_number"]
    assert len(accounts_of(cast.tenant.id)) == 1


def test_checking_again_asks_ups(cast: Cast, as_user: SignIn, entered: dict[str, str], ups_host: StandIn) -> None:
    client = as_user(cast.owner)
    client.post(url("new", cast.tenant), entered)
    (account,) = accounts_of(cast.tenant.id)
    ups_host.control("DELETE", "calls")

    client.post(url("check", cast.tenant, account.code))

    assert len(ups_host.calls()) > 0


def test_a_new_company_goes_on_by_itself_when_everything_is_in_order(
    cast: Cast, as_user: SignIn, entered: dict[str, str]
) -> None:
    not_live(cast.tenant)

    answer = as_user(cast.owner).post(url("new", cast.tenant), entered | {"alerts": "off"})

    assert answer.headers["Location"] == reverse("syncjobs:go_on", args=[cast.tenant.code])
    (account,) = accounts_of(cast.tenant.id)
    assert (account.alert_version, account.check_problem) == ("off", "")


def test_a_new_company_sees_what_its_app_lacks_how_to_add_it_and_may_go_on(
    cast: Cast, as_user: SignIn, ups_host: StandIn
) -> None:
    not_live(cast.tenant)
    app = {"client_id": uuid.uuid4().hex, "client_secret": uuid.uuid4().hex, "shipper_number": "P7P8P9"}
    ups_host.control("POST", "accounts", {**app, "country": "NL", "products": ["shipping", "tracking"]})

    page = as_user(cast.owner).post(url("new", cast.tenant), ADDRESS | app, follow=True).content.decode()

    assert page.count(">Not added to the app<") == 2
    assert "<strong>Rating, UPS Track Alert</strong>" in page
    assert f'client ID <span class="text-break-all">{app["client_id"]}</span>' in page
    assert f'href="{reverse("syncjobs:go_on", args=[cast.tenant.code])}">Go on anyway</a>' in page


def test_an_app_that_lacks_shipping_is_shown_everything_it_lacks_and_no_way_on(
    cast: Cast, as_user: SignIn, ups_host: StandIn
) -> None:
    not_live(cast.tenant)
    app = {"client_id": uuid.uuid4().hex, "client_secret": uuid.uuid4().hex, "shipper_number": "P4P5P6"}
    ups_host.control("POST", "accounts", {**app, "country": "NL", "products": ["rating"]})

    page = as_user(cast.owner).post(url("new", cast.tenant), ADDRESS | app, follow=True).content.decode()

    assert "<strong>Shipping, Tracking, UPS Track Alert</strong>" in page
    assert "Go on" not in page


def test_an_account_may_come_without_address_and_says_that_prices_wait_for_it(
    cast: Cast, as_user: SignIn, entered: dict[str, str]
) -> None:
    bare = {name: value for name, value in entered.items() if name not in ADDRESS} | {
        "name": "Main account", "environment": "test", "country": "NL", "feed": "Outbound",
    }  # fmt: skip
    client = as_user(cast.owner)

    client.post(url("new", cast.tenant), bare)

    (account,) = accounts_of(cast.tenant.id)
    assert (account.check_problem, account.city) == ("", "")
    page = client.get(url("account", cast.tenant, account.code)).content.decode()
    assert "as soon as the address that you ship from is known" in page
    assert "UPS knows no Quantum View subscription “Outbound”" in page


def test_half_an_address_is_told_at_its_fields(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    answer = as_user(cast.owner).post(url("new", cast.tenant), entered | {"city": "", "phone": ""})

    assert sorted(answer.context["form"].errors) == ["city", "phone"]
    assert accounts_of(cast.tenant.id) == []


def test_lost_keys_are_told_and_new_credentials_mend_them(cast: Cast, as_user: SignIn, entered: dict[str, str]) -> None:
    client = as_user(cast.owner)
    client.post(url("new", cast.tenant), entered)
    (account,) = accounts_of(cast.tenant.id)
    lose_keys(account)

    pages = [client.get(url(name, cast.tenant, account.code)) for name in ("account", "tracking")]
    pages += [
        client.get(url("accounts", cast.tenant)),
        client.post(url("check", cast.tenant, account.code), follow=True),
    ]
    kept = client.post(url("account", cast.tenant, account.code), entered | {"client_secret": ""})
    client.post(url("account", cast.tenant, account.code), entered)

    assert [page.status_code for page in pages] == [200] * 4
    assert "enter both again" in pages[0].content.decode()
    assert "can no longer be opened" in pages[3].content.decode()
    assert list(kept.context["form"].errors) == ["client_secret"]
    (account,) = accounts_of(cast.tenant.id)
    assert (account.reveal_client_id(), account.check_problem) == (entered["client_id"], "")


@pytest.mark.parametrize("name", ["new", "account"])
def test_credentials_are_entered_with_a_second_factor_just_used(
    cast: Cast, as_user: SignIn, entered: dict[str, str], name: str
) -> None:
    account = save_account(cast.tenant.id, scene.account_details())
    client = as_user(cast.owner)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
    codes = [account.code] if name == "account" else []

    answer = client.post(url(name, cast.tenant, *codes), entered)

    assert answer.headers["Location"].startswith(reverse("mfa_reauthenticate"))
    (kept,) = accounts_of(cast.tenant.id)
    assert kept.reveal_client_id() == "client-of-the-customer"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_lower_role_looks_but_changes_nothing(cast: Cast, as_user: SignIn, role: Role) -> None:
    account = save_account(cast.tenant.id, scene.account_details())
    client = as_user(factories.make_member(cast.tenant, role))

    assert client.get(url("accounts", cast.tenant)).status_code == 200
    assert client.get(url("new", cast.tenant)).status_code == 403
    assert client.get(url("account", cast.tenant, account.code)).status_code == 403
    assert client.post(url("account", cast.tenant, account.code), ADDRESS | {"city": "Delft"}).status_code == 403
    assert client.post(url("check", cast.tenant, account.code)).status_code == 403

    (kept,) = accounts_of(cast.tenant.id)
    assert (kept.city, kept.checked_at) == ("Rotterdam", None)


def test_an_outsider_meets_nothing(cast: Cast, as_user: SignIn) -> None:
    account = save_account(cast.tenant.id, scene.account_details())
    client = as_user(cast.outsider)

    for tenant in (cast.tenant, cast.other_tenant):
        assert client.get(url("account", tenant, account.code)).status_code == 404
        assert client.post(url("check", tenant, account.code)).status_code == 404
    assert client.post(url("new", cast.tenant), ADDRESS).status_code == 404

    (kept,) = accounts_of(cast.tenant.id)
    assert kept.checked_at is None
