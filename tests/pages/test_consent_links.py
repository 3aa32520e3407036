"""The link for the colleague with the Exact rights: what its holder can do, which is one thing, and what not."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from connector_site.lib import rate_limit
from exact import grants, tasks
from exact.consent_state import PENDING
from exact.models import ConsentLink, Grant
from tenants.context import tenant_context
from tenants.models import Role, Tenant
from tests import factories, standins
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.consents import CALLBACK, begin, company_of, connections, live_divisions, url
from tests.standins import Company, StandIn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_counted() -> None:
    rate_limit.forget()


def make_link(client: Client, tenant: Tenant) -> str:
    """The path that the member is shown."""
    page = client.post(url("make_link", tenant), {"site": "nl"}).content.decode()
    found = re.search(r'value="(http[^"]+/connect/[^"]+)"', page)
    assert found, page
    return urlsplit(found[1]).path


def go(colleague: Client, path: str) -> str:
    """Where the colleague is sent."""
    answer = colleague.post(path)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def give(colleague: Client, path: str, company: Company) -> None:
    answer = colleague.get(CALLBACK, standins.consent(go(colleague, path), company))
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == "/connect/thank-you/"


def links(tenant: Tenant) -> list[ConsentLink]:
    with tenant_context(tenant.id):
        return list(ConsentLink.objects.filter(tenant=tenant).order_by("pk"))


def test_a_colleague_gives_the_permission_and_a_member_goes_on_with_it(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    company = company_of(exact_app, name="Groothandel Zuid")
    owner = as_user(cast.owner)
    path = make_link(owner, cast.tenant)

    asked = client.get(path).content.decode()
    give(client, path, company)
    page = owner.get(url("connection", cast.tenant)).content.decode()
    taken = owner.post(url("take_up", cast.tenant), follow=True).content.decode()
    owner.post(url("companies", cast.tenant), {"division": str(company.division)})

    assert cast.tenant.name in asked
    assert f"<strong>{cast.owner.email}</strong> asks you" in asked
    assert "we have not checked the name" in asked
    (told,) = mail.outbox
    assert (told.to, told.subject) == (
        [cast.owner.email],
        f"The permission for Exact Online was given: {cast.tenant.name}",
    )
    assert f"({company.facts['user_email']}) has used the link" in told.body
    assert f"({company.facts['user_email']}) has given the permission" in page
    assert "Groothandel Zuid" in taken
    assert live_divisions(cast.tenant) == [company.division]
    (link,) = links(cast.tenant)
    assert (link.ended_at is not None, link.sealed_answer) == (True, None)
    assert grants.read(connections(cast.tenant)[0].grant_id or 0)


def test_the_colleagues_browser_opens_nothing_of_the_customer(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    give(client, make_link(as_user(cast.owner), cast.tenant), company_of(exact_app))

    answers = [client.get(url(name, cast.tenant)) for name in ("connection", "companies")]

    assert [answer["Location"].split("?")[0] for answer in answers] == ["/account/login/"] * 2
    assert dict(client.session) == {}
    assert connections(cast.tenant) == []


def test_only_the_digest_of_a_link_is_kept_and_it_is_shown_once(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    del exact_app
    owner = as_user(cast.owner)
    token = make_link(owner, cast.tenant).split("/")[2]

    (link,) = links(cast.tenant)

    assert len(token) == 43
    assert token not in str(vars(link))
    assert token not in owner.get(url("connection", cast.tenant)).content.decode()


def test_wrong_used_ended_and_expired_links_all_look_the_same_and_ask_exact_nothing(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    owner = as_user(cast.owner)
    used = make_link(owner, cast.tenant)
    give(client, used, company_of(exact_app))
    replaced = make_link(owner, cast.tenant)
    expired = make_link(owner, cast.tenant)
    with tenant_context(cast.tenant.id):
        ConsentLink.objects.filter(given_at=None).update(expires_at=timezone.now())
    exact_app.control("DELETE", "calls")

    answers = [client.post(path) for path in ("/connect/nonsense/", used, replaced, expired)]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert all("This link cannot be used any more" in answer.content.decode() for answer in answers)
    assert not any(cast.tenant.name in answer.content.decode() for answer in answers)
    assert PENDING not in client.session
    assert exact_app.calls() == []


def test_a_link_that_ended_while_the_colleague_was_at_exact_keeps_nothing(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    owner = as_user(cast.owner)
    came = standins.consent(go(client, make_link(owner, cast.tenant)), company_of(exact_app))
    owner.post(url("end_link", cast.tenant))
    exact_app.control("DELETE", "calls")

    answer = client.get(CALLBACK, came)

    assert answer.status_code == 404
    assert (exact_app.calls(), Grant.objects.count()) == ([], 0)


def test_the_state_of_one_link_proves_nothing_for_another(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    ours, theirs = make_link(as_user(cast.owner), cast.tenant), make_link(as_user(cast.outsider), cast.other_tenant)
    came = standins.consent(go(client, ours), company_of(exact_app))
    go(client, theirs)

    answer = client.get(CALLBACK, came)

    assert answer.status_code == 400
    assert "does not belong" in answer.content.decode()
    assert Grant.objects.count() == 0
    assert [link.given_at for link in links(cast.tenant) + links(cast.other_tenant)] == [None, None]


def test_an_answer_for_a_link_is_no_answer_for_a_member_and_the_other_way_round(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    owner = as_user(cast.owner)
    path = make_link(owner, cast.tenant)
    by_member = standins.consent(begin(owner, cast.tenant), company_of(exact_app))
    go(owner, path)

    answer = owner.get(CALLBACK, by_member)

    assert answer.status_code == 400
    assert Grant.objects.count() == 0
    assert "exact_choice" not in owner.session


def test_ending_links_ends_each_that_is_open_and_what_was_begun_with_one_cannot_be_finished(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    company = company_of(exact_app)
    owner = as_user(cast.owner)
    give(client, make_link(owner, cast.tenant), company)
    give(client, make_link(owner, cast.tenant), company_of(exact_app))
    unused = make_link(owner, cast.tenant)
    owner.post(url("take_up", cast.tenant))

    as_user(cast.owner).post(url("end_link", cast.tenant))
    exact_app.control("DELETE", "calls")
    late = owner.post(url("companies", cast.tenant), {"division": str(company.division)})

    assert [link.ended_at is not None for link in links(cast.tenant)] == [True] * 3
    assert [grant.sealed_tokens for grant in Grant.objects.all()] == [None, None]
    assert client.get(unused).status_code == 404
    assert late["Location"] == url("connection", cast.tenant)
    assert (exact_app.calls(), connections(cast.tenant)) == ([], [])


def test_nobody_is_asked_in_the_name_of_somebody_whose_address_is_not_proven(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    del exact_app
    path = make_link(as_user(cast.owner), cast.tenant)
    EmailAddress.objects.filter(user=cast.owner).update(verified=False)

    assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)


def test_another_customer_finds_no_permission_waiting(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    give(client, make_link(as_user(cast.owner), cast.tenant), company_of(exact_app))
    outsider = as_user(cast.outsider)

    answer = outsider.post(url("take_up", cast.other_tenant))

    assert answer["Location"] == url("connection", cast.other_tenant)
    assert "exact_choice" not in outsider.session
    assert "has given the permission" not in outsider.get(url("connection", cast.other_tenant)).content.decode()


def test_a_refusal_by_the_colleague_leaves_the_link_good(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    company = company_of(exact_app)
    path = make_link(as_user(cast.owner), cast.tenant)

    refused = client.get(CALLBACK, standins.consent(go(client, path), company, allow=False))

    assert refused.status_code == 400
    assert "The link that you were sent is still good" in refused.content.decode()
    give(client, path, company)


def test_a_permission_that_waits_outlives_its_users_other_company_and_ends_when_its_time_is_over(
    cast: Cast, as_user: SignIn, exact_app: StandIn, client: Client
) -> None:
    give(client, make_link(as_user(cast.owner), cast.tenant), company_of(exact_app))
    grant = Grant.objects.get()

    grants.forget(grant.pk)
    kept = Grant.objects.get(pk=grant.pk).sealed_tokens is not None
    with tenant_context(cast.tenant.id):
        ConsentLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.refresh_idle_grants()

    assert kept
    assert Grant.objects.get(pk=grant.pk).sealed_tokens is None
    assert [link.ended_at is not None for link in links(cast.tenant)] == [True]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_lower_role_makes_no_link_and_takes_nothing_up(cast: Cast, as_user: SignIn, role: Role) -> None:
    member = as_user(factories.make_member(cast.tenant, role))

    answers = [member.post(url(name, cast.tenant), {"site": "nl"}) for name in ("make_link", "end_link", "take_up")]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert links(cast.tenant) == []


def test_the_page_is_counted_per_address(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    del cast
    monkeypatch.setattr("exact.views.links.seconds_to_wait", lambda rule, _address: rule.seconds)

    answer = client.get("/connect/nonsense/")

    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
