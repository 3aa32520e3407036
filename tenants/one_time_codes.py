"""A code of an authenticator app is taken once (ASVS 6.5.1): allauth remembers it for less long than it is valid."""

import hashlib
import logging
from collections.abc import Callable

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.core.cache import cache

from connector_site.lib.secrets import UNREADABLE

logger = logging.getLogger(__name__)

_PERIODS = 2 * app_settings.TOTP_TOLERANCE + 1
"""A code is valid in its own half minute and as many around it as a clock may be wrong."""


def spend(user_id: int, code: str) -> bool:
    """Whether the code was not spent yet; it is from now on."""
    digest = hashlib.sha256("".join(code.split()).encode()).hexdigest()
    added: bool = cache.add(f"second-factor-spent:{user_id}:{digest}", 1, _PERIODS * app_settings.TOTP_PERIOD)
    return added


class AuthenticateOnceForm(AuthenticateForm):
    """The code at signing in."""

    def clean_code(self) -> str:
        """A right code that was not used before."""
        return _unspent(self.user.pk, _readable(super().clean_code))


class ReauthenticateOnceForm(ReauthenticateForm):
    """The code that is asked for again."""

    def clean_code(self) -> str:
        """A right code that was not used before."""
        return _unspent(self.user.pk, _readable(super().clean_code))


def _readable(ask: Callable[[], str]) -> str:
    """A secret of another row, or under a key that is gone, makes every code a wrong one."""
    try:
        return ask()
    except UNREADABLE as error:
        logger.error("A second factor cannot be read: %s", type(error).__name__)  # noqa: TRY400  no traceback of secrets
        raise get_adapter().validation_error("incorrect_code") from None


def _unspent(user_id: int, code: str) -> str:
    if not spend(user_id, code):
        raise get_adapter().validation_error("incorrect_code")
    return code
