"""The look of the two small web pages: one layout, one style, rendered on the server."""

from collections.abc import Mapping
from pathlib import Path

import jinja2
from aiohttp import web

SHARED_TEMPLATES = Path(__file__).parent / "templates"


def page_environment(templates: Path) -> jinja2.Environment:
    """Templates of a stand-in beside the shared ones; extend `layout.html`, import `bits.html`."""
    loader = jinja2.FileSystemLoader([templates, SHARED_TEMPLATES])
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)


def page(environment: jinja2.Environment, name: str, values: Mapping[str, object]) -> web.Response:
    """A rendered page. `values` should hold `title` and may hold `notice`, a line shown on top."""
    return web.Response(text=environment.get_template(name).render(values), content_type="text/html")


def back_to(path: str) -> web.Response:
    """After a form: show that page again."""
    return web.Response(status=303, headers={"Location": path})
