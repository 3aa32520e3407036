"""`/api/track/{v1|v2}/subscription/...`: who wants to be told about parcels (ups.md 10.2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.ups.accounts import Client, Product
from sandbox.ups.gate import allow
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.settings import UpsSettings
from sandbox.ups.state import UPS
from sandbox.ups.subscriptions import ENHANCED, Destination, Subscription
from sandbox.ups.wire import Node

KINDS = frozenset({"standard", ENHANCED})
LOCALE = "en_US"
COUNTRY = re.compile(r"[A-Z]{2}")
NUMBER = re.compile(r"1Z[0-9A-Z]{16}|1R[0-9A-Z]{14}|1R[0-9A-Z]{26}")
"""As in UPSTrackAlert.yaml."""
PREFERENCES = frozenset({"D", "I", "M", "X"})
MAX_NUMBERS = 100
"""ups.md 10.2."""
MAX_TRANSACTION_ID = 32
MAX_TRANSACTION_SOURCE = 512
"""ups.md 4.1."""
MAX_URL = 2048
"""UPS refuses longer ones with VSS610 without saying what long is."""
NO_END = "9999-12-31"
OUTBOUND = "Outbound"
REJECTED = "The Subscription request has been rejected."


def routes() -> list[web.RouteDef]:
    """Subscriptions of numbers and of accounts."""
    account = "/api/track/v2/subscription/{kind}/account"
    return [
        web.post("/api/track/{version:v1|v2}/subscription/{kind}/package", subscribe_parcels, name="subscribe_parcels"),
        web.post(account, subscribe_account, name="subscribe_account"),
        web.delete(account, unsubscribe_account, name="unsubscribe_account"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbers:
    valid: Sequence[str]
    invalid: Sequence[str]
    forgotten: Sequence[str]


async def subscribe_parcels(request: web.Request) -> web.Response:
    """One subscription for each valid number; invalid ones are listed singly."""
    ups = request.app[UPS]
    client = allow(request, Product.TRACK_ALERT)
    try:
        body, kind = await _checked_request(request)
        preferences = _preferences(body, kind=kind)
        numbers = _numbers(body, settings=ups.settings)
        is_v1 = request.match_info["version"] == "v1"
        destination = _destination(body, settings=ups.settings) if is_v1 else None
    except UpsRefusal as refusal:
        return _refused(refusal, invalid=[])
    if not numbers.valid and not numbers.forgotten:
        text = f"The Subscription request should have at least one valid tracking number. {REJECTED}"
        return _refused(UpsRefusal("VSS210", text), invalid=numbers.invalid)
    for number in dict.fromkeys(numbers.valid):
        subscription = Subscription(
            client_id=client.client_id,
            kind=kind,
            preferences=preferences,
            made_at=ups.clock.now(),
            tracking_number=number,
            destination=destination,
        )
        ups.subscriptions.add(subscription, keep_duplicates=ups.settings.alert_duplicates)
    lists = {"validTrackingNumbers": numbers.valid, "invalidTrackingNumbers": numbers.invalid}
    return json_answer({name: found for name, found in lists.items() if found})


async def subscribe_account(request: web.Request) -> web.Response:
    """Every parcel of an account from now on, those of other software too."""
    ups = request.app[UPS]
    client = allow(request, Product.TRACK_ALERT)
    body, kind = await _checked_request(request)
    preferences = _preferences(body, kind=kind)
    shipper_number = _own_account(body.text("shipperAccountNumber"), client=client)
    if not set(body.texts("subAccountType")) <= {OUTBOUND}:
        raise UpsRefusal("VSS000", f"Invalid request. {REJECTED}")
    ups.subscriptions.add_account(
        Subscription(
            client_id=client.client_id,
            kind=kind,
            preferences=preferences,
            made_at=ups.clock.now(),
            shipper_number=shipper_number,
        )
    )
    return json_answer({"expiryDate": NO_END})


async def unsubscribe_account(request: web.Request) -> web.Response:
    """Parcels of the account are not told about any more, unless subscribed by number."""
    ups = request.app[UPS]
    client = allow(request, Product.TRACK_ALERT)
    _check_path_and_headers(request)
    shipper_number = request.query.get("shipper_account_number", "").strip()
    if not shipper_number:
        raise UpsRefusal("VSS300", "Shipper Account Number is required.")
    shipper_number = _own_account(shipper_number, client=client)
    if not ups.subscriptions.remove_account(client_id=client.client_id, shipper_number=shipper_number):
        raise UpsRefusal("VSS000", f"The account is not subscribed. {REJECTED}")
    return json_answer({"message": "Account unsubscribed"})


def is_allowed_address(url: str, *, settings: UpsSettings) -> bool:
    """HTTPS, or the own machine if so set; tests and the demo have no certificate that anybody vouches for."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and settings.allow_http_loopback and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_path_and_headers(request: web.Request) -> str:
    kind = request.match_info["kind"]
    if kind not in KINDS:
        raise UpsRefusal("VSS930", f"Type is missing or invalid, {REJECTED}")
    transaction_id = request.headers.get("transId", "").strip()
    transaction_source = request.headers.get("transactionSrc", "").strip()
    if not transaction_id:
        raise UpsRefusal("VSS002", "Missing transId")
    if len(transaction_id) > MAX_TRANSACTION_ID:
        raise UpsRefusal("VSS003", f"Please enter a valid Transaction ID, {REJECTED}")
    if not transaction_source:
        raise UpsRefusal("VSS004", "Missing transactionSrc")
    if len(transaction_source) > MAX_TRANSACTION_SOURCE:
        raise UpsRefusal("VSS006", f"Please enter a valid Transaction SRC, {REJECTED}")
    return kind


async def _checked_request(request: web.Request) -> tuple[Node, str]:
    kind = _check_path_and_headers(request)
    if request.content_type != "application/json":
        raise UpsRefusal("10007", "Requested Content Type is not supported")
    body = _parsed(await request.read())
    if not body.text("locale"):
        raise UpsRefusal("VSS300", f"Locale is required. {REJECTED}")
    if body.text("locale") != LOCALE:
        raise UpsRefusal("VSS310", f"Please enter a valid locale. {REJECTED}")
    if body.has("countryCode") and not COUNTRY.fullmatch(body.text("countryCode")):
        raise UpsRefusal("VSS400", f"Please enter a valid country code. {REJECTED}")
    return body, kind


def _parsed(raw: bytes) -> Node:
    if not raw.strip():
        raise UpsRefusal("VSS110", f"Subscription request is empty or not present. {REJECTED}")
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError as err:
        raise UpsRefusal("VSS000", f"Invalid request and {REJECTED}") from err
    if parsed in ({}, None):
        raise UpsRefusal("VSS110", f"Subscription request is empty or not present. {REJECTED}")
    if not isinstance(parsed, dict):
        raise UpsRefusal("VSS000", f"Invalid request and {REJECTED}")
    return Node(parsed)


def _preferences(body: Node, *, kind: str) -> frozenset[str]:
    """Only enhanced subscriptions may choose; an empty choice means everything."""
    preferences = frozenset(body.texts("eventPreferences"))
    if (preferences and kind != ENHANCED) or not preferences <= PREFERENCES:
        raise UpsRefusal("VSS414", f"Please enter valid event preferences. {REJECTED}")
    return preferences


def _numbers(body: Node, *, settings: UpsSettings) -> _Numbers:
    numbers = body.texts("trackingNumberList")
    if not numbers:
        raise UpsRefusal("VSS200", f"Tracking Number List is required. {REJECTED}")
    if len(numbers) > MAX_NUMBERS:
        raise UpsRefusal("VSS220", f"You have submitted over {MAX_NUMBERS} tracking numbers which is not allowed.")
    refused = tuple(settings.alert_refuse_numbers.split())
    forgotten = tuple(settings.alert_forget_numbers.split())
    invalid = [each for each in numbers if not NUMBER.fullmatch(each) or each.endswith(refused)]
    dropped = [each for each in numbers if each not in invalid and each.endswith(forgotten)]
    valid = [each for each in numbers if each not in invalid and each not in dropped]
    return _Numbers(valid=valid, invalid=invalid, forgotten=dropped)


def _destination(body: Node, *, settings: UpsSettings) -> Destination:
    given = body.child("destination")
    url, credential = given.text("url"), given.text("credential")
    if not given:
        raise UpsRefusal("VSS500", f"Destination is required. {REJECTED}")
    if not url:
        raise UpsRefusal("VSS600", f"URL is empty or not present. {REJECTED}")
    if len(url) > MAX_URL:
        raise UpsRefusal("VSS610", f"URL is too long. {REJECTED}")
    if not is_allowed_address(url, settings=settings):
        raise UpsRefusal("VSS000", f"The URL must be a public HTTPS address. {REJECTED}")
    if not credential:
        raise UpsRefusal("VSS700", f"Credential is empty or not present. {REJECTED}")
    if not given.text("credentialType"):
        raise UpsRefusal("VSS800", f"CredentialType is empty or not present. {REJECTED}")
    return Destination(url=url, credential_type=given.text("credentialType"), credential=credential)


def _own_account(shipper_number: str, *, client: Client) -> str:
    """The caller must be party to the account."""
    if shipper_number.upper() not in client.accounts:
        raise UpsRefusal("VSS000", f"The account number is missing or not known for this user. {REJECTED}")
    return shipper_number.upper()


def _refused(refusal: UpsRefusal, *, invalid: Sequence[str]) -> web.Response:
    """The list stands beside the usual envelope (ups.md 4.3)."""
    errors = {"errors": [{"code": refusal.code, "message": refusal.message}]}
    return json_answer({"response": errors, "invalidTrackingNumbers": list(invalid)}, status=refusal.status)
