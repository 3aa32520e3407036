"""Who is calling, and whether they may."""

from secrets import token_hex

from aiohttp import web

from sandbox.core.watch import TENANT_HINT
from sandbox.ups.accounts import Client, Product
from sandbox.ups.refusals import TOO_MANY_REQUESTS, UNAUTHORISED, UpsRefusal
from sandbox.ups.state import UPS
from sandbox.ups.tokens import TokenState

LIST_VERSION = "v2403"
"""From here on documented lists are lists; older versions answer single objects (ups.md 2, 4.4)."""


def allow(request: web.Request, product: Product) -> Client:
    """The calling app; refused without a valid token of this host or without the API product (ups.md 2, 3)."""
    ups = request.app[UPS]
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise UpsRefusal("UJ0001", "The access token is missing or invalid", status=UNAUTHORISED)
    state, client_id = ups.tokens.look_up(text.strip(), host=request.host)
    request[TENANT_HINT] = client_id
    if state is TokenState.EXPIRED:
        raise UpsRefusal("251004", "The access token has expired", status=UNAUTHORISED)
    client = ups.accounts.find(client_id)
    if state is TokenState.UNKNOWN or client is None:
        raise UpsRefusal("250002", "Invalid Authentication Information.", status=UNAUTHORISED)
    if not ups.tokens.allows_request("api:" + client_id, per_minute=ups.settings.api_calls_per_minute):
        raise UpsRefusal("10429", "Too Many Requests", status=TOO_MANY_REQUESTS)
    if product not in client.products:
        raise UpsRefusal("250002", "Invalid Authentication Information.", status=ups.settings.missing_product_status)
    return client


def check_version(request: web.Request, known: frozenset[str]) -> str:
    """The version in the path."""
    version = request.match_info["version"]
    if version not in known:
        raise UpsRefusal("20002", f"The version {version} is not known for this service")
    return version


def transaction_reference(context: str) -> dict[str, str]:
    """The echo of the caller's context, with UPS's own undocumented identifier (ups.md 4.1)."""
    reference = {"CustomerContext": context} if context else {}
    return reference | {"TransactionIdentifier": "sandbox" + token_hex(8)}
