"""Connecting a company of Exact Online, against the stand-in over HTTP."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from audit.models import Event
from exact.consent_state import PENDING
from exact.models import Connection, Grant
from tenants.context import tenant_context
from tenants.models import Role
from tests import factories, standins
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.consents import CALLBACK, begin, come_back, company_of, connections, live_divisions, url
from tests.pages.scene import Desk
from tests.standins import StandIn

pytestmark = pytest.mark.django_db


def test_only_sites_with_a_registration_are_offered(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    del exact_app
    client = as_user(cast.owner)

    page = client.get(url("connection", cast.tenant)).content.decode()

    assert 'name="site" value="nl"' in page
    assert client.post(url("start", cast.tenant), {"site": "be"}).status_code == 404
    assert client.post(url("start", cast.tenant), {"site": "https://evil.test"}).status_code == 404


def test_the_state_is_long_fresh_and_sent_to_exact(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    client = as_user(cast.owner)

    first, second = (parse_qs(urlsplit(begin(client, cast.tenant)).query)["state"][0] for _ in range(2))

    assert first != second
    assert len(first) == 43
    assert client.session[PENDING]["state"] == second
    assert begin(client, cast.tenant).startswith(f"{exact_app.address}/nl/api/oauth2/auth?")


def test_a_company_is_connected_through_the_browser(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    company = company_of(exact_app, name="Groothandel Zuid")
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)
    choice = client.get(url("companies", cast.tenant)).content.decode()

    answer = client.post(url("companies", cast.tenant), {"division": str(company.division)}, follow=True)

    page = answer.content.decode()
    assert "Groothandel Zuid" in choice
    assert "Groothandel Zuid is connected." in page
    assert str(company.division) in page
    assert live_divisions(cast.tenant) == [company.division]
    with tenant_context(cast.tenant.id):
        events = list(Event.objects.filter(tenant=cast.tenant, kind=Event.Kind.CONNECTED))
    assert [event.actor for event in events] == [f"user:{cast.owner.code}"]


def test_a_refused_consent_connects_nothing_and_says_so(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)

    answer = client.get(CALLBACK, standins.consent(begin(client, cast.tenant), company, allow=False))

    assert answer.status_code == 400
    assert "The permission was not given" in answer.content.decode()
    assert connections(cast.tenant) == []


def test_a_wrong_state_is_refused_and_the_right_one_is_spent(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    came = standins.consent(begin(client, cast.tenant), company)
    exact_app.control("DELETE", "calls")

    wrong = client.get(CALLBACK, came | {"state": "x" * 43})
    right = client.get(CALLBACK, came)

    assert (wrong.status_code, right.status_code) == (400, 400)
    assert "begin again" in wrong.content.decode()
    assert exact_app.calls() == []
    assert Grant.objects.count() == 0


def test_an_answer_for_somebody_who_was_signed_out_is_put_into_no_other_address_and_begins_again(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    client = as_user(cast.owner)
    came = standins.consent(begin(client, cast.tenant), company_of(exact_app))
    client.logout()
    exact_app.control("DELETE", "calls")

    sent = client.get(CALLBACK, came)["Location"]
    bare = as_user(cast.owner).get(parse_qs(urlsplit(sent).query)["next"][0])

    assert sent == f"{reverse('account_login')}?next={CALLBACK}"
    assert bare.status_code == 400
    assert "begin again" in bare.content.decode()
    assert exact_app.calls() == []


def test_an_answer_serves_once(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    came = standins.consent(begin(client, cast.tenant), company)
    client.get(CALLBACK, came)
    exact_app.control("DELETE", "calls")

    again = client.get(CALLBACK, came)

    assert again.status_code == 400
    assert exact_app.calls() == []


def test_an_answer_after_ten_minutes_is_refused(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    client = as_user(cast.owner)
    came = standins.consent(begin(client, cast.tenant), company_of(exact_app))
    session = client.session
    session[PENDING] |= {"begun_at": (timezone.now() - timedelta(minutes=10, seconds=1)).isoformat()}
    session.save()

    answer = client.get(CALLBACK, came)

    assert answer.status_code == 400
    assert "more than ten minutes ago" in answer.content.decode()
    assert Grant.objects.count() == 0


def test_somebody_elses_answer_is_refused(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    came = standins.consent(begin(as_user(cast.owner), cast.tenant), company_of(exact_app))

    answer = as_user(cast.outsider).get(CALLBACK, came)

    assert answer.status_code == 400
    assert Grant.objects.count() == 0


def test_an_answer_for_another_person_in_the_same_browser_is_refused(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    client = as_user(cast.owner)
    came = standins.consent(begin(client, cast.tenant), company_of(exact_app))
    pending = client.session[PENDING]
    other = as_user(factories.make_member(cast.tenant, Role.MANAGER))
    session = other.session
    session[PENDING] = pending
    session.save()

    answer = other.get(CALLBACK, came)

    assert answer.status_code == 400
    assert "Somebody else has signed in" in answer.content.decode()
    assert Grant.objects.count() == 0


def test_a_made_up_code_is_refused_by_exact_and_explained(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    del exact_app
    client = as_user(cast.owner)
    state = parse_qs(urlsplit(begin(client, cast.tenant)).query)["state"][0]

    answer = client.get(CALLBACK, {"state": state, "code": "made-up"})

    assert answer.status_code == 400
    assert "Exact Online did not accept the sign-in" in answer.content.decode()
    assert "choose the country" in answer.content.decode()
    assert connections(cast.tenant) == []


def test_an_error_text_of_exact_is_shown_as_text(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    del exact_app
    client = as_user(cast.owner)
    state = parse_qs(urlsplit(begin(client, cast.tenant)).query)["state"][0]

    page = client.get(CALLBACK, {"state": state, "error": "<script>x</script>"}).content.decode()

    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<script>x" not in page


def test_a_missing_right_is_named_and_nothing_is_connected(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)
    missing = {"missing": ["salesorder/GoodsDeliveries:PUT"]}
    exact_app.control("POST", f"companies/{company.division}/rights", missing)

    answer = client.post(url("companies", cast.tenant), {"division": str(company.division)})

    assert answer.status_code == 400
    assert "A right is missing in Exact Online" in answer.content.decode()
    assert "The Exact user may not change goods deliveries" in answer.content.decode()
    assert url("companies", cast.tenant) in answer.content.decode()
    assert live_divisions(cast.tenant) == []


def test_a_company_that_the_consent_does_not_open_cannot_be_chosen(
    cast: Cast, as_user: SignIn, exact_app: StandIn
) -> None:
    company, other = company_of(exact_app), company_of(exact_app)
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)

    answer = client.post(url("companies", cast.tenant), {"division": str(other.division)})

    assert answer.status_code == 400
    assert connections(cast.tenant) == []


def test_the_choice_of_one_company_is_no_choice_for_another(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    second = factories.make_tenant("Tweede BV", owner=cast.owner)
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company_of(exact_app))

    answer = client.get(url("companies", second))

    assert answer.status_code == 302
    assert answer["Location"] == url("connection", second)


def test_disconnecting_asks_first_and_then_ends_it(cast: Cast, as_user: SignIn, exact_app: StandIn) -> None:
    company = company_of(exact_app)
    client = as_user(cast.owner)
    come_back(client, cast.tenant, company)
    client.post(url("companies", cast.tenant), {"division": str(company.division)})

    asked = client.get(url("disconnect", cast.tenant))
    still = live_divisions(cast.tenant)
    client.post(url("disconnect", cast.tenant))

    assert "Keep it connected" in asked.content.decode()
    assert still == [company.division]
    assert live_divisions(cast.tenant) == []


def test_before_disconnecting_one_is_told_what_becomes_of_open_deliveries(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    client = as_user(cast.owner)
    nothing = client.get(url("disconnect", cast.tenant)).content.decode()
    scene.make_held(desk)
    scene.make_sending(desk)
    scene.make_shipped(desk)

    told = client.get(url("disconnect", cast.tenant)).content.decode()

    assert "No delivery waits at the moment." in nothing
    assert "2 deliveries are not finished." in told
    assert "1 waits here until this company is connected again and then goes on" in told
    assert "1 waits for somebody to fix or decide something" in told
    assert "1 delivery is on the way." in told


def test_an_ended_permission_is_shown_with_the_way_back(cast: Cast, as_user: SignIn) -> None:
    scene.make_connection(cast.tenant, needs_reconnect=True)
    client = as_user(cast.owner)

    everywhere = client.get(reverse("syncjobs:deliveries", args=[cast.tenant.code])).content.decode()
    page = client.get(url("connection", cast.tenant)).content.decode()

    assert "The connection to Exact Online has ended." in everywhere
    assert "Permission ended" in page
    assert "Connect again" in page


def test_without_any_registration_the_page_says_whom_to_ask(cast: Cast, as_user: SignIn, settings: Settings) -> None:
    settings.EXACT_APPS = {}

    page = as_user(cast.owner).get(url("connection", cast.tenant)).content.decode()

    assert "tell our team which one you use" in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_lower_role_looks_but_neither_connects_nor_disconnects(cast: Cast, as_user: SignIn, role: Role) -> None:
    scene.make_connection(cast.tenant)
    client = as_user(factories.make_member(cast.tenant, role))

    assert client.get(url("connection", cast.tenant)).status_code == 200
    assert client.post(url("start", cast.tenant), {"site": "nl"}).status_code == 403
    assert client.get(url("companies", cast.tenant)).status_code == 403
    assert client.post(url("disconnect", cast.tenant)).status_code == 403

    assert live_divisions(cast.tenant) == [123456]
    assert PENDING not in client.session


def test_an_outsider_meets_nothing(cast: Cast, as_user: SignIn) -> None:
    scene.make_connection(cast.tenant)
    client = as_user(cast.outsider)

    assert client.get(url("connection", cast.tenant)).status_code == 404
    assert client.post(url("start", cast.tenant), {"site": "nl"}).status_code == 404
    assert client.post(url("disconnect", cast.tenant)).status_code == 404

    assert live_divisions(cast.tenant) == [123456]


@pytest.mark.parametrize(("hours", "shown"), [(-1, False), (1, True)])
def test_a_pause_is_shown_while_it_lasts(cast: Cast, as_user: SignIn, hours: int, shown: bool) -> None:  # noqa: FBT001  the case
    connection = scene.make_connection(cast.tenant)
    with tenant_context(cast.tenant.id):
        until_at = timezone.now() + timedelta(hours=hours)
        Connection.objects.filter(pk=connection.pk).update(blocked_until_at=until_at)

    page = as_user(cast.viewer).get(url("connection", cast.tenant)).content.decode()

    assert ("Calls paused until" in page) is shown
