"""What every page of the UPS stand-in shares."""

from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from sandbox.core.app import TITLE
from sandbox.core.pages import page, page_environment
from sandbox.ups.state import UPS

TEMPLATES = page_environment(Path(__file__).parent / "templates")


def ups_page(request: web.Request, template: str, values: Mapping[str, object]) -> web.Response:
    """A page with title, colour and clock."""
    clock = request.app[UPS].clock
    frame = {
        "title": request.app[TITLE],
        "theme": "ups",
        "now": clock.now().strftime("%d %b %Y %H:%M:%S"),
        "speed": clock.speed,
    }
    return page(TEMPLATES, template, frame | dict(values))


async def read_form(request: web.Request) -> dict[str, str]:
    """The texts of a form."""
    return {name: value.strip() for name, value in (await request.post()).items() if isinstance(value, str)}
