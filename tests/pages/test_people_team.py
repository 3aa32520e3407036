"""The team: roles, leaving, handing over, and invitations."""

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
from tenants.access import tenants_of
from tenants.context import tenant_context
from tenants.models import Invitation, Membership, Role, Tenant, User
from tests import factories
from tests.factories import Cast
from tests.pages import entrance
from tests.pages.conftest import SignIn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


def place_of(tenant: Tenant, user: User) -> Membership:
    with tenant_context(tenant.id):
        return Membership.objects.get(tenant=tenant, user=user)


def roles(tenant: Tenant) -> dict[str, str]:
    with tenant_context(tenant.id):
        return dict(Membership.objects.filter(tenant=tenant).values_list("user__email", "role"))


def act(client: Client, tenant: Tenant, name: str, *codes: object, **sent: object) -> HttpResponse:
    return client.post(reverse(f"tenants:{name}", args=[tenant.code, *codes]), sent)  # type: ignore[return-value]


def link_of(client: Client, tenant: Tenant, email: str, role: Role = Role.OPERATOR) -> str:
    """Invite somebody; the path in the mail."""
    act(client, tenant, "team", email=email, role=role)
    found = re.search(r"/join/\S+", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


# --- roles ---


@pytest.mark.parametrize(
    ("actor", "subject", "to", "becomes"),
    [
        (Role.OWNER, Role.VIEWER, Role.OWNER, Role.OWNER),
        (Role.MANAGER, Role.VIEWER, Role.MANAGER, Role.MANAGER),
        (Role.MANAGER, Role.VIEWER, Role.OWNER, Role.VIEWER),
        (Role.OPERATOR, Role.VIEWER, Role.OPERATOR, Role.VIEWER),
        (Role.VIEWER, Role.OPERATOR, Role.VIEWER, Role.OPERATOR),
    ],
)
def test_nobody_gives_a_role_above_her_own(
    cast: Cast, as_user: SignIn, actor: Role, subject: Role, to: Role, becomes: Role
) -> None:
    person = cast.owner if actor == Role.OWNER else factories.make_member(cast.tenant, actor)
    member = factories.make_member(cast.tenant, subject)

    act(as_user(person), cast.tenant, "change_role", place_of(cast.tenant, member).code, role=to)

    assert roles(cast.tenant)[member.email] == becomes


@pytest.mark.parametrize(("name", "sent"), [("change_role", {"role": "viewer"}), ("remove_member", {})])
def test_a_manager_cannot_touch_an_owner(cast: Cast, as_user: SignIn, name: str, sent: dict[str, str]) -> None:
    manager = factories.make_member(cast.tenant, Role.MANAGER)
    before = roles(cast.tenant)

    act(as_user(manager), cast.tenant, name, place_of(cast.tenant, cast.owner).code, **sent)

    assert roles(cast.tenant) == before


def test_a_removed_member_is_out_at_once_and_told(cast: Cast, as_user: SignIn) -> None:
    removed = as_user(cast.viewer)
    page = reverse("syncjobs:work", args=[cast.tenant.code])
    before = removed.get(page).status_code
    member = place_of(cast.tenant, cast.viewer)

    act(as_user(cast.owner), cast.tenant, "remove_member", member.code)

    assert (before, removed.get(page).status_code) == (200, 404)
    assert mail.outbox[-1].to == [cast.viewer.email]
    with tenant_context(cast.tenant.id):
        event = Event.objects.get(tenant=cast.tenant)
    assert (event.actor, event.subject, event.details) == (
        f"user:{cast.owner.code}",
        member.code,
        {"removed": True},
    )


def test_the_last_owner_cannot_leave_and_others_can(cast: Cast, as_user: SignIn) -> None:
    act(as_user(cast.owner), cast.tenant, "leave")
    act(as_user(cast.viewer), cast.tenant, "leave")

    assert roles(cast.tenant) == {cast.owner.email: "owner"}


def test_handing_over_makes_the_other_the_owner_and_oneself_a_manager(cast: Cast, as_user: SignIn) -> None:
    act(as_user(cast.owner), cast.tenant, "hand_over", member=place_of(cast.tenant, cast.viewer).code)

    assert roles(cast.tenant) == {cast.owner.email: "manager", cast.viewer.email: "owner"}
    assert mail.outbox[-1].to == [cast.viewer.email]


def test_nothing_is_handed_to_somebody_without_second_factor(cast: Cast, as_user: SignIn) -> None:
    cast.viewer.authenticator_set.all().delete()
    before = roles(cast.tenant)

    page = act(as_user(cast.owner), cast.tenant, "hand_over", member=place_of(cast.tenant, cast.viewer).code)

    assert "has no second factor yet" in page.content.decode()
    assert roles(cast.tenant) == before


# --- invitations ---


def test_an_invited_newcomer_signs_up_and_joins(cast: Cast, as_user: SignIn, client: Client) -> None:
    link = link_of(as_user(cast.owner), cast.tenant, "new@example.com", Role.MANAGER)
    page = client.get(link).content.decode()

    entrance.sign_up(client, "new@example.com", next_page=link)
    back = entrance.enter_code(client, entrance.mailed_code())
    joined = client.post(link)

    assert cast.tenant.name in page
    assert back["Location"] == link
    assert joined["Location"] == reverse("syncjobs:deliveries", args=[cast.tenant.code])
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

    page = client.get(link).content.decode()
    client.post(link)

    assert f"You are signed in as {cast.outsider.email}" in page
    assert roles(cast.tenant) == before


def test_an_unproven_address_is_not_enough(cast: Cast, as_user: SignIn) -> None:
    person = factories.make_user("new")
    link = link_of(as_user(cast.owner), cast.tenant, person.email)
    person.emailaddress_set.update(verified=False)
    before = roles(cast.tenant)

    as_user(person).post(link)

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
    with tenant_context(cast.tenant.id):
        end(cast.tenant)  # type: ignore[operator]
    client = as_user(person)

    answers = [client.get(link), client.post(link)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert tenants_of(person) == []


def test_sending_again_ends_the_old_link(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    old = link_of(client, cast.tenant, "new@example.com")
    with tenant_context(cast.tenant.id):
        code = Invitation.objects.get(tenant=cast.tenant).code

    act(client, cast.tenant, "resend", code)

    assert len(mail.outbox) == 2
    assert client.get(old).status_code == 404
    assert client.get(re.search(r"/join/\S+", str(mail.outbox[-1].body))[0]).status_code == 200  # type: ignore[index]


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

    as_user(person).post(link)

    assert roles(cast.tenant)[person.email] == "viewer"
