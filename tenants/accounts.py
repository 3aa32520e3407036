"""How people get in: sign-up, mails, limits, and what proves a person again (`settings.ACCOUNT_ADAPTER`)."""

import ipaddress
import logging
import smtplib
import time
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone, translation

from connector_site.lib.rate_limit import client_address
from tenants import invited, second_factor, sessions, sign_in_log
from tenants.languages import shown_language
from tenants.mails import language_of
from tenants.models import User
from tenants.throttling import COUNTED_FOR, LOCKED_FOR, time_to_wait, too_many

logger = logging.getLogger(__name__)

UNKNOWN_ADDRESS = "::"
"""Stands for a client whose address no proxy told."""
_TOO_MANY = frozenset({"too_many_login_attempts", "rate_limited"})
_OF_ACCOUNT = "login_of_account"
_FROM_ADDRESS = "login_failed"


class SitePeople(DefaultAccountAdapter):
    """Everybody may sign up; her address is proven by a code, and who guesses is told when to come back."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._tried: dict[str, str] = {}
        self._try: ratelimit.RateLimitUsage | None = None

    def get_client_ip(self, request: HttpRequest) -> str:
        """As our own proxies saw it; an IPv6 address stands for its whole network."""
        seen = client_address(request)
        try:
            return str(ipaddress.ip_network(seen, strict=False).network_address)
        except ValueError:
            return UNKNOWN_ADDRESS

    def save_user(self, request: HttpRequest, user: AbstractBaseUser, form: Any, commit: Any = True) -> Any:  # noqa: FBT002  allauth's own
        """Keep the language that the sign-up page was read in: mails are written in it."""
        if isinstance(user, User):
            user.language = shown_language()
        return super().save_user(request, user, form, commit)

    def format_email_subject(self, subject: str) -> str:
        """As it is written: no prefix."""
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of the person behind the address; without a mail server the page still says what to do."""
        with translation.override(language_of(email)):
            try:
                super().send_mail(template_prefix, email, context)
            except (OSError, smtplib.SMTPException) as error:
                logger.warning("A mail (%s) was not sent: %s", template_prefix, type(error).__name__)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """A session begins, and its time runs."""
        super().login(request, user)
        sessions.begin(request, at=timezone.now())

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """To the invitation whose link was opened before."""
        return invited.way_back(request) or str(super().get_login_redirect_url(request))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """To the invitation whose link was opened before."""
        return invited.way_back(request) or str(super().get_signup_redirect_url(request))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try: per account and address, and per account alone against guesses from many places.

        Only what the first count lets through comes to the second: otherwise one visitor alone would lock an account.
        """
        self._tried = {
            _FROM_ADDRESS: self._get_login_attempts_cache_key(request, **credentials),
            _OF_ACCOUNT: _account_key(**credentials),
        }
        super().pre_authenticate(request, **credentials)
        self._try = ratelimit.consume(request, app=COUNTED_FOR, action=_OF_ACCOUNT, key=self._tried[_OF_ACCOUNT])
        if not self._try:
            self._rollback_login_failed_rl_usage()
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """A right password is no try."""
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is not None and self._try:
            self._try.rollback()
        return user

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Who has chosen a new password through her mailbox is not shut out by what others tried."""
        super()._delete_login_attempts_cached_email(request, **credentials)
        ratelimit.clear(request, app=COUNTED_FOR, action=_OF_ACCOUNT, key=_account_key(**credentials))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Tries are counted for an account from one address, so that nobody can lock another person out."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"

    def validation_error(self, code: str, *args: object) -> ValidationError:
        """Too many tries are a page of their own, with the moment to come back."""
        if code in _TOO_MANY:
            sign_in_log.refused("too many tries", self.request, email=self._tried.get(_OF_ACCOUNT, ""))
            raise ImmediateHttpResponse(too_many(self.request, wait=self._wait() or LOCKED_FOR))
        error: ValidationError = super().validation_error(code, *args)
        return error

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not for who has just used a second factor, nor for who has just come in and is setting up her first."""
        user = self.request.user
        if isinstance(user, User) and self._has_just_proven_herself(user):
            return False
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Who has a second factor uses it: a password alone would be one factor only."""
        methods = super().get_reauthentication_methods(user)
        strong = [method for method in methods if method["id"] != "reauthenticate"]
        return strong or methods

    def _wait(self) -> timedelta:
        """How long this person waits; no time at all when something else was tried than a password."""
        waits = [time_to_wait(self.request, action=action, key=key) for action, key in self._tried.items()]
        return max(waits, default=timedelta())

    def _has_just_proven_herself(self, user: User) -> bool:
        if second_factor.has_one(user):
            second_factor.forget_passwords(self.request, user)
            return second_factor.is_fresh(self.request, user, at=timezone.now())
        return time.time() - sessions.began_at(self.request) < second_factor.SET_UP_WITHIN.total_seconds()


def _account_key(**credentials: Any) -> str:
    return str(credentials.get("email", "")).lower()
