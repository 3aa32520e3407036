"""All parts of the running stand-in in one place."""

from dataclasses import dataclass, field

from aiohttp import web

from sandbox.core.clock import Clock
from sandbox.ups.accounts import AccountRegistry
from sandbox.ups.push_queue import PushLog
from sandbox.ups.settings import UpsSettings
from sandbox.ups.shipments import ShipmentStore
from sandbox.ups.subscriptions import SubscriptionStore
from sandbox.ups.tokens import TokenStore
from sandbox.ups.travel.travels import Travels
from sandbox.ups.view_files import ViewStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Ups:
    """Reached from every handler as `request.app[UPS]`."""

    clock: Clock
    settings: UpsSettings
    accounts: AccountRegistry
    tokens: TokenStore
    shipments: ShipmentStore
    travels: Travels
    subscriptions: SubscriptionStore
    push_log: PushLog
    views: ViewStore = field(default_factory=ViewStore)


UPS = web.AppKey("ups", Ups)
