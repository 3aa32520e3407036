"""The checks of every page find what is wrong with a bad one."""

import os

import pytest

from connector_site.lib.local_browser import installed_browser
from tests.pages import best_practice
from tests.pages.test_browser import Window, browser, window

__all__ = ["browser", "window"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "staff"]),
    pytest.mark.skipif(installed_browser() is None, reason="no Chromium is installed: apt-get install chromium"),
    pytest.mark.parametrize("window", ["phone"], indirect=True),
]
BAD = """<html><h1>One</h1><h1>Two</h1><img><p id="a"></p><p id="a"></p>
<input type="checkbox"><div style="width: 900px">wide</div></html>"""
GOOD = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Good</title>
<h1>Good</h1><label style="display: block; padding: 9px"><input type="checkbox"> Yes</label></html>"""


def test_a_bad_page_is_told_from_a_good_one(window: Window) -> None:
    window.page.set_content(BAD)
    found = " ".join(best_practice.faults(window.page, site=window.site))
    window.page.set_content(GOOD)

    for fault in ("doctype", "language", "title", "fit", "2 main", "too wide", "twice", "without words", "finger"):
        assert fault in found
    assert best_practice.faults(window.page, site=window.site) == []


def test_a_heavy_page_is_told_from_a_light_one(window: Window) -> None:
    window.page.set_content(GOOD)

    assert best_practice.too_heavy(window.page, GOOD.encode()) == []
    (fault,) = best_practice.too_heavy(window.page, os.urandom(best_practice.LATER_LOAD_BYTES))
    assert fault.startswith("weighs 40")
    assert best_practice.packed_bytes("/static/vendor/tabler/tabler.min.css") > 0
