"""What is left of a company at Exact after its connection ended: looked at again until nothing is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connector_site.lib.outside_calls import OutsideCall
from exact import ending
from exact.models import Connection, Grant
from syncjobs import engine, ticks
from syncjobs.models import SyncJob
from syncjobs.personal import closing
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.consents import company_of, connect, connections
from tests.standins import Company, StandIn

pytestmark = pytest.mark.django_db


def is_told_of(exact_app: StandIn, company: Company) -> bool:
    """Whether Exact still notifies us of this company."""
    listed = exact_app.control("GET", "subscriptions")["subscriptions"]
    return company.division in {row["division"] for row in listed}


def end_without_exact(row: Connection) -> None:
    """As replacing a company leaves it when Exact is not there."""
    with tenant_context(row.tenant_id):
        ending.end_tie(row, {})


def has_tokens(row: Connection) -> bool:
    """Whether the permission can still be used."""
    return Grant.objects.filter(pk=row.grant_id or 0, sealed_tokens__isnull=False).exists()


@pytest.fixture
def left_over(cast: Cast, as_user: SignIn, exact_app: StandIn) -> tuple[Company, Company]:
    """Two companies: of the first only what is left over, the second connected after it."""
    first, second = company_of(exact_app), company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, first)
    end_without_exact(connections(cast.tenant)[0])
    path = f"{first.division}/webhooks/WebhookSubscriptions"
    exact_app.control("POST", "faults", {"action": "status", "status": 503, "path_regex": path, "times": None})
    connect(client, cast.tenant, second)
    exact_app.control("DELETE", "faults")
    assert [is_told_of(exact_app, company) for company in (first, second)] == [True, True]
    return first, second


def test_the_end_of_the_last_company_finishes_what_was_left_of_earlier_ones(
    cast: Cast, exact_app: StandIn, left_over: tuple[Company, Company]
) -> None:
    rows = connections(cast.tenant)
    (live,) = [row for row in rows if row.is_live]

    ending.disconnect(live)

    assert [is_told_of(exact_app, company) for company in left_over] == [False, False]
    assert [has_tokens(row) for row in rows] == [False, False]
    assert [row.grant_id for row in connections(cast.tenant)] == [None, None]


def test_without_any_company_left_the_clock_finishes_what_was_left(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    connect(as_user(cast.owner), cast.tenant, company)
    (row,) = connections(cast.tenant)
    end_without_exact(row)

    ticks.plan_reads(at=timezone.now())
    engine.work([SyncJob.Queue.SYNC])

    assert not is_told_of(exact_app, company)
    assert not has_tokens(row)
    with tenant_context(cast.tenant.id):
        SyncJob.objects.all().delete()
    ticks.plan_reads(at=timezone.now())
    with tenant_context(cast.tenant.id):
        assert not SyncJob.objects.exists()


@pytest.mark.parametrize("action", ["reset_before", "reset_after"])
def test_a_subscription_whose_end_was_not_answered_keeps_the_permission_until_it_is_seen_to_be_gone(
    cast: Cast, as_user: SignIn, exact_app: StandIn, action: str
) -> None:
    company = company_of(exact_app)
    connect(as_user(cast.owner), cast.tenant, company)
    (row,) = connections(cast.tenant)
    end_without_exact(row)
    path = f"{company.division}/webhooks/WebhookSubscriptions"
    exact_app.control("POST", "faults", {"action": action, "path_regex": path, "method": "DELETE"})

    ending.clean_up(cast.tenant.id)

    assert has_tokens(row)
    assert is_told_of(exact_app, company) is (action == "reset_before")

    ending.clean_up(cast.tenant.id)

    assert not is_told_of(exact_app, company)
    assert not has_tokens(row)


def test_a_company_connected_again_while_exact_was_slow_keeps_its_subscription(
    cast: Cast, exact_app: StandIn, left_over: tuple[Company, Company]
) -> None:
    (again,) = [row for row in connections(cast.tenant) if row.is_live]
    end_without_exact(again)

    def meanwhile(_: OutsideCall) -> None:
        with tenant_context(cast.tenant.id):
            Connection.objects.filter(pk=again.pk).update(disconnected_at=None)

    ending.clean_up(cast.tenant.id, observe=meanwhile)

    assert [is_told_of(exact_app, company) for company in left_over] == [False, True]
    assert has_tokens(again)


def close_while_exact_is_away(cast: Cast, exact_app: StandIn) -> None:
    """Close the company; the worker finds nobody at Exact."""
    path = "webhooks/WebhookSubscriptions"
    exact_app.control("POST", "faults", {"action": "status", "status": 503, "path_regex": path, "times": None})
    closing.close(actor="user", tenant_id=cast.tenant.id, needs_no_copy=True, at=timezone.now())
    engine.work([SyncJob.Queue.UPKEEP])


def go_on_closing(cast: Cast) -> SyncJob:
    """Let a worker try it again."""
    with tenant_context(cast.tenant.id):
        SyncJob.objects.filter(kind=SyncJob.Kind.CLOSE).update(due_at=timezone.now())
    engine.work([SyncJob.Queue.UPKEEP])
    with tenant_context(cast.tenant.id):
        return SyncJob.objects.get(kind=SyncJob.Kind.CLOSE)


def test_closing_tries_again_until_exact_is_there(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    company = company_of(exact_app)
    connect(as_user(cast.owner), cast.tenant, company)
    (row,) = connections(cast.tenant)

    close_while_exact_is_away(cast, exact_app)

    assert go_on_closing(cast).last_error == "Exact Online cannot be reached"
    assert [one.is_live for one in connections(cast.tenant)] == [False]
    assert has_tokens(row)
    exact_app.control("DELETE", "faults")
    assert go_on_closing(cast).state == SyncJob.State.DONE
    assert not is_told_of(exact_app, company)
    assert not has_tokens(row)


def test_closing_forgets_the_permission_after_three_days_without_exact(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    connect(as_user(cast.owner), cast.tenant, company_of(exact_app))
    (row,) = connections(cast.tenant)
    close_while_exact_is_away(cast, exact_app)
    assert has_tokens(row)
    with tenant_context(cast.tenant.id):
        Tenant.objects.update(closed_at=timezone.now() - closing.WAITS_FOR - timedelta(minutes=1))

    assert go_on_closing(cast).state == SyncJob.State.DONE

    assert not has_tokens(row)
    assert [one.grant_id for one in connections(cast.tenant)] == [None]
