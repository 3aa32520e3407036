"""Connecting a company through the real consent flow of the stand-in, and what refuses it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from audit.models import Event
from connector_site.lib.outside_calls import OutsideCall
from exact import connecting, ending, grants
from exact.access import open_client
from exact.errors import (
    ExactBudgetSpent,
    ExactDivisionRefused,
    ExactNeedsReconnect,
    ExactRejected,
    ExactRightMissing,
    ExactScopeMissing,
    ExactUnavailable,
)
from exact.limits import BudgetClass
from exact.master import MasterData
from exact.models import Connection, Grant, MasterRecord, ShippingMethod, Site, SyncCursor, WebhookSubscription
from exact.subscribing import callback_url
from exact.upkeep import sync_master
from tenants.context import tenant_context
from tests.exact.scene import Sandbox, Scene, connected, consent, division_of, quick_tenant, shown

pytestmark = pytest.mark.django_db


def connections_of(tenant_id: uuid.UUID) -> list[Connection]:
    with tenant_context(tenant_id):
        return list(Connection.objects.order_by("pk"))


def test_a_consent_gives_a_grant_the_user_and_her_companies(sandbox: Sandbox) -> None:
    seen: list[OutsideCall] = []
    company = sandbox.found_company(name="Fietsen BV")

    given = consent(sandbox, company, seen.append)

    assert [call.operation for call in seen] == ["exchange_code", "me", "divisions"]
    assert str(given.me.user_id) == company["user_id"]
    assert [(one.code, one.name) for one in given.divisions] == [(company["division"], "Fietsen BV")]
    assert grants.user_of(Grant.objects.get()) == (given.me.name, company["user_email"])


def test_connecting_subscribes_reads_shipping_methods_and_is_recorded(sandbox: Sandbox) -> None:
    tenant, seen = quick_tenant(), list[OutsideCall]()
    company = sandbox.found_company()
    given = consent(sandbox, company)

    done = connecting.connect_division(
        tenant_id=tenant.id, grant_id=given.grant_id, division=division_of(given, company), observe=seen.append
    )

    assert done.problems == ()
    assert [call.operation for call in seen] == [
        *["user_has_rights", "look_at", "user_has_rights", "user_has_rights"],
        *["user_has_rights", "look_at"] * 3,
        *["user_has_rights", "user_has_rights", "look_at"],
        *["subscriptions", "subscribe", "subscriptions", "shipping_methods"],
        *["divisions", "warehouses", "addresses_of_warehouses"],
    ]
    assert sandbox.control("GET", "subscriptions")["subscriptions"][0]["callback_url"] == callback_url(done.connection)
    with tenant_context(tenant.id):
        assert ShippingMethod.objects.count() == len(company["shipping_methods"])
        assert WebhookSubscription.objects.get().callback_url == callback_url(done.connection)
        events = Event.objects.filter(subject=done.connection.code)
        assert [(one.kind, one.to_state) for one in events] == [(Event.Kind.CONNECTED, "connected")]


def test_a_code_works_once_and_the_second_use_is_explained(sandbox: Sandbox) -> None:
    company = sandbox.found_company()
    sandbox.settings(auto_consent=True, auto_consent_user=company["user_id"])
    code = sandbox.consent_code(connecting.authorize_url(site="nl", state="s", force_login=False))
    connecting.finish_consent(site="nl", code=code)

    with pytest.raises(ExactRejected, match="Start connecting again"):
        connecting.finish_consent(site="nl", code=code)

    assert Grant.objects.count() == 1


def test_an_invented_code_leaves_nothing_behind(sandbox: Sandbox) -> None:
    with pytest.raises(ExactRejected):
        connecting.finish_consent(site="nl", code="invented")

    assert Grant.objects.count() == 0
    assert len(sandbox.calls()) == 1


def test_a_code_for_a_site_without_registration_is_sent_nowhere(sandbox: Sandbox) -> None:
    with pytest.raises(ExactUnavailable, match="not set up"):
        connecting.finish_consent(site="be", code="code")

    assert sandbox.calls() == []


def test_a_second_consent_of_the_same_user_replaces_the_chain_for_all_her_companies(scene: Scene) -> None:
    first = grants.pair_of(scene.grant).refresh
    given = consent(scene.sandbox, scene.company)

    assert given.grant_id == scene.connection.grant_id
    assert Grant.objects.count() == 1
    assert scene.grant.generation == 2
    assert grants.pair_of(scene.grant).refresh != first
    assert scene.client().shipping_methods() != []


def test_two_companies_of_one_user_share_one_grant(scene: Scene) -> None:
    other = scene.sandbox.found_company(user=scene.company["user_id"])
    given = consent(scene.sandbox, scene.company)

    done = connecting.connect_division(
        tenant_id=scene.tenant.id, grant_id=given.grant_id, division=division_of(given, other)
    )

    assert done.connection.grant_id == scene.connection.grant_id
    assert {row.division for row in connections_of(scene.tenant.id)} == {scene.division, other["division"]}
    assert {code for _, code in grants.users_of(given.grant_id)} == {scene.connection.code, done.connection.code}


def test_a_reconnect_after_a_lost_chain_brings_the_same_connection_back(scene: Scene) -> None:
    scene.sandbox.control("POST", f"users/{scene.company['user_id']}/revoke")
    with pytest.raises(ExactNeedsReconnect):
        scene.client().shipping_methods()

    given = consent(scene.sandbox, scene.company)
    again = connecting.connect_division(
        tenant_id=scene.tenant.id, grant_id=given.grant_id, division=division_of(given, scene.company)
    )

    assert (again.connection.pk, again.connection.hook_code) == (scene.connection.pk, scene.connection.hook_code)
    assert scene.grant.needs_reconnect_at is None
    assert scene.client().shipping_methods() != []


@pytest.mark.parametrize(("change", "words"), [({"is_archived": True}, "archived"), ({"is_blocked": True}, "blocked")])
def test_an_archived_or_blocked_company_is_refused_without_a_call(
    sandbox: Sandbox, change: dict[str, Any], words: str
) -> None:
    tenant, company = quick_tenant(), sandbox.found_company()
    given = consent(sandbox, company)
    values = {name: getattr(division_of(given, company), name) for name in division_of(given, company).__slots__}
    sandbox.forget_calls()

    with pytest.raises(ExactDivisionRefused, match=words):
        connecting.connect_division(
            tenant_id=tenant.id, grant_id=given.grant_id, division=type(given.divisions[0])(**values | change)
        )

    assert (sandbox.calls(), connections_of(tenant.id)) == ([], [])


def test_a_company_of_another_customer_is_refused_and_nothing_changes_there(scene: Scene) -> None:
    other = quick_tenant()
    given = consent(scene.sandbox, scene.company)

    with pytest.raises(ExactDivisionRefused, match="already connected by another customer"):
        connecting.connect_division(
            tenant_id=other.id, grant_id=given.grant_id, division=division_of(given, scene.company)
        )

    assert connections_of(other.id) == []
    assert scene.row().is_live
    with tenant_context(other.id):
        assert Event.objects.count() == 0


def test_a_user_without_the_needed_right_is_told_which_one(sandbox: Sandbox) -> None:
    tenant, company = quick_tenant(), sandbox.found_company()
    sandbox.control("POST", f"companies/{company['division']}/rights", {"missing": ["salesorder/GoodsDeliveries:PUT"]})
    given = consent(sandbox, company)
    sandbox.forget_calls()

    with pytest.raises(ExactRightMissing, match="may not change goods deliveries"):
        connecting.connect_division(tenant_id=tenant.id, grant_id=given.grant_id, division=division_of(given, company))

    assert connections_of(tenant.id) == []
    assert {call["method"] for call in sandbox.calls()} == {"GET"}


OTHER_SCOPES = (
    "logistics_wms",
    "sales_orders",
    "crm_accounts",
    "logistics_items",
    "logistics_inventory",
    "organization_documents",
)


def register_with(sandbox: Sandbox, settings: Settings, **scopes: str) -> None:
    """Our app, with these levels of scopes instead of all."""
    wanted = {name.replace("_", " "): level for name, level in scopes.items()}
    redirect = f"{settings.PUBLIC_URL}/exact/callback"
    sandbox.control(
        "POST", "apps", {"site": "nl", "redirect_uris": [redirect], "scopes": wanted, **settings.EXACT_APPS["nl"]}
    )


def test_an_app_without_the_scope_for_rights_connects_nothing_and_blames_nobody_but_us(
    sandbox: Sandbox, settings: Settings
) -> None:
    register_with(sandbox, settings, logistics_wms="manage", sales_orders="read")
    tenant, company = quick_tenant(), sandbox.found_company()
    given = consent(sandbox, company)
    sandbox.forget_calls()

    with pytest.raises(ExactScopeMissing, match=r"organization\.administration"):
        connecting.connect_division(tenant_id=tenant.id, grant_id=given.grant_id, division=division_of(given, company))

    assert len(sandbox.calls()) == 1
    assert connections_of(tenant.id) == []


def test_an_app_that_may_not_subscribe_connects_and_says_who_must_act(sandbox: Sandbox, settings: Settings) -> None:
    register_with(sandbox, settings, **dict.fromkeys(OTHER_SCOPES, "manage"), organization_administration="read")
    tenant, company = quick_tenant(), sandbox.found_company()
    given = consent(sandbox, company)

    done = connecting.connect_division(
        tenant_id=tenant.id, grant_id=given.grant_id, division=division_of(given, company)
    )

    assert [type(problem) for problem in done.problems] == [ExactScopeMissing]
    assert "Our team" in done.problems[0].message
    with tenant_context(tenant.id):
        assert WebhookSubscription.objects.count() == 0
        assert ShippingMethod.objects.count() == len(company["shipping_methods"])


def test_disconnecting_unsubscribes_first_and_then_forgets_the_tokens(scene: Scene) -> None:
    seen: list[OutsideCall] = []

    ending.disconnect(scene.connection, observe=seen.append)

    assert [call.operation for call in seen] == ["subscriptions", "unsubscribe"]
    assert scene.sandbox.control("GET", "subscriptions")["subscriptions"] == []
    row = scene.row()
    assert (row.is_live, row.grant_id) == (False, None)
    assert Grant.objects.get().sealed_tokens is None
    with pytest.raises(ExactNeedsReconnect):
        open_client(row, purpose=BudgetClass.SHIP, observe=seen.append)


def test_disconnecting_forgets_what_was_kept_of_people(scene: Scene) -> None:
    account_id = uuid.UUID(scene.company["accounts"][0]["id"])
    MasterData(scene.connection, scene.client()).account(account_id)
    sync_master(scene.connection, scene.client())

    ending.disconnect(scene.connection)

    with tenant_context(scene.tenant.id):
        assert (MasterRecord.objects.count(), SyncCursor.objects.count()) == (0, 0)
        assert ShippingMethod.objects.count() == len(scene.company["shipping_methods"])


def test_a_late_notification_still_finds_the_ended_connection(scene: Scene) -> None:
    ending.disconnect(scene.connection)

    with connection.cursor() as cursor:
        cursor.execute("SELECT client_id, live FROM exact_route(%s)", [scene.connection.hook_code])
        assert cursor.fetchall() == [("", False)]


def test_disconnecting_one_company_leaves_the_tokens_to_the_other(scene: Scene) -> None:
    other = scene.sandbox.found_company(user=scene.company["user_id"])
    given = consent(scene.sandbox, scene.company)
    kept = connecting.connect_division(
        tenant_id=scene.tenant.id, grant_id=given.grant_id, division=division_of(given, other)
    ).connection

    ending.disconnect(scene.row())

    client = open_client(kept, purpose=BudgetClass.SHIP, observe=lambda _: None)
    assert client.shipping_methods() != []


def test_disconnecting_while_exact_is_away_is_finished_once_it_is_back(scene: Scene) -> None:
    scene.sandbox.fault(action="status", status=503, path_regex="WebhookSubscriptions", times=None)

    ending.disconnect(scene.connection)

    row = scene.row()
    assert (row.is_live, row.grant_id is None) == (False, False)
    scene.sandbox.control("DELETE", "faults")
    ending.clean_up(scene.tenant.id)
    assert scene.sandbox.control("GET", "subscriptions")["subscriptions"] == []
    assert (scene.row().grant_id, Grant.objects.get().sealed_tokens) == (None, None)


def test_what_is_left_of_an_ended_connection_takes_no_subscription_of_another_customer_away(scene: Scene) -> None:
    scene.sandbox.fault(action="status", status=503, path_regex="WebhookSubscriptions", times=None)
    ending.disconnect(scene.connection)
    scene.sandbox.control("DELETE", "faults")
    given = consent(scene.sandbox, scene.company)
    theirs = connecting.connect_division(
        tenant_id=quick_tenant().id, grant_id=given.grant_id, division=division_of(given, scene.company)
    ).connection

    ending.clean_up(scene.tenant.id)

    listed = scene.sandbox.control("GET", "subscriptions")["subscriptions"]
    assert [row["callback_url"].endswith(str(theirs.hook_code)) for row in listed] == [True]


def test_a_disconnected_company_is_free_for_another_customer(scene: Scene) -> None:
    ending.disconnect(scene.connection)
    other = quick_tenant()
    given = consent(scene.sandbox, scene.company)

    done = connecting.connect_division(
        tenant_id=other.id, grant_id=given.grant_id, division=division_of(given, scene.company)
    )

    assert done.connection.is_live
    assert done.connection.hook_code != scene.connection.hook_code


def test_an_inbound_call_finds_its_connection_without_knowing_the_tenant(scene: Scene) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM exact_route(%s)", [scene.connection.hook_code])
        known = cursor.fetchall()
        cursor.execute("SELECT * FROM exact_route(%s)", [uuid.uuid4()])
        unknown = cursor.fetchall()
        cursor.execute("SELECT connection_id FROM exact_live_connections() WHERE tenant_id = %s", [scene.tenant.id])
        live = cursor.fetchall()

    row = scene.connection
    assert known == [
        (scene.tenant.id, row.pk, row.code, "nl", row.division, "11111111-2222-3333-4444-555555555555", True)
    ]
    assert (unknown, live) == ([], [(row.pk,)])


def test_only_sites_with_a_registration_are_offered(settings: Settings) -> None:
    settings.EXACT_APPS = {"nl": settings.EXACT_APPS["nl"], "uk": settings.EXACT_APPS["nl"]}

    assert connecting.offered_sites() == [Site.NETHERLANDS, Site.UNITED_KINGDOM]


def test_calls_while_connecting_are_few(sandbox: Sandbox) -> None:
    seen: list[OutsideCall] = []
    company = sandbox.found_company()
    given = consent(sandbox, company, seen.append)
    connecting.connect_division(
        tenant_id=quick_tenant().id, grant_id=given.grant_id, division=division_of(given, company), observe=seen.append
    )

    assert len(seen) == 23
    assert {status for _, _, status in shown(seen)} == {200, 201}


def test_a_new_scene_starts_with_nothing_but_its_own(sandbox: Sandbox) -> None:
    one, other = connected(sandbox), connected(sandbox)

    assert [row.pk for row in connections_of(one.tenant.id)] == [one.connection.pk]
    assert [row.pk for row in connections_of(other.tenant.id)] == [other.connection.pk]


def test_many_people_connecting_in_one_minute_do_not_use_up_each_others_calls(sandbox: Sandbox) -> None:
    sandbox.settings(minutely_limit=1_000)
    companies = [sandbox.found_company() for _ in range(60)]

    given = [consent(sandbox, company) for company in companies]

    assert len({one.grant_id for one in given}) == 60
    assert len(connecting.divisions_of(given[0].grant_id)) == 1


def test_a_consent_survives_two_faults_before_its_user_is_known(sandbox: Sandbox) -> None:
    company = sandbox.found_company()
    sandbox.forget_calls()
    sandbox.fault(action="status", status=503, path_regex="current/Me", times=2)

    consented = consent(sandbox, company)

    assert [call["status"] for call in sandbox.calls("current/Me")] == [503, 503, 200]
    assert Grant.objects.get(pk=consented.grant_id).sealed_tokens is not None


def test_connecting_again_sends_nothing_while_exact_has_blocked_the_company(scene: Scene) -> None:
    division = division_of(consent(scene.sandbox, scene.company), scene.company)
    with tenant_context(scene.tenant.id):
        Connection.objects.filter(pk=scene.connection.pk).update(blocked_until_at=timezone.now() + timedelta(hours=1))
    scene.sandbox.forget_calls()

    with pytest.raises(ExactBudgetSpent):
        connecting.connect_division(tenant_id=scene.tenant.id, grant_id=scene.grant_id, division=division)

    assert scene.sandbox.calls() == []
