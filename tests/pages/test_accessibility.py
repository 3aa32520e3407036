"""axe looks at every page of a customer at work: nothing is serious or critical, at a desk or on a phone."""

import pytest
from django.urls import reverse

from connector_site.lib.local_browser import installed_browser
from syncjobs.models import Delivery
from tests import factories
from tests.pages import doubts, scene, travels
from tests.pages.scene import Desk
from tests.pages.test_browser import WIDTHS, Window, browser, window
from tests.pages.walk import serious_violations, stay_signed_in

__all__ = ["browser", "window"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
    pytest.mark.parametrize("window", ["desk"], indirect=True),
]
OF_A_COMPANY = (
    "syncjobs:deliveries",
    "syncjobs:work",
    "syncjobs:reconciliation",
    "syncjobs:health",
    "syncjobs:setup",
    "exact:connection",
    "exact:disconnect",
    "ups:accounts",
    "ups:new",
    "syncjobs:ship_from",
    "syncjobs:rules",
    "syncjobs:dry_run",
    "syncjobs:go_live",
    "syncjobs:reporting",
    "tenants:team",
    "tenants:hand_over",
    "tenants:leave",
    "tenants:settings",
    "syncjobs:personal",
    "syncjobs:erase",
    "syncjobs:close",
)
OF_A_PERSON = (
    "tenants:account",
    "tenants:new",
    "mfa_index",
    "account_email",
    "account_change_password",
    "usersessions_list",
    "account_logout",
)
OF_ANYBODY = ("account_login", "account_signup", "account_reset_password")


def look(window: Window, address: str) -> list[str]:
    """What axe finds at every width."""
    window.page.goto(window.site + address)
    found: list[str] = []
    for width, (wide, high) in WIDTHS.items():
        window.page.set_viewport_size({"width": wide, "height": high})
        found += [f"{address} ({width}): {each}" for each in serious_violations(window.page)]
    return found


def deliveries_of(desk: Desk) -> list[Delivery]:
    """One of each kind that has a page of its own look."""
    scene.make_skipped(desk)
    return [
        scene.make_held(desk),
        scene.make_doubtful(desk),
        scene.make_shipped(desk, parcels=2),
        travels.make_delivered(desk),
    ]


def test_every_page_of_a_customer_at_work(window: Window) -> None:
    cast = factories.make_cast()
    desk = scene.make_desk(cast.tenant)
    deliveries = deliveries_of(desk)
    doubtful = doubts.make_several(desk)
    stay_signed_in(window, cast.owner)
    addresses = [
        *(reverse(name, args=[desk.tenant.code]) for name in OF_A_COMPANY),
        *(reverse("syncjobs:delivery", args=[desk.tenant.code, each.code]) for each in deliveries),
        reverse("syncjobs:review", args=[desk.tenant.code, doubtful.code]),
        reverse("ups:account", args=[desk.tenant.code, desk.account.code]),
        reverse("ups:tracking", args=[desk.tenant.code, desk.account.code]),
        reverse("syncjobs:deliveries", args=[cast.other_tenant.code]),
        *(reverse(name) for name in OF_A_PERSON),
    ]

    found = [each for address in addresses for each in look(window, address)]

    assert not found, "\n".join(found)


def test_the_pages_of_anybody(window: Window) -> None:
    cast = factories.make_cast()
    desk = scene.make_desk(cast.tenant)
    addresses = [*(reverse(name) for name in OF_ANYBODY), travels.receivers_address(travels.make_travelling(desk))]

    found = [each for address in addresses for each in look(window, address)]

    assert not found, "\n".join(found)
