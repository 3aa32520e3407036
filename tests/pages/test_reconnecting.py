"""Connecting again: the same goes straight through, another user or company is asked about by name first."""

import re

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.models import Event
from connector_site.lib.secrets import seal
from exact import credentials, ending, grants, subscribing
from exact.models import Grant
from syncjobs import engine, queue
from syncjobs.models import SyncJob
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.consents import come_back, company_of, connect, connections, live_divisions, url
from tests.standins import Company, StandIn

pytestmark = pytest.mark.django_db


def jobs(tenant: Tenant) -> set[str]:
    """Kinds of the jobs that are open."""
    with tenant_context(tenant.id):
        return set(SyncJob.objects.filter(state="due").values_list("kind", flat=True))


def colleague_of(exact_app: StandIn, company: Company) -> Company:
    """The same company, seen by another person who may open it too."""
    other = company_of(exact_app)
    exact_app.control("POST", f"users/{other.facts['user_id']}/divisions", {"division": company.division})
    return Company(exact=exact_app, facts=company.facts | {"user_id": other.facts["user_id"]})


def confirmation(page: bytes) -> dict[str, str]:
    """What the page's form would send."""
    return dict(re.findall(r'<input type="hidden" name="(division|confirmed)" value="([^"]+)">', page.decode()))


def has_tokens(grant_id: int | None) -> bool:
    """Whether a permission can still be used."""
    return Grant.objects.filter(pk=grant_id or 0, sealed_tokens__isnull=False).exists()


def changes_told(tenant: Tenant) -> list[dict[str, object]]:
    with tenant_context(tenant.id):
        events = Event.objects.filter(tenant=tenant, kind=Event.Kind.CHANGED, subject_kind="exact_connection")
        return [event.details for event in events.order_by("sequence") if "before" in event.details]


def test_a_first_connection_asks_for_what_changes_from_now_on(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    connect(as_user(cast.owner), cast.tenant, company_of(exact_app))

    assert jobs(cast.tenant) == {"master", "changes"}


def test_the_same_user_and_company_go_straight_through_and_everything_open_is_compared(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, company)
    since = connections(cast.tenant)[0].connected_at

    connect(client, cast.tenant, company)

    assert [row.connected_at for row in connections(cast.tenant)] == [since]
    assert jobs(cast.tenant) == {"master", "changes", "compare"}
    assert changes_told(cast.tenant) == []


def test_another_exact_user_is_asked_about_by_both_names_before_anything_changes(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, company)
    before = connections(cast.tenant)[0]
    colleague = colleague_of(exact_app, company)
    come_back(client, cast.tenant, colleague)

    asked = client.post(url("companies", cast.tenant), {"division": str(company.division)})

    page = asked.content.decode()
    assert asked.status_code == 200
    assert "Connect with another user?" in page
    for grant in Grant.objects.all():
        assert f"({grants.user_of(grant)[1]})" in page
    assert connections(cast.tenant)[0].grant_id == before.grant_id
    assert "compare" not in jobs(cast.tenant)

    done = client.post(url("companies", cast.tenant), confirmation(asked.content))

    assert done.status_code == 302
    after = connections(cast.tenant)[0]
    assert (after.pk, after.connected_at) == (before.pk, before.connected_at)
    assert after.grant_id != before.grant_id
    assert changes_told(cast.tenant) == [
        {"what": "exact user", "before": company.facts["user_id"], "after": colleague.facts["user_id"]}
    ]
    assert not has_tokens(before.grant_id)
    assert "compare" in jobs(cast.tenant)


def test_leaving_it_as_it_is_changes_nothing_and_forgets_the_new_permission(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, company)
    before = connections(cast.tenant)[0]
    come_back(client, cast.tenant, colleague_of(exact_app, company))
    asked = client.post(url("companies", cast.tenant), {"division": str(company.division)})

    page = client.post(url("companies", cast.tenant), confirmation(asked.content) | {"keep": "yes"}, follow=True)

    assert "Nothing was changed." in page.content.decode()
    assert connections(cast.tenant)[0].grant_id == before.grant_id
    kept = Grant.objects.filter(sealed_tokens__isnull=False)
    assert [grant.pk for grant in kept] == [before.grant_id]
    assert changes_told(cast.tenant) == []


def test_another_company_is_asked_about_and_replaces_the_first(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    first = company_of(exact_app, name="Groothandel Noord")
    client = as_user(cast.owner)
    connect(client, cast.tenant, first)
    second = company_of(exact_app, name="Groothandel Zuid", user=first.facts["user_id"])
    come_back(client, cast.tenant, second)

    asked = client.post(url("companies", cast.tenant), {"division": str(second.division)})
    still = live_divisions(cast.tenant)
    done = client.post(url("companies", cast.tenant), confirmation(asked.content))

    page = asked.content.decode()
    assert "Connect another company?" in page
    assert f"Groothandel Noord ({first.division}, Netherlands)" in page
    assert f"Groothandel Zuid ({second.division}, Netherlands)" in page
    assert still == [first.division]
    assert done.status_code == 302
    assert live_divisions(cast.tenant) == [second.division]
    assert changes_told(cast.tenant) == [{"what": "exact company", "before": first.division, "after": second.division}]
    assert jobs(cast.tenant) >= {"changes", "master"}


def test_a_confirmation_of_another_change_confirms_nothing(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    first = company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, first)
    second = company_of(exact_app, user=first.facts["user_id"])
    come_back(client, cast.tenant, second)
    asked = client.post(url("companies", cast.tenant), {"division": str(second.division)})
    third = company_of(exact_app, user=first.facts["user_id"])
    come_back(client, cast.tenant, third)

    answer = client.post(url("companies", cast.tenant), confirmation(asked.content) | {"division": str(third.division)})

    assert "Connect another company?" in answer.content.decode()
    assert live_divisions(cast.tenant) == [first.division]


def test_a_user_who_may_not_open_the_company_is_told_so_and_it_stays_as_it_was(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app, name="Groothandel Noord")
    client = as_user(cast.owner)
    connect(client, cast.tenant, company)
    stranger = company_of(exact_app)
    come_back(client, cast.tenant, stranger)

    page = client.get(url("companies", cast.tenant)).content.decode()
    refused = client.post(url("companies", cast.tenant), {"division": str(company.division)})

    assert f"Groothandel Noord ({company.division}), which is connected, is not among them" in page
    assert stranger.facts["user_email"] in page
    assert refused.status_code == 400
    assert live_divisions(cast.tenant) == [company.division]
    assert changes_told(cast.tenant) == []


def test_a_user_who_lacks_a_right_does_not_take_the_place_of_one_who_has_it(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, company)
    before = connections(cast.tenant)[0]
    come_back(client, cast.tenant, colleague_of(exact_app, company))
    asked = client.post(url("companies", cast.tenant), {"division": str(company.division)})
    exact_app.control("POST", f"companies/{company.division}/rights", {"missing": ["salesorder/GoodsDeliveries:PUT"]})

    answer = client.post(url("companies", cast.tenant), confirmation(asked.content))

    assert answer.status_code == 400
    assert "A right is missing in Exact Online" in answer.content.decode()
    assert connections(cast.tenant)[0].grant_id == before.grant_id
    assert has_tokens(before.grant_id)


def replace(client: Client, cast: Cast, first: Company, second: Company) -> HttpResponse:
    """Connect the second company in the place of the first, agreed to."""
    come_back(client, cast.tenant, second)
    asked = client.post(url("companies", cast.tenant), {"division": str(second.division)})
    assert live_divisions(cast.tenant) == [first.division]
    answer = client.post(url("companies", cast.tenant), confirmation(asked.content))
    return HttpResponse(answer.content, status=answer.status_code)


def subscribed(exact_app: StandIn, *companies: Company) -> list[int]:
    """Which of these companies Exact tells us of."""
    listed = exact_app.control("GET", "subscriptions")["subscriptions"]
    return [company.division for company in companies if company.division in {row["division"] for row in listed}]


def test_another_company_of_another_user_is_recorded_as_both(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    first, second = company_of(exact_app), company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, first)
    before = connections(cast.tenant)[0]

    replace(client, cast, first, second)

    assert changes_told(cast.tenant) == [
        {"what": "exact company", "before": first.division, "after": second.division},
        {"what": "exact user", "before": first.facts["user_id"], "after": second.facts["user_id"]},
    ]
    assert subscribed(exact_app, first, second) == [second.division]
    assert not has_tokens(before.grant_id)


@pytest.mark.parametrize("name", ["ensure_subscribed", "end_subscriptions"])
def test_a_process_that_dies_while_a_company_is_replaced_leaves_one_connection_and_the_rest_is_cleaned_up_later(
    cast: Cast, as_user: SignIn, exact_app: StandIn, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    first, second = company_of(exact_app), company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, first)
    before = connections(cast.tenant)[0]

    class Killed(BaseException):
        """As a worker that is gone: nothing in the product catches it."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(subscribing, name, die)
        with pytest.raises(Killed):
            replace(client, cast, first, second)

    assert live_divisions(cast.tenant) == [second.division]
    assert (first.division in subscribed(exact_app, first), has_tokens(before.grant_id)) == (True, True)

    ending.clean_up(cast.tenant.id)
    ending.clean_up(cast.tenant.id)

    assert live_divisions(cast.tenant) == [second.division]
    assert subscribed(exact_app, first) == []
    assert not has_tokens(before.grant_id)
    assert [row.grant_id for row in connections(cast.tenant) if not row.is_live] == [None]


def test_what_is_left_of_a_replaced_company_waits_until_exact_answers(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    first, second = company_of(exact_app), company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, first)
    before = connections(cast.tenant)[0]
    path = f"{first.division}/webhooks/WebhookSubscriptions"
    exact_app.control("POST", "faults", {"action": "status", "status": 503, "path_regex": path, "times": None})

    assert replace(client, cast, first, second).status_code == 302

    assert live_divisions(cast.tenant) == [second.division]
    assert has_tokens(before.grant_id)
    exact_app.control("DELETE", "faults")
    ending.clean_up(cast.tenant.id)
    assert subscribed(exact_app, first, second) == [second.division]
    assert not has_tokens(before.grant_id)


def test_the_upkeep_of_the_new_company_finishes_the_end_of_the_old_one(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    first, second = company_of(exact_app), company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, first)
    before = connections(cast.tenant)[0]
    path = f"{first.division}/webhooks/WebhookSubscriptions"
    exact_app.control("POST", "faults", {"action": "status", "status": 503, "path_regex": path, "times": None})
    replace(client, cast, first, second)
    exact_app.control("DELETE", "faults")

    (live,) = [row for row in connections(cast.tenant) if row.is_live]
    with tenant_context(cast.tenant.id):
        queue.add(cast.tenant.id, SyncJob.Kind.METHODS, live.code, due_at=timezone.now())
    engine.work([SyncJob.Queue.SYNC])

    assert subscribed(exact_app, first, second) == [second.division]
    assert not has_tokens(before.grant_id)


def spoil(grant_id: int | None, how: str) -> None:
    """Make what is sealed there unreadable."""
    if how == "key gone":
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE exact_grant SET sealed_user = 'no key', sealed_tokens = 'no key' WHERE id = %s", [grant_id]
            )
        return
    other = seal({}, owner="another row", purpose="exact user")
    Grant.objects.filter(pk=grant_id or 0).update(sealed_user=other, sealed_tokens=other)


@pytest.mark.parametrize("how", ["key gone", "of another row"])
def test_a_permission_that_cannot_be_read_is_shown_without_a_name_and_can_be_given_anew(
    cast: Cast, as_user: SignIn, exact_app: StandIn, how: str
) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, company)
    before = connections(cast.tenant)[0]
    spoil(before.grant_id, how)
    credentials.forget_kept()

    page = client.get(url("connection", cast.tenant))
    assert page.status_code == 200
    assert "a user we do not know the name of" in page.content.decode()

    come_back(client, cast.tenant, colleague_of(exact_app, company))
    asked = client.post(url("companies", cast.tenant), {"division": str(company.division)})
    assert "a user we do not know the name of" in asked.content.decode()
    connect(client, cast.tenant, company)

    assert connections(cast.tenant)[0].grant_id == before.grant_id
    assert company.facts["user_email"] in client.get(url("connection", cast.tenant)).content.decode()


@pytest.mark.parametrize("how", ["key gone", "of another row"])
def test_a_connection_whose_permission_cannot_be_read_can_be_ended(
    cast: Cast, as_user: SignIn, exact_app: StandIn, how: str
) -> None:
    client = as_user(cast.owner)
    connect(client, cast.tenant, company_of(exact_app))
    before = connections(cast.tenant)[0]
    spoil(before.grant_id, how)
    credentials.forget_kept()

    assert client.get(url("disconnect", cast.tenant)).status_code == 200
    assert client.post(url("disconnect", cast.tenant)).status_code == 302

    assert live_divisions(cast.tenant) == []
    assert not has_tokens(before.grant_id)
