"""Coming in: sign-up with a code, the second factor, a lost password, and too many tries."""

import pytest
from allauth.account.internal.flows.email_verification_by_code import EMAIL_VERIFICATION_CODE_SESSION_KEY
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from audit.models import Event
from tenants.access import tenants_of
from tenants.context import tenant_context
from tenants.models import Role, User
from tests import factories
from tests.factories import PASSWORD, TOTP_SECRET, Cast
from tests.pages import entrance
from tests.pages.conftest import SignIn

pytestmark = pytest.mark.django_db
NEWCOMER = "anna@example.com"
COMPANY = {"name": "Anna BV", "time_zone": "Europe/Amsterdam", "language": "nl", "weight_unit": "g"}


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_newcomer_gets_from_the_landing_page_to_her_own_company_in_five_pages(client: Client) -> None:
    landing = client.get("/").content.decode()
    entrance.sign_up(client, "Anna@Example.com")
    entered = entrance.enter_code(client, entrance.mailed_code())
    asked = client.get(entered["Location"], follow=True)
    protected = entrance.set_up_app(client)
    codes = client.get(protected["Location"]).content.decode()
    kept = client.post(reverse("tenants:kept"))
    founded = client.post(kept["Location"], COMPANY)

    assert reverse("account_signup") in landing
    assert asked.redirect_chain[-1][0].startswith(reverse("tenants:protect"))
    assert codes.count("<code>") == 10
    place = tenants_of(User.objects.get(email=NEWCOMER))[0]
    assert (place.tenant_name, place.role, place.is_live) == ("Anna BV", Role.OWNER, False)
    assert founded["Location"] == reverse("syncjobs:go_on", args=[place.tenant_code])
    with tenant_context(place.tenant_id):
        assert Event.objects.get().details == {"founded": True, "fields": ["language", "weight_unit"]}


def test_codes_are_shown_once(client: Client) -> None:
    entrance.sign_up(client, NEWCOMER)
    entrance.enter_code(client, entrance.mailed_code())
    page = entrance.set_up_app(client)["Location"]
    client.get(page)

    assert "<code>" not in client.get(page).content.decode()
    assert client.get(reverse("mfa_download_recovery_codes")).status_code == 403


def test_without_the_code_nobody_is_in(client: Client) -> None:
    entrance.sign_up(client, NEWCOMER)

    entrance.enter_code(client, "AAA-AAA")

    assert not is_signed_in(client)
    assert client.get(reverse("tenants:new"))["Location"].startswith(reverse("account_login"))


def test_a_code_expires(client: Client) -> None:
    entrance.sign_up(client, NEWCOMER)
    code = entrance.mailed_code()

    session = client.session
    session[EMAIL_VERIFICATION_CODE_SESSION_KEY]["at"] -= 16 * 60
    session.save()
    entrance.enter_code(client, code)

    assert not is_signed_in(client)


def test_three_wrong_codes_end_the_try(client: Client) -> None:
    entrance.sign_up(client, NEWCOMER)
    code = entrance.mailed_code()
    for _ in range(3):
        entrance.enter_code(client, "AAA-AAA")

    entrance.enter_code(client, code)

    assert not is_signed_in(client)


def test_signing_up_again_tells_the_page_nothing_and_the_owner_all(cast: Cast) -> None:
    known, unknown = Client(), Client()

    answers = [entrance.sign_up(known, cast.owner.email), entrance.sign_up(unknown, NEWCOMER)]

    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (302, reverse("account_email_verification_sent"))
    ] * 2
    pages = [client.get(reverse("account_email_verification_sent")).content for client in (known, unknown)]
    assert pages[0].count(b"<form") == pages[1].count(b"<form")
    assert "an account with it already" in str(mail.outbox[0].body)
    assert mail.outbox[0].to == [cast.owner.email]


def test_a_new_password_is_chosen_with_a_code_and_tells_nobody_who_exists(cast: Cast, client: Client) -> None:
    stranger = Client().post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    asked = client.post(reverse("account_reset_password"), {"email": cast.owner.email})
    confirmed = client.post(asked["Location"], {"code": entrance.mailed_code()})
    client.post(confirmed["Location"], {"password1": "a new one that is long", "password2": "a new one that is long"})

    assert stranger["Location"] == asked["Location"]
    assert User.objects.get(pk=cast.owner.pk).check_password("a new one that is long")
    assert not is_signed_in(client)
    assert "Your password has been reset" in str(mail.outbox[-1].body)


def test_the_password_alone_opens_nothing(cast: Cast, client: Client) -> None:
    answer = entrance.sign_in(client, cast.owner.email)

    assert answer["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    assert client.get(reverse("tenants:team", args=[cast.tenant.code])).status_code == 302


def test_a_member_without_second_factor_is_sent_to_set_one_up_and_back(cast: Cast, client: Client) -> None:
    person = factories.make_user("plain", has_second_factor=False)
    client.force_login(person)
    with tenant_context(cast.tenant.id):
        cast.tenant.memberships.create(user=person, role=Role.VIEWER)
    page = reverse("tenants:team", args=[cast.tenant.code])

    asked = client.get(page)
    client.get(asked["Location"])
    entrance.set_up_app(client)
    back = client.post(reverse("tenants:kept"))

    assert asked["Location"].startswith(reverse("tenants:protect"))
    assert back["Location"] == page
    assert client.get(page).status_code == 200


def test_a_stranger_s_address_is_not_where_one_is_led_on_to(as_user: SignIn) -> None:
    client = as_user(factories.make_user())
    client.get(reverse("tenants:protect"), {"next": "https://elsewhere.example/"})

    assert client.post(reverse("tenants:kept"))["Location"] == "/"


def test_a_recovery_code_works_once(cast: Cast) -> None:
    code = factories.recovery_code(cast.owner)
    clients = [Client(), Client()]
    for client in clients:
        entrance.sign_in(client, cast.owner.email)
        client.post(reverse("mfa_authenticate"), {"code": code})

    assert [is_signed_in(client) for client in clients] == [True, False]


def test_a_code_of_the_app_works_once_as_long_as_it_is_valid(cast: Cast) -> None:
    code = entrance.app_code(TOTP_SECRET)
    clients = [Client(), Client()]
    for client in clients:
        entrance.sign_in(client, cast.owner.email)
        client.post(reverse("mfa_authenticate"), {"code": code})
        # allauth forgets a code after half a minute, while it is valid for a whole one more.
        cache.delete(f"allauth.mfa.totp.used?user={cast.owner.pk}&code={code}")

    assert [is_signed_in(client) for client in clients] == [True, False]


def test_the_sixth_try_is_refused_even_with_the_right_password(cast: Cast) -> None:
    for _ in range(5):
        entrance.sign_in(Client(), cast.owner.email, "wrong")

    answer = entrance.sign_in(Client(), cast.owner.email)
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").post(
        reverse("account_login"), {"login": cast.owner.email, "password": PASSWORD}
    )

    assert (answer.status_code, 890 < int(answer["Retry-After"]) <= 900) == (429, True)
    assert "15 minutes" in answer.content.decode()
    assert elsewhere["Location"] == reverse("mfa_authenticate")


def test_one_visitor_locks_nobody_out_however_long_she_tries(cast: Cast, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_of_account": "6/1h/key"}
    for _ in range(10):
        entrance.sign_in(Client(REMOTE_ADDR="192.0.2.7"), cast.owner.email, "wrong")

    answer = entrance.sign_in(Client(REMOTE_ADDR="192.0.2.8"), cast.owner.email)

    assert answer["Location"] == reverse("mfa_authenticate")


def test_right_passwords_are_no_tries(cast: Cast, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_of_account": "2/1h/key"}

    answers = [entrance.sign_in(Client(), cast.owner.email) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [302] * 4


def test_guessing_from_many_places_is_bounded_says_how_long_and_the_mailbox_still_opens(
    cast: Cast, settings: Settings, client: Client
) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_of_account": "3/1h/key"}
    for last in range(3):
        entrance.sign_in(Client(REMOTE_ADDR=f"192.0.2.{last}"), cast.owner.email, "wrong")

    refused = entrance.sign_in(client, cast.owner.email)
    asked = client.post(reverse("account_reset_password"), {"email": cast.owner.email})
    confirmed = client.post(asked["Location"], {"code": entrance.mailed_code()})
    new = "a new one that is long"
    client.post(confirmed["Location"], {"password1": new, "password2": new})

    assert (refused.status_code, 3590 < int(refused["Retry-After"]) <= 3600) == (429, True)
    assert "60 minutes" in refused.content.decode()
    assert entrance.sign_in(Client(), cast.owner.email, new)["Location"] == reverse("mfa_authenticate")


def test_the_sixth_second_factor_is_refused_even_when_it_is_right(cast: Cast, client: Client) -> None:
    entrance.sign_in(client, cast.owner.email)
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})

    answer = client.post(reverse("mfa_authenticate"), {"code": factories.recovery_code(cast.owner)})

    assert answer.status_code == 429
    assert not is_signed_in(client)


def test_the_only_factor_stays(cast: Cast, as_user: SignIn) -> None:
    answer = as_user(cast.owner).post(reverse("mfa_deactivate_totp"))

    assert answer.status_code == 200
    assert cast.owner.authenticator_set.filter(type="totp").count() == 1


def test_a_password_does_not_stand_in_for_the_second_factor(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()

    asked = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("tenants:hand_over", args=[cast.tenant.code]))

    assert asked["Location"].startswith(reverse("mfa_reauthenticate"))
    assert page["Location"].startswith(reverse("mfa_reauthenticate"))


@pytest.mark.parametrize(
    "name",
    [
        "Win at https://evil.example",
        "www.evil.example BV",
        "Pay evil.example/now",
        "Ask ceo@evil.example",
        "Anna\nBV",
        "Anna \u202eVB",
    ],
)
def test_a_company_s_name_leads_nowhere(cast: Cast, as_user: SignIn, name: str) -> None:
    page = as_user(cast.owner).post(reverse("tenants:new"), COMPANY | {"name": name})

    assert "Write the name" in page.content.decode()
    assert len(tenants_of(cast.owner)) == 1


@pytest.mark.parametrize("name", ["Bol.com B.V.", "Møller A/S", "Müller GmbH & Co.KG", "S.p.A. Rossi", "@Work"])
def test_a_company_has_the_name_that_it_has(cast: Cast, as_user: SignIn, name: str) -> None:
    as_user(cast.owner).post(reverse("tenants:new"), COMPANY | {"name": name})

    assert tenants_of(cast.owner)[-1].tenant_name == name


def test_nobody_has_more_companies_than_the_bound(cast: Cast, as_user: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.views.companies.COMPANIES_PER_PERSON", 1)

    as_user(cast.owner).post(reverse("tenants:new"), COMPANY)

    assert len(tenants_of(cast.owner)) == 1


@pytest.mark.parametrize(
    "name",
    ["tenants:account", "tenants:new", "account_email", "account_change_password", "mfa_index", "mfa_list_webauthn",
     "mfa_add_webauthn", "mfa_reauthenticate", "mfa_deactivate_totp", "mfa_generate_recovery_codes",
     "usersessions_list"],
)  # fmt: skip
def test_the_pages_of_an_account_are_ours(cast: Cast, as_user: SignIn, name: str) -> None:
    page = as_user(cast.owner).get(reverse(name)).content.decode()

    assert "site/site.css" in page
    assert page.count("<h1") == 1
