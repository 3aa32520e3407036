"""Invitations: made, sent, withdrawn and taken; and how many mails leave in our name."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from tenants import mail_bounds
from tenants.access import tenants_of
from tenants.context import tenant_context
from tenants.models import Invitation, Membership, Role, Tenant
from tests import factories
from tests.factories import Cast
from tests.pages import entrance
from tests.pages.conftest import SignIn
from tests.pages.test_people_team import act, place_of, roles

pytestmark = pytest.mark.django_db
JOINING = "/join/"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


def link_of(client: Client, tenant: Tenant, email: str, role: Role = Role.OPERATOR) -> str:
    """Invite somebody; the path in the mail."""
    act(client, tenant, "team", email=email, role=role)
    return mailed_link()


def mailed_link() -> str:
    found = re.search(r"/join/\S+", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


def open_and_join(client: Client, link: str) -> HttpResponse:
    client.get(link)
    return client.post(JOINING)  # type: ignore[return-value]


def test_an_invited_newcomer_signs_up_and_joins(cast: Cast, as_user: SignIn, client: Client) -> None:
    link = link_of(as_user(cast.owner), cast.tenant, "new@example.com", Role.MANAGER)
    page = client.get(link, follow=True).content.decode()

    entrance.sign_up(client, "new@example.com")
    back = entrance.enter_code(client, entrance.mailed_code())
    joined = client.post(back["Location"])

    assert cast.tenant.name in page
    assert back["Location"] == JOINING
    assert joined["Location"] == reverse("syncjobs:overview", args=[cast.tenant.code])
    assert roles(cast.tenant)["new@example.com"] == "manager"
    with tenant_context(cast.tenant.id):
        details = [event.details for event in Event.objects.filter(tenant=cast.tenant).order_by("sequence")]
    assert [sorted(one) for one in details] == [["invited_as"], ["invitation", "joined_as"]]


def test_only_the_digest_of_a_link_is_kept(cast: Cast, as_user: SignIn) -> None:
    link = link_of(as_user(cast.owner), cast.tenant, "new@example.com")

    with tenant_context(cast.tenant.id):
        row = Invitation.objects.get(tenant=cast.tenant)
    assert len(row.token_digest) == 64
    assert link.strip("/").split("/")[1] not in row.token_digest


def test_an_invitation_is_for_its_own_address_alone(cast: Cast, as_user: SignIn) -> None:
    link = link_of(as_user(cast.owner), cast.tenant, "new@example.com")
    client = as_user(cast.outsider)
    before = roles(cast.tenant)

    page = client.get(link, follow=True).content.decode()
    client.post(JOINING)

    assert f"You are signed in as {cast.outsider.email}" in page
    assert roles(cast.tenant) == before


def test_an_unproven_address_is_not_enough(cast: Cast, as_user: SignIn) -> None:
    person = factories.make_user("new")
    link = link_of(as_user(cast.owner), cast.tenant, person.email)
    person.emailaddress_set.update(verified=False)
    before = roles(cast.tenant)

    open_and_join(as_user(person), link)

    assert roles(cast.tenant) == before


def expire(tenant: Tenant) -> None:
    Invitation.objects.filter(tenant=tenant).update(expires_at=timezone.now() - timedelta(seconds=1))


def withdraw(tenant: Tenant) -> None:
    Invitation.objects.filter(tenant=tenant).delete()


def use(tenant: Tenant) -> None:
    Invitation.objects.filter(tenant=tenant).update(accepted_at=timezone.now())


def replace(tenant: Tenant) -> None:
    Invitation.objects.filter(tenant=tenant).update(token_digest="0" * 64)


@pytest.mark.parametrize("end", [expire, withdraw, use, replace])
def test_an_ended_link_opens_nothing(cast: Cast, as_user: SignIn, end: object) -> None:
    person = factories.make_user("new")
    link = link_of(as_user(cast.owner), cast.tenant, person.email)
    client = as_user(person)
    client.get(link)
    with tenant_context(cast.tenant.id):
        end(cast.tenant)  # type: ignore[operator]

    answers = [client.post(JOINING), client.get(link), as_user(person).get(link)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert tenants_of(person) == []


def test_sending_again_ends_the_old_link(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    old = link_of(client, cast.tenant, "new@example.com")
    with tenant_context(cast.tenant.id):
        code = Invitation.objects.get(tenant=cast.tenant).code

    cache.clear()
    act(client, cast.tenant, "resend", code)

    assert len(mail.outbox) == 2
    assert client.get(old).status_code == 404
    assert client.get(mailed_link())["Location"] == JOINING


def test_a_withdrawn_invitation_is_gone(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    link = link_of(client, cast.tenant, "new@example.com")
    with tenant_context(cast.tenant.id):
        code = Invitation.objects.get(tenant=cast.tenant).code

    act(client, cast.tenant, "withdraw", code)

    assert client.get(link).status_code == 404


def test_a_manager_invites_no_owner(cast: Cast, as_user: SignIn) -> None:
    manager = factories.make_member(cast.tenant, Role.MANAGER)

    act(as_user(manager), cast.tenant, "team", email="new@example.com", role=Role.OWNER)

    with tenant_context(cast.tenant.id):
        assert Invitation.objects.count() == 0
    assert mail.outbox == []


def test_joining_twice_keeps_the_role_that_one_has(cast: Cast, as_user: SignIn) -> None:
    person = factories.make_user("new")
    link = link_of(as_user(cast.owner), cast.tenant, person.email, Role.MANAGER)
    with tenant_context(cast.tenant.id):
        Membership.objects.create(tenant=cast.tenant, user=person, role=Role.VIEWER)

    open_and_join(as_user(person), link)

    assert roles(cast.tenant)[person.email] == "viewer"


def test_neither_the_secret_nor_the_address_stands_in_any_address_but_the_first(
    cast: Cast, as_user: SignIn, client: Client
) -> None:
    link = link_of(as_user(cast.owner), cast.tenant, "new@example.com")
    token = link.strip("/").split("/")[1]

    opened = client.get(link)
    page = client.get(opened["Location"]).content.decode()
    sign_up = client.get(reverse("account_signup")).content.decode()

    assert opened["Location"] == JOINING
    assert token not in page + sign_up + str(dict(client.session))
    assert "?" not in "".join(re.findall(r'href="(/account/[^"]*)"', page))
    assert 'value="new@example.com"' in sign_up


def test_somebody_else_signs_out_and_the_invitation_still_waits(cast: Cast, as_user: SignIn) -> None:
    link = link_of(as_user(cast.owner), cast.tenant, "new@example.com")
    client = as_user(cast.outsider)
    client.get(link)

    page = client.post(JOINING, {"sign_out": "1"}, follow=True).content.decode()

    assert "_auth_user_id" not in client.session
    assert cast.tenant.name in page


def test_an_invited_owner_needs_a_second_factor_and_the_others_hear_of_her(
    cast: Cast, as_user: SignIn, client: Client
) -> None:
    person = factories.make_user("new", has_second_factor=False)
    link = link_of(as_user(cast.owner), cast.tenant, person.email, Role.OWNER)
    client.force_login(person)

    asked = open_and_join(client, link)
    before = roles(cast.tenant)
    entrance.set_up_app(client)
    client.post(JOINING)

    assert asked["Location"].startswith(reverse("tenants:protect"))
    assert person.email not in before
    assert roles(cast.tenant)[person.email] == "owner"
    assert (mail.outbox[-1].to, person.email in str(mail.outbox[-1].body)) == ([cast.owner.email], True)


@pytest.mark.parametrize(("name", "sent"), [("remove_member", {}), ("change_role", {"role": "operator"})])
def test_with_a_manager_s_role_go_the_places_she_offered(
    cast: Cast, as_user: SignIn, name: str, sent: dict[str, str]
) -> None:
    manager = factories.make_member(cast.tenant, Role.MANAGER)
    person = factories.make_user("new")
    client = as_user(person)
    client.get(link_of(as_user(manager), cast.tenant, person.email, Role.MANAGER))

    act(as_user(cast.owner), cast.tenant, name, place_of(cast.tenant, manager).code, **sent)

    assert client.post(JOINING).status_code == 404
    with tenant_context(cast.tenant.id):
        assert not Invitation.objects.exists()
        newest = Event.objects.filter(tenant=cast.tenant).order_by("-sequence")[0]
    assert len(newest.details["invitations_withdrawn"]) == 1


def test_a_place_is_not_given_by_somebody_who_may_not_give_it_any_more(cast: Cast, as_user: SignIn) -> None:
    manager = factories.make_member(cast.tenant, Role.MANAGER)
    person = factories.make_user("new")
    client = as_user(person)
    link = link_of(as_user(manager), cast.tenant, person.email, Role.MANAGER)
    client.get(link)
    with tenant_context(cast.tenant.id):
        Membership.objects.filter(user=manager).update(role=Role.OPERATOR)

    assert (client.post(JOINING).status_code, client.get(link).status_code) == (404, 404)
    assert tenants_of(person) == []


# --- mails in our name ---


def invite(client: Client, tenant: Tenant, *names: str) -> HttpResponse:
    """Invite these one after another; the last answer."""
    for name in names:
        answer = act(client, tenant, "team", email=f"{name}@example.com", role=Role.VIEWER)
    return answer


def test_one_address_is_not_written_to_again_at_once_not_even_after_a_withdrawal(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    invite(client, cast.tenant, "new")
    with tenant_context(cast.tenant.id):
        code = Invitation.objects.get(tenant=cast.tenant).code

    act(client, cast.tenant, "resend", code)
    act(client, cast.tenant, "withdraw", code)
    page = invite(client, cast.tenant, "new").content.decode()

    assert len(mail.outbox) == 1
    assert "was sent an invitation a moment ago. Try again in 10 min." in page


def test_a_company_sends_so_many_a_day_and_far_fewer_until_it_is_live(
    cast: Cast, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_bounds, "NOT_LIVE_A_DAY", 1)
    monkeypatch.setattr(mail_bounds, "LIVE_A_DAY", 2)
    manager = factories.make_member(cast.tenant, Role.MANAGER)

    invite(as_user(cast.owner), cast.tenant, "a", "b")
    page = invite(as_user(manager), cast.tenant, "c").content.decode()
    live = len(mail.outbox)
    with tenant_context(cast.other_tenant.id):
        Tenant.objects.filter(pk=cast.other_tenant.pk).update(shipping_mode=Tenant.ShippingMode.OFF)
    invite(as_user(cast.outsider), cast.other_tenant, "a", "b")

    assert "Too many invitations were sent today" in page
    assert (live, len(mail.outbox) - live) == (2, 1)


def test_a_person_with_many_companies_sends_no_more(
    cast: Cast, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_bounds, "LIVE_A_DAY", 1)
    second = factories.make_tenant("Tweede BV", owner=cast.owner)

    invite(as_user(cast.owner), cast.tenant, "a")
    invite(as_user(cast.owner), second, "b")

    assert len(mail.outbox) == 1


def test_no_mail_makes_a_link_of_a_company_s_name(cast: Cast, as_user: SignIn) -> None:
    with tenant_context(cast.tenant.id):
        Tenant.objects.filter(pk=cast.tenant.pk).update(name="Prize at evil.example B.V.")

    invite(as_user(cast.owner), cast.tenant, "new")

    text = f"{mail.outbox[0].subject} {mail.outbox[0].body}"
    assert "evil.example" not in text
    assert "Prize at evil. example B.V." in text
