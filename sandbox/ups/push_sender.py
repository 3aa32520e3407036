"""How a push reaches a customer's endpoint: addresses, credentials, one attempt."""

from dataclasses import dataclass, field
from enum import StrEnum

import aiohttp
import orjson

from sandbox.core.clock import Clock
from sandbox.ups.settings import UpsSettings
from sandbox.ups.subscriptions import Subscription, SubscriptionStore, WebhookCredentials

USER_AGENT = "UPSPubSubTrackingService"
"""ups.md 10.3."""
TIMEOUT = aiohttp.ClientTimeout(total=10)
JSON_TYPE = "application/json"
OK = 200
UNAUTHORISED = 401
DEFAULT_TOKEN_SECONDS = 300.0


class Outcome(StrEnum):
    """What became of a push. There is no second attempt (ups.md 10.3)."""

    ANSWERED = "answered"
    LOST = "lost"
    """On purpose, as the settings or the travel say."""
    UNREACHABLE = "unreachable"
    NO_WEBHOOK = "no_webhook"
    """A v2 subscription of an app whose owner entered nothing in the portal."""
    NO_TOKEN = "no_token"  # noqa: S105 - a word, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The end of an attempt; `status` None without an answer."""

    outcome: Outcome
    url: str
    status: int | None = None


@dataclass(slots=True, kw_only=True)
class PushSender:
    """Posts bodies. Tokens of v2 are kept until they end, and fetched anew once when one is refused."""

    clock: Clock
    settings: UpsSettings
    subscriptions: SubscriptionStore
    http: aiohttp.ClientSession
    _tokens: dict[WebhookCredentials, tuple[str, float]] = field(default_factory=dict)

    async def send(self, subscription: Subscription, body: bytes, *, credential: str = "") -> Sent:
        """One push; `credential` stands in for the true one."""
        if subscription.destination:
            headers = {"credential": credential or subscription.destination.credential}
            return await self._post(subscription.destination.url, body, headers)
        webhook = self.subscriptions.webhooks.get(subscription.client_id)
        if webhook is None:
            return Sent(outcome=Outcome.NO_WEBHOOK, url="")
        return await self._send_with_token(webhook, body, credential=credential)

    def forget_tokens(self) -> None:
        """Fetch new ones from now on."""
        self._tokens.clear()

    async def _send_with_token(self, webhook: WebhookCredentials, body: bytes, *, credential: str) -> Sent:
        sent = Sent(outcome=Outcome.NO_TOKEN, url=webhook.url)
        for _ in range(2):
            token = credential or await self._token(webhook)
            if not token:
                return sent
            headers = {"Authorization": f"Bearer {token}", "x-api-key": webhook.webhook_client_id}
            sent = await self._post(webhook.url, body, headers)
            if sent.status != UNAUTHORISED or credential:
                return sent
            self._tokens.pop(webhook, None)
        return sent

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Sent:
        headers = {"User-Agent": USER_AGENT, "Content-Type": JSON_TYPE, **headers}
        try:
            async with self.http.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return Sent(outcome=Outcome.ANSWERED, url=url, status=answer.status)
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return Sent(outcome=Outcome.UNREACHABLE, url=url)

    async def _token(self, webhook: WebhookCredentials) -> str:
        """A token of the customer's endpoint, or nothing when it gives none."""
        kept, ends = self._tokens.get(webhook, ("", 0.0))
        if kept and self.clock.monotonic() < ends:
            return kept
        form = {"grant_type": "client_credentials"}
        login = aiohttp.encode_basic_auth(webhook.webhook_client_id, webhook.webhook_client_secret)
        headers = {"User-Agent": USER_AGENT, "Authorization": login}
        if self.settings.alert_token_style == "form":  # noqa: S105 - a choice, no secret
            del headers["Authorization"]
            form |= {"client_id": webhook.webhook_client_id, "client_secret": webhook.webhook_client_secret}
        try:
            async with self.http.post(webhook.token_url, data=form, headers=headers, allow_redirects=False) as answer:
                token, seconds = _read_token(answer.status, await answer.read())
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return ""
        if token:
            self._tokens[webhook] = (token, self.clock.monotonic() + seconds)
        return token


def _read_token(status: int, raw: bytes) -> tuple[str, float]:
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "", 0.0
    token = parsed.get("access_token") if isinstance(parsed, dict) else None
    if status != OK or not isinstance(token, str):
        return "", 0.0
    seconds = str(parsed.get("expires_in", ""))
    return token, float(seconds) if seconds.isdecimal() else DEFAULT_TOKEN_SECONDS
