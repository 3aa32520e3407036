"""Notifications: who gets them, what the bytes are, how often they are repeated (exact.md 11)."""

import asyncio
import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
import orjson

from sandbox.exact.settings import WEBHOOK_ATTEMPTS
from sandbox.exact.store import Company, Row
from sandbox.exact.wallclock import to_wall_ms, wall_text
from sandbox.exact.world import App, World

SUBSCRIPTIONS = "webhooks/WebhookSubscriptions"
TOPICS = frozenset(
    {
        "Accounts",
        "BankAccounts",
        "BankEntries",
        "CashEntries",
        "Contacts",
        "CostTransactions",
        "DocumentAttachments",
        "Documents",
        "FinancialTransactions",
        "GLAccounts",
        "GoodsDeliveries",
        "Items",
        "ProjectPlanning",
        "PurchaseOrders",
        "Quotations",
        "SalesInvoices",
        "SalesOrders",
        "StockPositions",
        "Subscriptions",
        "TimeTransactions",
    }
)
INSTANT_TOPIC = "GoodsDeliveries"
VALIDATED = "_validated"
ROOT = "_root"
"""Our own columns of a subscription: answered the empty call; the site's address as the app uses it."""
CALLBACK_TIMEOUT_SECONDS = 10.0
MAX_CONNECTIONS = 64
KEPT_NOTIFICATIONS = 5_000
HTTP_OK = range(200, 300)


@dataclass(slots=True, kw_only=True)
class Notification:
    """One notification with what became of it."""

    at: datetime
    division: int
    topic: str
    action: str
    endpoint: str
    url: str
    body: bytes
    statuses: list[int | None] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """As shown by `GET /sandbox/notifications`."""
        return {
            "at": self.at.isoformat(),
            "division": self.division,
            "topic": self.topic,
            "action": self.action,
            "endpoint": self.endpoint,
            "url": self.url,
            "body": self.body.decode(),
            "statuses": self.statuses,
        }


def sign(content: bytes, secret: str) -> str:
    """Upper-case hex HMAC-SHA256 over the bytes between `{"Content":` and `,"HashCode":"` (exact.md 11.4)."""
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().upper()


def signed_body(content: dict[str, object], secret: str) -> bytes:
    """The whole body: one line, no blanks, keys in the given order."""
    raw = orjson.dumps(content)
    return b'{"Content":' + raw + b',"HashCode":"' + sign(raw, secret).encode() + b'"}'


@dataclass(slots=True)
class Notifier:
    """Sends notifications in background tasks over one session with kept-alive connections."""

    world: World
    sent: deque[Notification] = field(default_factory=lambda: deque(maxlen=KEPT_NOTIFICATIONS))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    def publish(self, company: Company, *, topic: str, action: str, path: str, key: str, shown_key: str) -> None:
        """Tell every validated subscriber of the topic. `key` addresses the record, `shown_key` stands in `Key`."""
        for subscription in company.table(SUBSCRIPTIONS).find("Topic", topic):
            app = self.world.apps.get((company.site, str(subscription["ClientID"])))
            if not subscription[VALIDATED] or app is None:
                continue
            now = self.world.clock.now()
            endpoint = f"{subscription[ROOT]}{company.division}/{path}(guid'{key}')"
            content: dict[str, object] = {
                "Topic": topic,
                "ClientId": app.client_id,
                "Division": company.division,
                "Action": action,
                "Key": shown_key,
                "ExactOnlineEndpoint": endpoint,
                "EventCreatedOn": wall_text(to_wall_ms(now)),
            }
            secret = app.webhook_secret + ("-wrong" if self.world.settings.webhook_wrong_signature else "")
            notification = Notification(
                at=now,
                division=company.division,
                topic=topic,
                action=action,
                endpoint=endpoint,
                url=str(subscription["CallbackURL"]),
                body=signed_body(content, secret),
            )
            delay_ms = 0 if subscription["IsInstant"] else self._delay_ms(app)
            for _ in range(self.world.settings.webhook_copies):
                self.sent.append(notification)
                self._spawn(notification, delay_ms=delay_ms)

    async def validate(self, subscription: Row) -> str | None:
        """The empty call to a new callback. Returns what was wrong, None when it answered 2xx (exact.md 11.2)."""
        status, problem = await self._post(str(subscription["CallbackURL"]), b"")
        if status in HTTP_OK:
            subscription[VALIDATED] = True
            return None
        return problem

    def validate_later(self, subscription: Row) -> None:
        """The same, a moment after the subscription was answered."""

        async def wait_and_validate() -> None:
            await self.world.clock.sleep(self.world.settings.validation_delay_ms / 1000)
            await self.validate(subscription)

        self._keep(asyncio.get_running_loop().create_task(wait_and_validate()))

    async def close(self) -> None:
        """Stop sending."""
        self.stop()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def stop(self) -> None:
        """Drop what waits to be sent or repeated."""
        for task in tuple(self._tasks):
            task.cancel()
        self.sent.clear()

    def _delay_ms(self, app: App) -> int:
        return self.world.settings.webhook_delay_ms if app.webhook_delay_ms is None else app.webhook_delay_ms

    def _spawn(self, notification: Notification, *, delay_ms: int) -> None:
        self._keep(asyncio.get_running_loop().create_task(self._deliver(notification, delay_ms=delay_ms)))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, notification: Notification, *, delay_ms: int) -> None:
        """First attempt, then repeats with doubling pauses until the callback answers 2xx."""
        if delay_ms:
            await self.world.clock.sleep(delay_ms / 1000)
        for attempt in range(WEBHOOK_ATTEMPTS + 1):
            if attempt:
                await self.world.clock.sleep(2**attempt)
            status, _problem = await self._post(notification.url, notification.body)
            notification.statuses.append(status)
            if status in HTTP_OK:
                return

    async def _post(self, url: str, body: bytes) -> tuple[int | None, str]:
        headers = {"Content-Type": "application/json"} if body else {"Content-Length": "0"}
        try:
            async with self._open_session().post(url, data=body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return answer.status, f"{answer.status} An error occurred while sending the request."
        except (aiohttp.ClientError, TimeoutError) as err:
            return None, f"500 An error occurred while sending the request. ({type(err).__name__})"

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
                timeout=aiohttp.ClientTimeout(total=CALLBACK_TIMEOUT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session
