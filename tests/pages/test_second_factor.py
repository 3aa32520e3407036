"""A second factor counts in the session that used it, and for so long."""

import time

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, TOTP
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tenants.access import tenants_of
from tenants.context import tenant_context
from tenants.models import Role, Tenant, User
from tests import factories
from tests.factories import PASSWORD, TOTP_SECRET, Cast
from tests.pages import entrance
from tests.pages.conftest import SignIn
from tests.pages.test_people_invitations import link_of, open_and_join

pytestmark = pytest.mark.django_db
ASKS = reverse("mfa_reauthenticate")
ACCOUNT_PAGES = [
    "tenants:home", "tenants:new", "tenants:account", "tenants:protect", "account_email", "account_change_password",
    "mfa_index", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_view_recovery_codes", "mfa_generate_recovery_codes",
    "usersessions_list",
]  # fmt: skip
MINUTE = 60


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def victim(cast: Cast) -> User:
    """A manager who has no second factor yet."""
    person = factories.make_user("victim", has_second_factor=False)
    with tenant_context(cast.tenant.id):
        cast.tenant.memberships.create(user=person, role=Role.MANAGER)
    return person


def used_ago(client: Client, minutes: float) -> None:
    """The second factor of this session was used so long ago."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time() - minutes * MINUTE}]
    session.save()


def test_a_session_of_the_password_alone_opens_nothing_once_there_is_a_second_factor(cast: Cast, victim: User) -> None:
    thief, client = Client(), Client()
    thief.force_login(victim)
    entrance.sign_in(client, victim.email)
    entrance.set_up_app(client)
    pages = [reverse("tenants:team", args=[cast.tenant.code]), *(reverse(name) for name in ACCOUNT_PAGES)]

    answers = {page: thief.get(page) for page in pages}

    assert {page: answer.status_code for page, answer in answers.items()} == dict.fromkeys(pages, 302)
    assert [page for page, answer in answers.items() if not answer["Location"].startswith(ASKS)] == []


def test_a_password_given_again_before_there_was_a_second_factor_proves_nothing_afterwards(victim: User) -> None:
    thief = Client()
    entrance.sign_in(thief, victim.email)
    thief.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    thief.get(reverse("tenants:protect"))
    code = entrance.app_code(thief.session[SECRET_SESSION_KEY])
    TOTP.activate(victim, TOTP_SECRET)
    before = Authenticator.objects.count()

    answers = [
        thief.post(reverse("tenants:protect"), {"code": code}),
        thief.post(reverse("mfa_add_webauthn"), {"name": "mine", "credential": "{}"}),
        thief.post(reverse("account_email"), {"email": "thief@example.com", "action_add": ""}),
    ]

    assert [answer["Location"].split("?")[0] for answer in answers] == [ASKS] * 3
    assert Authenticator.objects.count() == before
    assert victim.emailaddress_set.count() == 1


def test_setting_up_the_first_factor_ends_the_other_sessions(victim: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        entrance.sign_in(client, victim.email)

    entrance.set_up_app(here)

    assert UserSession.objects.get(user=victim).session_key == here.session.session_key
    assert "_auth_user_id" not in there.session
    assert [record["method"] for record in here.session[AUTHENTICATION_METHODS_SESSION_KEY]] == ["mfa"]


@pytest.mark.parametrize(
    ("opened_ago", "sent_ago", "is_taken"), [(None, 9, True), (None, 11, False), (9, 11, True), (9, 31, False)]
)
def test_a_form_is_taken_for_a_while_after_its_page_was_opened_in_time(
    cast: Cast, as_user: SignIn, opened_ago: float | None, sent_ago: float, *, is_taken: bool
) -> None:
    page = reverse("syncjobs:go_live", args=[cast.tenant.code])
    client = as_user(cast.owner)
    if opened_ago is not None:
        used_ago(client, opened_ago)
        client.get(page)
        session = client.session
        session["opened_fresh"] = {page: time.time() - (sent_ago - opened_ago) * MINUTE}
        session.save()
    used_ago(client, sent_ago)

    answer = client.post(
        page,
        {"mode": Tenant.ShippingMode.APPROVAL, "start": "as_it_is"},
        headers={"Referer": "http://testserver" + page},
    )

    assert answer.get("Location", "").startswith(ASKS) is not is_taken


def test_a_page_opened_in_time_lets_no_other_form_pass(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    client.get(reverse("syncjobs:go_live", args=[cast.tenant.code]))
    used_ago(client, 11)

    answer = client.post(reverse("syncjobs:export", args=[cast.tenant.code]))

    assert answer["Location"].startswith(ASKS)


def test_a_session_of_the_password_alone_takes_no_place(cast: Cast, as_user: SignIn) -> None:
    person = factories.make_user("invited")
    link = link_of(as_user(cast.owner), cast.tenant, person.email, Role.MANAGER)
    thief = factories.sign_in(Client(), person, with_second_factor=False)

    answer = open_and_join(thief, link)

    assert answer["Location"].startswith(ASKS)
    assert tenants_of(person) == []
