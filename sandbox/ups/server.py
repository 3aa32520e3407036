"""Puts the UPS stand-in together and runs it."""

import os
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from sandbox.core.app import ON_RESET, make_app
from sandbox.core.calllog import CallLog
from sandbox.core.clock import Clock
from sandbox.core.faults import FaultScript
from sandbox.core.runner import run
from sandbox.ups import (
    address_validation,
    control,
    oauth,
    parcel_control,
    quantum_view,
    rating,
    recovery,
    screens,
    ship,
    track,
    track_alert,
    view_control,
    void,
)
from sandbox.ups.accounts import Account, AccountRegistry
from sandbox.ups.push_queue import PushLog
from sandbox.ups.pushes import pushing
from sandbox.ups.refusals import UpsRefusal, refusal_answer
from sandbox.ups.settings import UpsSettings
from sandbox.ups.shipments import ShipmentStore
from sandbox.ups.state import UPS, Ups
from sandbox.ups.subjects import Subjects
from sandbox.ups.subscriptions import SubscriptionStore
from sandbox.ups.tokens import TokenStore
from sandbox.ups.travel.travels import Travels

TITLE = "UPS stand-in"
ROUTE_MODULES = (
    oauth,
    ship,
    void,
    recovery,
    track,
    track_alert,
    quantum_view,
    rating,
    address_validation,
    control,
    parcel_control,
    view_control,
    screens,
)
DEFAULT_ACCOUNT = {
    "SANDBOX_UPS_CLIENT_ID": "sandbox-client",
    "SANDBOX_UPS_CLIENT_SECRET": "sandbox-secret",
    "SANDBOX_UPS_SHIPPER_NUMBER": "A1B2C3",
    "SANDBOX_UPS_COUNTRY": "NL",
}


def make_server(environment: Mapping[str, str], *, clock: Clock | None = None) -> web.Application:
    """The application with one account from the environment, or the one everybody may use."""
    clock = clock or Clock()
    settings = UpsSettings()
    app = make_app(TITLE, clock, CallLog(), FaultScript(), settings=settings, subject=Subjects().of_call)
    app.middlewares.append(_ups_refusals)
    ups = Ups(
        clock=clock,
        settings=settings,
        accounts=AccountRegistry(),
        tokens=TokenStore(clock),
        shipments=ShipmentStore(),
        travels=Travels(),
        subscriptions=SubscriptionStore(),
        push_log=PushLog(),
    )
    app[UPS] = ups
    for module in ROUTE_MODULES:
        app.add_routes(module.routes())
    app.cleanup_ctx.append(pushing)
    add_default_account(ups.accounts, environment)
    app[ON_RESET].append(lambda: _empty(ups, environment))
    return app


def main(*, host: str, port: int) -> int:
    """Serve until told to stop."""
    return run(make_server(os.environ), host, port)


def add_default_account(accounts: AccountRegistry, environment: Mapping[str, str]) -> None:
    """The account of the environment variables SANDBOX_UPS_*."""
    values = {name: environment.get(name) or default for name, default in DEFAULT_ACCOUNT.items()}
    accounts.register(
        Account(
            shipper_number=values["SANDBOX_UPS_SHIPPER_NUMBER"].upper(),
            country=values["SANDBOX_UPS_COUNTRY"].upper(),
        ),
        client_id=values["SANDBOX_UPS_CLIENT_ID"],
        client_secret=values["SANDBOX_UPS_CLIENT_SECRET"],
    )


def _empty(ups: Ups, environment: Mapping[str, str]) -> None:
    ups.shipments.clear()
    ups.travels.clear()
    ups.subscriptions.clear()
    ups.push_log.records.clear()
    ups.views.clear()
    ups.tokens.clear()
    ups.accounts.clear()
    add_default_account(ups.accounts, environment)


@web.middleware
async def _ups_refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refusals in UPS's envelope, also for unknown paths and methods."""
    try:
        return await handler(request)
    except UpsRefusal as refusal:
        return refusal_answer(refusal)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as answer:
        code, text = str(answer.status), answer.reason
        return refusal_answer(UpsRefusal(code, text, status=answer.status))
