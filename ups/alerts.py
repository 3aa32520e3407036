"""The ways by which UPS reaches us with scans: address, secrets and proofs of each account (`ups.md` 10)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from connector_site.lib.secrets import Secret
from ups.models import Account
from ups.tracking_client import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalValues:
    """What the customer enters under "Manage Webhook Credentials" in the UPS developer portal, for version 2."""

    url: str
    token_url: str
    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Whose address a push came to, and what proves that UPS sent it."""

    hook_code: uuid.UUID
    tenant_id: uuid.UUID
    account_id: int
    credential_digest: str
    previous_digest: str
    previous_until: datetime | None
    client_id: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token for UPS's pushes of version 2."""

    token: Secret
    expires_in_seconds: int


def ensure_credentials(account: Account) -> None:
    """Give the account its secrets for Track Alert if it has none; `account` then shows them. Repeating is harmless."""
    raise NotImplementedError(account)


def rotate_credential(account: Account, *, at: datetime) -> bool:
    """Give UPS a new credential (version 1): the old one is accepted for 15 days more, all parcels are due again.

    False, and nothing changed, while parcels still wait to be told to UPS with the last new one.
    """
    raise NotImplementedError(account, at)


def rotate_client_secret(account: Account) -> None:
    """A new client secret for version 2, which ends every token issued; the customer enters it in the portal."""
    raise NotImplementedError(account)


def choose_version(account: Account, version: str, *, at: datetime) -> None:
    """Let UPS tell of scans this way from now on: one of `Account.AlertVersion`."""
    raise NotImplementedError(account, version, at)


def destination_of(account: Account) -> Destination:
    """What version 1 is told with every subscription."""
    raise NotImplementedError(account)


def portal_values(account: Account) -> PortalValues:
    """What the guided page for version 2 shows to those who may change the account."""
    raise NotImplementedError(account)


def find_route(hook_code: uuid.UUID) -> Route | None:
    """Whose address this is; needs no tenant and takes one statement."""
    raise NotImplementedError(hook_code)


def proves(route: Route, *, credential: str, authorization: str, api_key: str, at: datetime) -> bool:
    """Whether the headers `credential`, or `Authorization` and `x-api-key`, show that UPS was told of this address."""
    raise NotImplementedError(route, credential, authorization, api_key, at)


def issue_token(*, client_id: str, client_secret: str, at: datetime) -> IssuedToken | None:
    """A token for whoever holds the client id and secret of an account; None, without a hint why, for others."""
    raise NotImplementedError(client_id, client_secret, at)
