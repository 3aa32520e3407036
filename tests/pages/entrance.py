"""What a newcomer does, through the pages."""

import re
import time

from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, hotp_value
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD

_CODE = re.compile(r"^[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}$", re.MULTILINE)


def sign_up(client: Client, email: str, *, next_page: str = "") -> HttpResponse:
    sent = {"email": email, "password1": PASSWORD, "next": next_page}
    return client.post(reverse("account_signup"), sent)  # type: ignore[return-value]


def mailed_code() -> str:
    """The code in the newest mail, on a line of its own."""
    found = _CODE.search(str(mail.outbox[-1].body))
    assert found is not None, mail.outbox[-1].body
    return found[0]


def enter_code(client: Client, code: str) -> HttpResponse:
    return client.post(reverse("account_email_verification_sent"), {"code": code})  # type: ignore[return-value]


def app_code(secret: str, *, periods_ago: int = 0) -> str:
    """What an authenticator app shows."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 - periods_ago))


def set_up_app(client: Client) -> HttpResponse:
    client.get(reverse("tenants:protect"))
    code = app_code(client.session[SECRET_SESSION_KEY])
    return client.post(reverse("tenants:protect"), {"code": code})  # type: ignore[return-value]


def sign_in(client: Client, email: str, password: str = PASSWORD) -> HttpResponse:
    return client.post(reverse("account_login"), {"login": email, "password": password})  # type: ignore[return-value]
