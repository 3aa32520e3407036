"""Which addresses of a company ask for a second factor used a moment ago: a new address must decide."""

from typing import Any

import pytest
from django.urls import URLPattern, get_resolver, reverse

from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.pages.test_isolation import ROUTES
from tests.pages.test_second_factor import ASKS, used_ago
from tests.security.digests import digest

pytestmark = pytest.mark.django_db

FRESH = {
    # what begins or ends a connection, or shows or changes its secrets
    "exact:companies", "exact:disconnect", "exact:end_link", "exact:make_link", "exact:start", "exact:take_up",
    "ups:account", "ups:leaked", "ups:new", "ups:new_client_secret", "ups:renew_secret", "ups:show_client_secret",
    # what decides about money
    "syncjobs:go_live", "syncjobs:resume", "syncjobs:review",
    # what deletes, or takes everything along
    "audit:export",
    "syncjobs:close", "syncjobs:erase", "syncjobs:export", "syncjobs:export_file", "syncjobs:personal",
    # who may do so
    "tenants:change_role", "tenants:hand_over", "tenants:leave",  "tenants:remove_member", "tenants:resend",
    "tenants:team", "tenants:withdraw",
    # what opens the API to a program
    "tenants:api_keys", "tenants:end_api_key",
}  # fmt: skip
NOT_FRESH = {
    # shows only, or has it checked
    "audit:check", "audit:trail",
    "exact:connection", "syncjobs:deliveries", "syncjobs:list_file", "syncjobs:delivery", "syncjobs:go_on",
    "syncjobs:health",
    "syncjobs:label", "syncjobs:label_preview", "syncjobs:station", "syncjobs:stations", "syncjobs:batch_file",
    "syncjobs:edit_station", "syncjobs:end_station", "syncjobs:label_original",
    "syncjobs:label_pdf", "syncjobs:labels_pdf", "syncjobs:labels_printer",
    "syncjobs:proof", "syncjobs:reconciliation", "syncjobs:setup", "syncjobs:test_page", "syncjobs:work",
    "syncjobs:overview", "syncjobs:reports", "syncjobs:reports_csv", "ups:accounts",
    # what each member was told, and how she wants to be
    "syncjobs:news", "syncjobs:news_choices",
    # asks Exact or UPS once more and changes nothing there, or mends what we expect there
    "exact:check_rights", "syncjobs:dry_run", "syncjobs:read_methods", "syncjobs:read_warehouses",
    "syncjobs:reconcile_now", "syncjobs:repair_finding", "syncjobs:resubscribe", "ups:check",
    # daily work: within what was switched on, each delivery once
    "syncjobs:again", "syncjobs:hold", "syncjobs:cancel", "syncjobs:replay", "syncjobs:replay_many",
    "syncjobs:note", "syncjobs:approve", "syncjobs:dismiss_finding", "syncjobs:work_together", "syncjobs:scan",
    "syncjobs:scan_delivery",
    "syncjobs:scan_file", "syncjobs:scan_print", "syncjobs:scan_station",
    "syncjobs:batch_again", "syncjobs:drop_labels", "syncjobs:print_labels", "syncjobs:take_labels",
    # daily work that is confirmed on a page of its own, and paid once for each confirmation
    "syncjobs:return", "syncjobs:ship_again", "syncjobs:void", "syncjobs:void_parcels",
    "syncjobs:bulk",
    # how a person looks at the list
    "syncjobs:columns", "syncjobs:drop_view", "syncjobs:keep_view",
    # stops only
    "syncjobs:pause",
    # settings that each change leaves in the audit trail
    "syncjobs:reporting", "syncjobs:rules", "syncjobs:ship_from", "syncjobs:ship_from_default",
    "syncjobs:ship_from_warehouse", "tenants:settings", "ups:add_feed", "ups:remove_feed", "ups:tracking",
}  # fmt: skip


def views() -> dict[str, Any]:
    """The view behind each address of a company."""
    found: dict[str, Any] = {}
    for part in get_resolver().url_patterns:
        for entry in getattr(part, "url_patterns", ()):
            if isinstance(entry, URLPattern) and str(entry.pattern).startswith("t/"):
                found[f"{part.app_name}:{entry.name}"] = entry.callback  # type: ignore[union-attr]
    return found


def test_every_address_of_a_company_has_decided() -> None:
    asks = {name for name, view in views().items() if view.asks_for_fresh_factor}

    assert asks == FRESH
    assert set(ROUTES) == FRESH | NOT_FRESH


def test_a_decision_about_money_asks_again_and_changes_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_held(desk)
    client = as_user(cast.owner)
    used_ago(client, 31)
    of_company = [desk.tenant.code]
    pages = [reverse("syncjobs:resume", args=of_company), reverse("syncjobs:review", args=[*of_company, delivery.code])]
    before = digest(desk.tenant.id)

    answers = [client.post(page)["Location"].split("?")[0] for page in pages]

    assert answers == [ASKS, ASKS]
    assert digest(desk.tenant.id) == before


def test_who_may_only_look_is_not_asked(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_held(desk)
    page = reverse("syncjobs:review", args=[desk.tenant.code, delivery.code])
    looking, deciding = as_user(cast.viewer), as_user(cast.owner)
    for client in (looking, deciding):
        used_ago(client, 11)

    assert looking.get(page).status_code == 200
    assert deciding.get(page)["Location"].startswith(ASKS)
