"""Letters about alarms: to each person on her own, in her language, over one connection to the mail server."""

import logging
import smtplib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from enum import Enum, auto
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import sanitize_address
from django.template.loader import render_to_string
from django.utils import timezone, translation

from connector_site.lib.wording import local, said
from syncjobs.alarms.kinds import AlarmKind
from syncjobs.alarms.notices import and_more

logger = logging.getLogger(__name__)
FINAL_CODE = 500
"""From here on a mail server's answer means never; below it, not now (RFC 5321, 4.2.1)."""


class Outcome(Enum):
    """What became of a mail to one person; no use to try again when it was refused."""

    SENT = auto()
    REFUSED = auto()
    FAILED = auto()


Outcomes = Mapping[str, Outcome]
"""What became of the mail to each person, by her key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom a mail goes to; `key` stands for her where it is noted who was reached, and is no address.

    `kinds` are the alarms of which she is told by this mail.
    """

    key: str
    address: str
    language: str = settings.LANGUAGE_CODE
    kinds: frozenset[str] = frozenset(AlarmKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alarm as the mail tells it, or how many more there are of its kind; `link` is empty where there is no page."""

    title: str
    about: str
    advice: str
    since: datetime | None
    link: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent to some people at once, each on her own: what is new, and what is over.

    `choices_link` is the page on which they choose how they are told; a digest tells of what is still open.
    """

    recipients: tuple[Person, ...]
    name: str
    new: tuple[Told, ...]
    over: tuple[Told, ...]
    link: str
    time_zone: str
    choices_link: str = ""
    is_digest: bool = False


def reached(outcomes: Outcomes | None) -> int:
    """How many have it now."""
    return list((outcomes or {}).values()).count(Outcome.SENT)


def deliver(letters: Sequence[Letter]) -> Outcomes | None:
    """To each person on her own, over one connection. One who cannot be reached keeps the mail from nobody else.

    None where no mail server answers: nobody was tried. All letters are written before the first is sent.
    """
    if not letters:
        return {}
    mails = [(person, mail) for letter in letters for person, mail in _written(letter)]
    post = get_connection()
    try:
        post.open()
    except (smtplib.SMTPException, OSError) as error:
        logger.error("No mail about alarms could be sent: %s", type(error).__name__)  # noqa: TRY400  no address
        return None
    try:
        return {person.key: _send_one(person.address, mail, post) for person, mail in mails}
    finally:
        _hang_up(post)


def _written(letter: Letter) -> Iterator[tuple[Person, EmailMultiAlternatives]]:
    """The mail to each person in her language; she is put on it when it is sent: her address may be none."""
    for language in sorted({person.language for person in letter.recipients}):
        with timezone.override(ZoneInfo(letter.time_zone)), translation.override(language):
            context = {"letter": letter}
            subject = _subject(letter)
            text = render_to_string("syncjobs/mails/alarms.txt", context)
            page = render_to_string("syncjobs/mails/alarms.html", context)
        for person in letter.recipients:
            if person.language == language:
                mail = EmailMultiAlternatives(subject=subject, body=text)
                mail.attach_alternative(page, "text/html")
                yield person, mail


def _send_one(address: str, mail: EmailMultiAlternatives, post: BaseEmailBackend) -> Outcome:
    """No error is told in its own words, which hold the address."""
    if not _is_address(address):
        logger.error("A person cannot be told of alarms: the e-mail address is none")
        return Outcome.REFUSED
    mail.to, mail.connection = [address], post
    try:
        return Outcome.SENT if mail.send() else Outcome.FAILED
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as refused:
        codes = _codes(refused)
        logger.error("A mail server refuses a mail about alarms with %s", codes)  # noqa: TRY400
        return Outcome.REFUSED if min(codes) >= FINAL_CODE else Outcome.FAILED
    except (smtplib.SMTPException, OSError, ValueError) as error:
        logger.error("A mail about alarms could not be sent: %s", type(error).__name__)  # noqa: TRY400
        return Outcome.FAILED


def _codes(refused: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> list[int]:
    if isinstance(refused, smtplib.SMTPResponseException):
        return [refused.smtp_code]
    return [code for code, _ in refused.recipients.values()]


def _is_address(address: str) -> bool:
    """Whether a mail can be addressed to it at all, by the same function that mail goes through."""
    try:
        return "@" in sanitize_address(address, settings.DEFAULT_CHARSET)
    except (ValueError, HeaderParseError):
        return False


def _hang_up(post: BaseEmailBackend) -> None:
    try:
        post.close()
    except (smtplib.SMTPException, OSError) as error:
        logger.info("The mail server was lost after the mails: %s", type(error).__name__)


def _subject(letter: Letter) -> str:
    """The first of what is new, and how much else there is; of what is over where nothing is new."""
    told = letter.new or letter.over
    count = sum(one.count for one in told)
    if letter.is_digest:
        what = said("One thing is open") if count == 1 else said("{count} things are open", count=count)
        return " ".join(f"{local(what)} - {letter.name}".split())
    others = count - 1
    title = told[0].title if letter.new else said("It is over: {what}", what=told[0].title)
    more = f" ({local(and_more(others))})" if others else ""
    return " ".join(f"{local(title)}{more} - {letter.name}".split())
