"""Puts the Exact Online stand-in together and runs it."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from aiohttp import web

from sandbox.core.app import ON_RESET, make_app
from sandbox.core.calllog import CallLog
from sandbox.core.clock import Clock
from sandbox.core.faults import FaultScript
from sandbox.core.pages import page_environment
from sandbox.core.runner import run
from sandbox.exact.api import Api
from sandbox.exact.attachments import download
from sandbox.exact.booking import Booking
from sandbox.exact.consent import ConsentPage
from sandbox.exact.control import Control, plain_refusals
from sandbox.exact.records import Records
from sandbox.exact.registration import InvalidAppError, apps_from_environment
from sandbox.exact.sales import Sales
from sandbox.exact.screens import Screens
from sandbox.exact.seed import Seeder
from sandbox.exact.settings import ExactSettings
from sandbox.exact.sites import SITES
from sandbox.exact.subjects import subject_of
from sandbox.exact.target import identify
from sandbox.exact.token_endpoint import TokenEndpoint
from sandbox.exact.web_page import WebPage
from sandbox.exact.webhooks import Notifier
from sandbox.exact.world import World
from sandbox.exact.writing import Writer

TITLE = "Exact Online stand-in"
EXIT_UNFIT_SETTINGS = 2
SITE_PATTERN = "{site:" + "|".join(SITES) + "}"
WORLD = web.AppKey("world", World)


def make_server(environment: Mapping[str, str], *, clock: Clock | None = None) -> web.Application:
    """The application with the apps that the environment registers (`EXACT_CLIENT_ID_NL` and so on)."""
    clock = clock or Clock()
    settings = ExactSettings()
    world = World(clock, settings)
    app = make_app(
        TITLE, clock, CallLog(), FaultScript(), settings=settings, identify=identify, subject=subject_of(world)
    )
    app.middlewares.append(plain_refusals)
    notifier = Notifier(world)
    records = Records(world, notifier)
    sales = Sales(records)
    app[WORLD] = world
    _register_apps(world, environment)
    _add_routes(app, world, records=records, sales=sales, notifier=notifier)

    def empty() -> None:
        notifier.stop()
        world.clear()
        _register_apps(world, environment)

    async def closing(app: web.Application) -> AsyncIterator[None]:
        del app
        yield
        await notifier.close()

    app[ON_RESET].append(empty)
    app.cleanup_ctx.append(closing)
    return app


def main(*, host: str, port: int) -> int:
    """Serve until told to stop."""
    try:
        app = make_server(os.environ)
    except InvalidAppError as err:
        sys.stderr.write(f"The app in the environment cannot be registered: {err}\n")
        return EXIT_UNFIT_SETTINGS
    return run(app, host, port)


def _register_apps(world: World, environment: Mapping[str, str]) -> None:
    for registered in apps_from_environment(environment):
        world.apps[registered.key] = registered


def _add_routes(app: web.Application, world: World, *, records: Records, sales: Sales, notifier: Notifier) -> None:
    templates = page_environment(Path(__file__).parent / "templates")
    api = Api(world=world, records=records, writer=Writer(records, sales), notifier=notifier)
    consent = ConsentPage(world=world, templates=templates)
    booking = Booking(sales=sales)
    seeder = Seeder(world, records, sales)
    control = Control(
        world=world, seeder=seeder, booking=booking, screens=Screens(records=records, sales=sales), notifier=notifier
    )
    for site in SITES:
        app.router.add_route("*", f"/{site}/api/v1/{{rest:.*}}", api.handle)
    app.router.add_get(f"/{SITE_PATTERN}/api/oauth2/auth", consent.show)
    app.router.add_post(f"/{SITE_PATTERN}/api/oauth2/auth", consent.answer)
    app.router.add_post(f"/{SITE_PATTERN}/api/oauth2/token", TokenEndpoint(world=world).handle)
    app.router.add_get(f"/{SITE_PATTERN}/docs/SysAttachment.aspx", download(world))
    app.add_routes(control.routes())
    app.add_routes(
        WebPage(world=world, seeder=seeder, booking=booking, notifier=notifier, templates=templates).routes()
    )
