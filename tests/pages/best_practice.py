"""What any good page keeps to, read from the page as it stands in a browser."""

import gzip
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from playwright.sync_api import Page

FIRST_LOAD_BYTES = 300_000
LATER_LOAD_BYTES = 40_000
LEAST_TARGET = 24
"""CSS pixels: WCAG 2.5.8."""
PACKED_ALREADY = (".woff2", ".png")
READ = """least => {
  const seen = each => each.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const box = each => {
    const label = each.closest("label") || (each.id && document.querySelector(`label[for="${CSS.escape(each.id)}"]`));
    const boxes = [each, label].filter(Boolean).map(one => one.getBoundingClientRect());
    return [Math.max(...boxes.map(one => one.width)), Math.max(...boxes.map(one => one.height))];
  };
  const targets = "button, .btn, summary, select, textarea, input:not([type=hidden])";
  return {
    doctype: document.doctype?.name,
    language: document.documentElement.lang,
    title: document.title.trim(),
    viewport: Boolean(document.querySelector("meta[name=viewport]")),
    headings: document.querySelectorAll("h1").length,
    wide: document.documentElement.scrollWidth - innerWidth,
    twice: [...document.querySelectorAll("[id]")].map(each => each.id).filter((id, at, all) => all.indexOf(id) !== at),
    unnamed: [...document.images].filter(each => !each.hasAttribute("alt")).map(each => each.outerHTML),
    small: [...document.querySelectorAll(targets)].filter(each => seen(each) && Math.min(...box(each)) < least)
      .map(each => `${each.outerHTML.slice(0, 120)} ${box(each).map(Math.round)}`),
    files: performance.getEntriesByType("resource").filter(each => each.initiatorType !== "xmlhttprequest")
      .map(each => each.name),
  };
}"""


def faults(page: Page, *, site: str) -> list[str]:
    """What this page, as wide as it is now, does worse than it should."""
    read: dict[str, Any] = page.evaluate(READ, LEAST_TARGET)
    checks = {
        "has no doctype": read["doctype"] != "html",
        "does not say its language": not read["language"],
        "has no title": not read["title"],
        "does not fit a phone's window": not read["viewport"],
        f"has {read['headings']} main headings": read["headings"] != 1,
        f"is {read['wide']} pixels too wide": read["wide"] > 0,
        f"uses an id twice: {read['twice']}": read["twice"],
        f"has pictures without words: {read['unnamed']}": read["unnamed"],
        f"has targets that a finger misses: {read['small']}": read["small"],
    }
    foreign = [file for file in read["files"] if not file.startswith((site, "data:"))]
    checks[f"asks other hosts: {foreign}"] = foreign
    return [fault for fault, is_there in checks.items() if is_there]


def too_heavy(page: Page, html: bytes) -> list[str]:
    """Where the page weighs too much as it is sent: by itself, and with all its files in a browser that has none."""
    files: list[str] = page.evaluate(READ, LEAST_TARGET)["files"]
    later = len(gzip.compress(html))
    first = later + sum(packed_bytes(urlsplit(file).path) for file in set(files))
    checks = {
        f"weighs {later} bytes": later > LATER_LOAD_BYTES,
        f"weighs {first} bytes with its files": first > FIRST_LOAD_BYTES,
    }
    return [fault for fault, is_there in checks.items() if is_there]


@lru_cache
def packed_bytes(path: str) -> int:
    """As WhiteNoise sends a static file: packed once, where packing makes it smaller."""
    found = finders.find(path.removeprefix("/static/")) if path.startswith("/static/") else None
    if not isinstance(found, str):
        return 0
    with open(found, "rb") as file:  # noqa: PTH123  a path of Django's finder
        content = file.read()
    return len(content) if path.endswith(PACKED_ALREADY) else len(gzip.compress(content))
