"""One log line for whatever happens at the way in (ASVS 16.3.1 and 16.3.2).

It says what happened, to whom by code, and from which network; never an e-mail address or a path.
"""

import ipaddress
import logging
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth
from django.dispatch import Signal
from django.http import HttpRequest

from connector_site.lib.rate_limit import client_address
from tenants.models import User

logger = logging.getLogger(__name__)
UNKNOWN = "unknown"
NETWORK_BITS = {4: 24, 6: 48}
"""Our own bound: enough to see that many tries come from one place, and no single household."""
DONE: dict[str, Signal] = {
    "signed up": account.user_signed_up,
    "signed in": auth.user_logged_in,
    "signed out": auth.user_logged_out,
    "second factor added": mfa.authenticator_added,
    "second factor removed": mfa.authenticator_removed,
    "second factor renewed": mfa.authenticator_reset,
    "second factor used": mfa.authenticator_used,
    "password set": account.password_set,
    "password changed": account.password_changed,
    "password reset": account.password_reset,
    "e-mail address added": account.email_added,
    "e-mail address proven": account.email_confirmed,
    "e-mail address changed": account.email_changed,
    "e-mail address removed": account.email_removed,
}
REFUSED: dict[str, Signal] = {
    "password refused": auth.user_login_failed,
    "second factor refused": mfa.authentication_failed,
    "code of a sign-up refused": account.email_verification_code_rejected,
    "code of a password reset refused": account.password_reset_code_rejected,
}


def connect() -> None:
    """Listen to what Django and allauth tell; called once, when the app is ready."""
    for level, told in ((logging.INFO, DONE), (logging.WARNING, REFUSED)):
        for kind, signal in told.items():
            signal.connect(_receiver(kind, level), weak=False, dispatch_uid=f"sign-in log: {kind}")


def refused(kind: str, request: HttpRequest | None, *, user: object = None, email: str = "") -> None:
    """What no signal tells: too many tries, a wrong passkey, or a page that is not this person's."""
    about = user or getattr(request, "user", None)
    _write(logging.WARNING, kind, request, about if isinstance(about, User) else _of_address(email))


def _receiver(kind: str, level: int) -> Any:
    def receive(*, request: HttpRequest | None = None, user: Any = None, **told: Any) -> None:
        factor = told.get("authenticator")
        what = f"{kind} ({factor.type})" if factor is not None else kind
        _write(level, what, request, user if isinstance(user, User) else _found(told))

    return receive


def _found(told: dict[str, Any]) -> User | None:
    """Whom a signal without a person is about."""
    if "email_address" in told:
        return told["email_address"].user  # type: ignore[no-any-return]
    return _of_address(str(told.get("credentials", {}).get("email", "")))


def _of_address(email: str) -> User | None:
    return User.objects.filter(email=email.strip().lower()).first() if email else None


def _write(level: int, kind: str, request: HttpRequest | None, user: User | None) -> None:
    logger.log(level, "%s: %s from %s", kind, user.code if user else UNKNOWN, _network(request))


def _network(request: HttpRequest | None) -> str:
    if request is None:
        return UNKNOWN
    try:
        seen = ipaddress.ip_network(client_address(request), strict=False)
    except ValueError:
        return UNKNOWN
    return str(seen.supernet(new_prefix=NETWORK_BITS[seen.version]))
