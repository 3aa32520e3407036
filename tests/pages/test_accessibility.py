"""Every page, at a desk and on a phone, light and dark: axe finds nothing serious, and it keeps to best practice."""

import os
from pathlib import Path

import pytest

from connector_site.lib.local_browser import installed_browser
from tests import factories
from tests.pages import gallery, scene
from tests.pages.best_practice import faults, too_heavy
from tests.pages.gallery import Stop
from tests.pages.test_browser import WIDTHS, Window, browser, window
from tests.pages.walk import serious_violations, stay_signed_in

__all__ = ["browser", "window"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(240),
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
    pytest.mark.parametrize("window", ["desk"], indirect=True),
]
ALBUM = os.environ.get("ALBUM", "")
"""A folder for pictures of every page, for whoever wants to look at them: ALBUM=/tmp/album make test ARGS=..."""
PAPER = '<html lang="en"><title>Labels</title><h1>Labels</h1></html>'
"""Shown in place of a PDF, which the browser of the tests has no viewer for."""
SILENT = "AudioContext was not allowed to start"
"""Until somebody touches the page it may make no sound, and the browser says so."""
KNOWN = {"not-found": ("404",), **dict.fromkeys(("scan-held", "scan-nothing", "scan-shipped", "scan-pack"), (SILENT,))}
THEME = "theme => { document.documentElement.dataset.bsTheme = theme; }"


def look(window: Window, stop: Stop) -> list[str]:
    """What is wrong with a page: its structure at each width, its colours in each theme, its weight."""
    page = window.page
    page.set_viewport_size({"width": WIDTHS["desk"][0], "height": WIDTHS["desk"][1]})
    answer = page.goto(window.site + stop.address)
    found = too_heavy(page, answer.body()) if answer else []
    if stop.press:
        stop.press(page)
    for width, (wide, high) in WIDTHS.items():
        page.set_viewport_size({"width": wide, "height": high})
        found += [f"({width}) {each}" for each in faults(page, site=window.site)]
        for theme in ("light", "dark"):
            page.evaluate(THEME, theme)
            only = None if theme == "light" else "color-contrast"
            found += [f"({width}, {theme}) {each}" for each in serious_violations(page, only=only)]
            if ALBUM:
                place = Path(ALBUM) / f"{stop.name.replace(':', '-')}-{width}-{theme}.png"
                page.screenshot(path=place, full_page=stop.name != "more")
    found += [told for told in window.complaints if not any(known in told for known in KNOWN.get(stop.name, ()))]
    window.complaints.clear()
    return [f"{stop.name}: {each}" for each in found]


def walk(window: Window, stops: list[Stop]) -> list[str]:
    window.page.emulate_media(reduced_motion="reduce")
    window.page.route("**/batches/*/file*", lambda route: route.fulfill(content_type="text/html", body=PAPER))
    return [each for stop in stops for each in look(window, stop)]


def test_every_page_of_a_customer_at_work(window: Window) -> None:
    cast = factories.make_cast()
    desk = scene.make_desk(cast.tenant)
    gallery.furnish(desk)
    stay_signed_in(window, cast.owner)

    found = walk(window, gallery.stops_of_a_company(desk))

    assert not found, "\n".join(found)


def test_the_pages_where_nothing_happens_and_those_of_a_person(window: Window) -> None:
    cast = factories.make_cast()
    scene.make_desk(cast.other_tenant, division=654321)
    stay_signed_in(window, cast.outsider)

    found = walk(window, gallery.stops_of_a_quiet_company(cast.other_tenant) + gallery.stops_of_a_person(cast.tenant))

    assert not found, "\n".join(found)


def test_the_pages_of_anybody(window: Window) -> None:
    desk = scene.make_desk(factories.make_cast().tenant)

    found = walk(window, gallery.stops_of_anybody(desk))

    assert not found, "\n".join(found)
