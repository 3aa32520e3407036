"""Choosing the company: what is shown without asking Exact, what cannot be chosen, and each way in which it ends."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exact import rights
from exact.models import Connection, Grant
from tenants.context import tenant_context
from tenants.models import Tenant
from tests import factories, standins
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.consents import CALLBACK, begin, come_back, company_of, connect, connections, live_divisions, url
from tests.standins import Company, StandIn

pytestmark = pytest.mark.django_db


def choose(client: Client, tenant: Tenant, company: Company) -> tuple[int, str]:
    answer = client.post(url("companies", tenant), {"division": str(company.division)})
    return answer.status_code, answer.content.decode()


def change(company: Company, **facts: object) -> None:
    company.exact.control("PATCH", f"companies/{company.division}", facts)


def second_of(company: Company, **more: object) -> Company:
    return company_of(company.exact, user=company.facts["user_id"], **more)


def consent_to_all(client: Client, tenant: Tenant, *companies: Company) -> None:
    """Through the consent page with several companies ticked."""
    exact = companies[0].exact
    exact.control("POST", "settings", {"auto_consent": True, "auto_consent_user": companies[0].facts["user_id"]})
    sent = exact.session.get(begin(client, tenant), allow_redirects=False, timeout=10)
    exact.control("POST", "settings", {"auto_consent": False})
    answer = client.get(f"{CALLBACK}?{sent.headers['Location'].split('?', 1)[1]}")
    assert answer.status_code == 302, answer.content.decode()


def test_looking_at_the_choice_asks_exact_nothing_and_the_only_company_is_chosen_already(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app, name="Groothandel Zuid")
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)
    exact_app.control("DELETE", "calls")

    page = client.get(url("companies", cast.tenant)).content.decode()

    assert exact_app.calls() == []
    assert page.index("Groothandel Zuid") < page.index(f"{company.division}, ")
    assert f'value="{company.division}" required checked' in page


def test_the_session_names_neither_the_exact_user_nor_her_companies(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app, name="Groothandel Zuid")
    client = as_user(cast.owner)

    come_back(client, cast.tenant, company)
    kept = str(dict(client.session))

    assert "exact_choice" in kept
    assert [word for word in ("Groothandel", str(company.facts["user_email"]), "offers") if word in kept] == []


def test_archived_and_blocked_companies_are_shown_with_the_reason_and_cannot_be_chosen(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    archived, blocked = second_of(company), second_of(company)
    change(archived, Status=2)
    change(blocked, BlockingStatus=1)
    client = as_user(cast.owner)
    consent_to_all(client, cast.tenant, company, archived, blocked)

    page = client.get(url("companies", cast.tenant)).content.decode()
    tried = choose(client, cast.tenant, archived)

    assert f'value="{archived.division}" required disabled' in page
    assert f'value="{blocked.division}" required disabled' in page
    assert "Archived in Exact Online: restore it there" in page
    assert "Blocked in Exact Online at the moment" in page
    assert tried[0] == 400
    assert "This company is archived in Exact Online" in tried[1]
    assert connections(cast.tenant) == []


def test_a_company_blocked_since_the_list_was_shown_is_refused_by_the_look_before_it_counts(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)
    change(company, BlockingStatus=1)

    status, page = choose(client, cast.tenant, company)

    assert (status, connections(cast.tenant)) == (400, [])
    assert "This company is blocked in Exact Online at the moment" in page


def test_a_company_of_another_customer_is_refused_without_a_name(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    connect(as_user(cast.outsider), cast.other_tenant, company)
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)

    shown = client.get(url("companies", cast.tenant)).content.decode()
    status, page = choose(client, cast.tenant, company)

    assert "for another customer's company too" in shown.replace("&#x27;", "'")
    assert "This company is connected already" in page
    assert cast.other_tenant.name not in shown + page
    assert (status, live_divisions(cast.tenant)) == (400, [])
    assert live_divisions(cast.other_tenant) == [company.division]


def test_ones_own_other_company_with_the_same_permission_is_named(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    own = factories.make_tenant("Tweede BV", owner=cast.owner)
    first = company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, own, first)
    come_back(client, cast.tenant, second_of(first))

    page = client.get(url("companies", cast.tenant)).content.decode()

    assert "gave the permission for Tweede BV too" in page
    assert "customer" not in page.split("<fieldset")[0].split("page-head")[1]


def test_a_consent_that_leaves_out_the_open_company_says_what_to_tick(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    second_of(company)
    client = as_user(cast.owner)

    answer = client.get(CALLBACK, standins.consent(begin(client, cast.tenant), company))

    assert answer.status_code == 400
    assert "No company was opened" in answer.content.decode()
    assert Grant.objects.get().sealed_tokens is None


def test_exact_away_at_the_choice_changes_nothing_and_the_choice_stays(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)
    exact_app.control("POST", "faults", {"action": "status", "status": 503, "path_regex": "Divisions", "times": None})

    status, page = choose(client, cast.tenant, company)
    exact_app.control("DELETE", "faults")

    assert status == 400
    assert "Exact Online cannot be reached at the moment" in page
    assert connections(cast.tenant) == []
    assert choose(client, cast.tenant, company)[0] == 302


def test_setting_up_goes_on_when_all_is_well_and_stops_where_there_is_something_to_read(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    with tenant_context(cast.tenant.id):
        Tenant.objects.filter(pk=cast.tenant.pk).update(shipping_mode=Tenant.ShippingMode.OFF)
    company = company_of(exact_app)
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)
    well = client.post(url("companies", cast.tenant), {"division": str(company.division)})
    missing = {"missing": ["documents/Documents:POST"]}
    exact_app.control("POST", f"companies/{company.division}/rights", missing)
    come_back(client, cast.tenant, company)
    lacking = client.post(url("companies", cast.tenant), {"division": str(company.division)})

    page = client.get(lacking["Location"]).content.decode()

    assert well["Location"] == reverse("syncjobs:go_on", args=[cast.tenant.code])
    assert lacking["Location"] == url("connection", cast.tenant)
    assert "the proof of delivery cannot be stored in Exact Online" in page
    assert f'href="{well["Location"]}"' in page


def test_rights_are_shown_line_by_line_and_looked_up_again_on_request(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    connect(client, cast.tenant, company)
    missing = {"missing": ["logistics/Items"]}
    exact_app.control("POST", f"companies/{company.division}/rights", missing)

    before = client.get(url("connection", cast.tenant)).content.decode()
    after = client.post(url("check_rights", cast.tenant), follow=True).content.decode()

    assert before.count(">Allowed<") == len(rights.NEEDS)
    assert after.count(">Allowed<") == len(rights.NEEDS) - 1
    assert "The Exact user may not open items" in after


def test_the_first_call_of_exact_is_shown_and_awaited_again_after_a_new_subscription(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    client = as_user(cast.owner)
    connect(client, cast.tenant, company_of(exact_app))
    waiting = client.get(url("connection", cast.tenant)).content.decode()
    (row,) = connections(cast.tenant)
    with tenant_context(cast.tenant.id):
        Connection.objects.filter(pk=row.pk).update(hook_validated_at=timezone.now())

    seen = client.get(url("connection", cast.tenant)).content.decode()

    assert "Not seen yet" in waiting
    assert "Arrived" in seen


@pytest.mark.parametrize("name", ["start", "companies", "disconnect", "make_link", "end_link", "take_up"])
def test_beginning_and_ending_ask_for_the_second_factor_again(cast: Cast, exact_app: StandIn, name: str) -> None:
    exact_app.control("DELETE", "calls")
    client = factories.sign_in(Client(), cast.owner, with_second_factor=False)

    answer = client.post(url(name, cast.tenant), {"site": "nl"})

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
    assert exact_app.calls() == []
