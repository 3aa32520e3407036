"""Mails to people, in their own language."""

import logging
import re
import smtplib
from collections.abc import Mapping

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from tenants.languages import known_languages, shown_language
from tenants.models import User

logger = logging.getLogger(__name__)

_LIKE_A_HOST = re.compile(r"([.\u3002\uff0e\uff61])(?=\w\w)|://")


def send(template: str, *, to: str, context: Mapping[str, object]) -> bool:
    """Send `<template>_subject.txt` and `<template>_message.txt` to one address; whether a mail server took it.

    A `company` in the context is a name that a member chose: no mail program shall make a link of it.
    It never raises for a server that is away: what the mail tells about has happened already. Not for use inside a
    transaction.
    """
    told = {**context, "company": _as_name(str(context.get("company", ""))), "public_url": settings.PUBLIC_URL}
    with translation.override(language_of(to)):
        subject = " ".join(render_to_string(f"{template}_subject.txt", told).split())
        body = render_to_string(f"{template}_message.txt", told).strip()
    try:
        return EmailMessage(subject, body + "\n", settings.DEFAULT_FROM_EMAIL, [to]).send() == 1
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("A mail (%s) was not sent: %s", template, type(error).__name__)
        return False


def language_of(address: str) -> str:
    """The language of the person behind an address, or that of the page at work for a stranger."""
    chosen = User.objects.filter(email=address.lower()).values_list("language", flat=True).first()
    return chosen if chosen in known_languages() else shown_language()


def _as_name(text: str) -> str:
    """The name with what looks like a host taken apart: "Bol. com"."""
    return " ".join(_LIKE_A_HOST.sub(r"\1 ", text).split())
