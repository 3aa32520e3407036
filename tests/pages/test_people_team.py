"""The team: roles, leaving and handing over, and what ends with a role."""

from datetime import timedelta

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from exact.models import ConsentLink
from syncjobs.models import Attention, NewsChoice, NewsMark, SavedView
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant, User
from tests import factories
from tests.factories import Cast
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


def test_nobody_without_second_factor_becomes_an_owner(cast: Cast, as_user: SignIn) -> None:
    cast.viewer.authenticator_set.all().delete()
    before = roles(cast.tenant)

    act(as_user(cast.owner), cast.tenant, "change_role", place_of(cast.tenant, cast.viewer).code, role=Role.OWNER)

    assert roles(cast.tenant) == before


def test_the_other_owners_hear_who_became_one_and_who_is_none_any_more(cast: Cast, as_user: SignIn) -> None:
    other = factories.make_member(cast.tenant, Role.OWNER)
    code = place_of(cast.tenant, cast.viewer).code

    act(as_user(cast.owner), cast.tenant, "change_role", code, role=Role.OWNER)
    act(as_user(cast.owner), cast.tenant, "change_role", code, role=Role.VIEWER)

    assert [letter.to for letter in mail.outbox] == [[other.email], [cast.viewer.email], [other.email]]
    assert "has another owner" in mail.outbox[0].subject
    assert f"{cast.viewer.email} is no owner" in str(mail.outbox[2].body)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("team", {"email": "new@example.com", "role": "viewer"}),
        ("change_role", {"role": "owner"}),
        ("remove_member", {}),
        ("resend", {}),
        ("withdraw", {}),
        ("leave", {}),
    ],
)
def test_no_role_is_given_or_taken_without_a_fresh_second_factor(
    cast: Cast, as_user: SignIn, name: str, sent: dict[str, str]
) -> None:
    member = place_of(cast.tenant, cast.viewer)
    with tenant_context(cast.tenant.id):
        cast.tenant.memberships.filter(user=cast.viewer).update(role=Role.MANAGER)
        invitation = cast.tenant.invitations.create(email="a@example.com", role=Role.VIEWER, invited_by=cast.owner)
    codes = {"change_role": [member.code], "remove_member": [member.code]}
    codes |= {"resend": [invitation.code], "withdraw": [invitation.code]}
    client = as_user(cast.viewer if name == "leave" else cast.owner)
    grow_old(client)
    before = roles(cast.tenant)

    answer = act(client, cast.tenant, name, *codes.get(name, []), **sent)

    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
    assert roles(cast.tenant) == before
    assert mail.outbox == []
    with tenant_context(cast.tenant.id):
        assert cast.tenant.invitations.count() == 1


def test_the_team_is_shown_without_its_buttons_until_the_second_factor_is_fresh(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    page = reverse("tenants:team", args=[cast.tenant.code])
    fresh = client.get(page).content.decode()
    grow_old(client)

    old = client.get(page).content.decode()

    button = "Send the invitation"
    assert (button in fresh, "Use the second factor" in fresh) == (True, False)
    assert (button in old, "Use the second factor" in old, cast.viewer.email in old) == (False, True, True)


def grow_old(client: Client) -> None:
    """Let the second factor have been used eleven minutes ago."""
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= 11 * 60
    session.save()


def test_with_the_right_to_connect_go_the_links_for_colleagues(cast: Cast, as_user: SignIn) -> None:
    manager = factories.make_member(cast.tenant, Role.MANAGER)
    with tenant_context(cast.tenant.id):
        for maker in (manager, cast.owner):
            ConsentLink.objects.create(
                tenant=cast.tenant,
                token_digest=str(maker.pk),
                site="nl",
                made_by=maker.code,
                made_at=timezone.now(),
                expires_at=timezone.now() + timedelta(days=7),
            )

    act(as_user(cast.owner), cast.tenant, "remove_member", place_of(cast.tenant, manager).code)

    with tenant_context(cast.tenant.id):
        assert [link.made_by for link in ConsentLink.objects.filter(ended_at=None)] == [cast.owner.code]


def make_traces(tenant: Tenant, user: User) -> None:
    """What somebody leaves by working every day."""
    hers = {"tenant": tenant, "user": user}
    with tenant_context(tenant.id):
        for name, is_shared in (("Mine", False), ("Ours", True)):
            SavedView.objects.create(**hers, name=name, is_shared=is_shared)
        NewsChoice.objects.create(**hers, kind="stopped")
        NewsMark.objects.create(**hers, read_to_at=timezone.now())
        Attention.objects.create(
            tenant=tenant, subject_kind="delivery", subject=factories.some_guid(), assigned_to=user
        )


def traces(tenant: Tenant) -> dict[str, object]:
    with tenant_context(tenant.id):
        return {
            "views": list(SavedView.objects.order_by("name").values_list("name", "user")),
            "turns": list(Attention.objects.values_list("assigned_to", flat=True)),
            "news": (NewsChoice.objects.count(), NewsMark.objects.count()),
        }


@pytest.mark.parametrize("is_removed", [True, False])
def test_with_a_place_ends_what_was_hers_alone(cast: Cast, as_user: SignIn, *, is_removed: bool) -> None:
    person = factories.make_member(cast.tenant, Role.OPERATOR)
    code = place_of(cast.tenant, person).code
    make_traces(cast.tenant, person)

    if is_removed:
        act(as_user(cast.owner), cast.tenant, "remove_member", code)
    else:
        act(as_user(person), cast.tenant, "leave")

    assert traces(cast.tenant) == {"views": [("Ours", None)], "turns": [None], "news": (0, 0)}
    with tenant_context(cast.tenant.id):
        told = Event.objects.get(subject_kind="membership", subject=code).details
    assert (told["turns_ended"], told["views_left"]) == (1, 1)


def test_who_may_not_leave_keeps_what_is_hers(cast: Cast, as_user: SignIn) -> None:
    make_traces(cast.tenant, cast.owner)
    before = traces(cast.tenant)

    act(as_user(cast.owner), cast.tenant, "leave")

    assert traces(cast.tenant) == before
