"""Passkeys that were refused stand in the log, as wrong codes do; allauth tells of codes alone."""

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, LoginWebAuthnForm, ReauthenticateWebAuthnForm
from django.core.exceptions import ValidationError

from tenants import sign_in_log


class _Told(AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        """The authenticator that was used; a refusal is told first."""
        try:
            return super().clean_credential()
        except ValidationError:
            sign_in_log.refused("passkey refused", context.request, user=self.user)
            raise


class AuthenticateToldForm(_Told):
    """The passkey as second factor at signing in."""


class ReauthenticateToldForm(_Told, ReauthenticateWebAuthnForm):
    """The passkey that is asked for again."""


class LoginToldForm(_Told, LoginWebAuthnForm):
    """The passkey in place of a password."""
