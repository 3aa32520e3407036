"""The way to a UPS client for one of a tenant's accounts."""

import requests
from django.conf import settings

from connector_site.lib.http import Timeouts, new_session
from connector_site.lib.outside_calls import Observer
from ups.client import UpsClient
from ups.credentials import AccountTokens
from ups.models import Account
from ups.tracking_client import TrackingClient

CHECK_TIMEOUTS = Timeouts(connect_seconds=3.05, read_seconds=8, total_seconds=10)
"""Our own bound: somebody waits in the browser, and whatever is asked then may be asked again."""
_sessions: dict[str, requests.Session] = {}


def open_client(account: Account, *, observe: Observer) -> UpsClient:
    """A client for this account; every call it makes is told to `observe`. Opening it calls nobody."""
    return _open(account, observe=observe, for_check=False)


def open_client_for_check(account: Account, *, observe: Observer, has_new_token: bool = False) -> UpsClient:
    """A client that also tries an account that was stopped: for the check that a person asked for.

    `has_new_token` says that UPS has given out the account's token just now: whatever refuses it lacks its product.
    """
    return _open(account, observe=observe, for_check=True, has_new_token=has_new_token)


def open_tracking_client(account: Account, *, observe: Observer) -> TrackingClient:
    """A client for news of this account's parcels. Opening it calls nobody."""
    return _open_tracking(account, observe=observe, for_check=False)


def open_tracking_client_for_check(
    account: Account, *, observe: Observer, has_new_token: bool = False
) -> TrackingClient:
    """The same for the check that a person asked for: it also tries an account that was stopped."""
    return _open_tracking(account, observe=observe, for_check=True, has_new_token=has_new_token)


def _open_tracking(
    account: Account, *, observe: Observer, for_check: bool, has_new_token: bool = False
) -> TrackingClient:
    base_url = settings.UPS_BASE_URLS[account.environment]
    session = _session(base_url)
    return TrackingClient(
        session,
        AccountTokens(account, session=session, base_url=base_url, observe=observe, for_check=for_check),
        base_url=base_url,
        shipper_number=account.shipper_number,
        observe=observe,
        has_new_token=has_new_token,
        timeouts=CHECK_TIMEOUTS if for_check else None,
    )


def _open(account: Account, *, observe: Observer, for_check: bool, has_new_token: bool = False) -> UpsClient:
    base_url = settings.UPS_BASE_URLS[account.environment]
    session = _session(base_url)
    return UpsClient(
        session,
        AccountTokens(account, session=session, base_url=base_url, observe=observe, for_check=for_check),
        base_url=base_url,
        shipper_number=account.shipper_number,
        observe=observe,
        has_new_token=has_new_token,
        timeouts=CHECK_TIMEOUTS if for_check else None,
    )


def _session(base_url: str) -> requests.Session:
    """Kept connections per host, for the calls that may be repeated; the ship call uses none of them."""
    return _sessions.setdefault(base_url, _sessions.get(base_url) or new_session())
