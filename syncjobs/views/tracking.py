"""The receiver's page: no sign-in, no session, no cookie, in five languages. It tells nothing but the parcels' way."""

import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_safe

from connector_site.lib.colours import is_colour, legible_on_dark, legible_on_light, text_on
from connector_site.lib.rate_limit import Rule, client_address, seconds_to_wait
from syncjobs.receiver_page import ReceiverPage, ReceiverParcel, find
from syncjobs.tracking.histories import EventShown, Step
from syncjobs.wording import LANGUAGES, format_day, format_moment, milestone_word, reason_phrase, words_for
from syncjobs.wording.words import Words

PAGE_RULE = Rule(name="track", requests=60, seconds=60)
"""One a second, which no reader needs; a code has 122 random bits, so that no guesser gets anywhere at this pace."""
COLOUR_SECONDS = 30 * 24 * 3600
COLOUR_VERSION = 2
"""Stands in the address of a style sheet, which browsers keep for so long: one more whenever its rules change."""
OUTSIDE = "https://www.ups.com/track?tracknum="
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event in the reader's language; `told` is UPS's own text where it is not the line itself."""

    words: str
    is_english: bool
    told: str
    moment: str
    stamp: str
    zone_note: str
    place: str
    look: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One step of the progress line in the reader's language."""

    step: Step
    words: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelShown:
    """One parcel in the reader's language."""

    parcel: ReceiverParcel
    title: str
    status: str
    reason: str
    when: str
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    follow: str


@require_safe
def page(request: HttpRequest, track_code: str) -> HttpResponse:
    """The way of every parcel of one delivery."""
    wait = seconds_to_wait(PAGE_RULE, client_address(request))
    if wait:
        words = words_for(_language(request, ""))
        answer = _plain(request, words, words.page.too_many_title, words.page.too_many_text)
        answer.status_code = HTTPStatus.TOO_MANY_REQUESTS
        answer["Retry-After"] = str(wait)
        return answer
    code = _code_or_none(track_code)
    found = find(code, at=timezone.now()) if code else None
    if found is None:
        words = words_for(_language(request, ""))
        answer = _plain(request, words, words.page.not_found_title, words.page.not_found_text)
        answer.status_code = HTTPStatus.NOT_FOUND
        return answer
    words = words_for(_language(request, found.language))
    return _answer(request, "track/page.html", words, _context(found, words))


@require_safe
def colour(request: HttpRequest, digits: str) -> HttpResponse:
    """A customer's colour as a style sheet: the page has no style of its own inside (design.md 6)."""
    chosen = f"#{digits}"
    if not is_colour(chosen):
        raise Http404("No such colour.")
    light = (
        f":root {{ --brand: {chosen}; --brand-text: {text_on(chosen)}; --brand-ink: {legible_on_light(chosen)}; }}\n"
    )
    dark = f"@media screen and (prefers-color-scheme: dark) {{ :root {{ --brand-ink: {legible_on_dark(chosen)}; }} }}\n"
    headers = {"Cache-Control": f"public, max-age={COLOUR_SECONDS}, immutable", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(light + dark, content_type="text/css; charset=utf-8", headers=headers)


def _context(found: ReceiverPage, words: Words) -> dict[str, Any]:
    total = len(found.parcels)
    moment = format_moment(words, found.updated_at) if found.updated_at else ""
    return {
        "company": found.company,
        "colour": found.colour.removeprefix("#"),
        "sent_by": words.page.sent_by.format(company=found.company),
        "summary": words.page.delivered_of.format(delivered=found.delivered, total=total) if total > 1 else "",
        "parcels": [_parcel_shown(parcel, words, index, total) for index, parcel in enumerate(found.parcels, start=1)],
        "updated": words.page.last_updated.format(moment=moment) if moment else words.page.not_yet_updated,
    }


def _parcel_shown(parcel: ReceiverParcel, words: Words, number: int, total: int) -> ParcelShown:
    when = ""
    if parcel.delivered_at:
        when = words.page.delivered_on.format(moment=format_moment(words, parcel.delivered_at))
    elif parcel.expected_date:
        when = words.page.expected.format(date=format_day(words, parcel.expected_date))
    return ParcelShown(
        parcel=parcel,
        title=words.page.parcel_of.format(number=number, total=total) if total > 1 else "",
        status=milestone_word(words, parcel.milestone),
        reason=reason_phrase(words, parcel.reason),
        when=when,
        marks=tuple(_mark(step, words) for step in parcel.steps),
        lines=tuple(_line(event, words) for event in parcel.history),
        follow=f"{OUTSIDE}{parcel.tracking_number}",
    )


def _mark(step: Step, words: Words) -> Mark:
    states = {"done": words.page.step_done, "now": words.page.step_now, "ahead": words.page.step_ahead}
    return Mark(step=step, words=milestone_word(words, step.milestone), state=states[step.state])


def _line(event: EventShown, words: Words) -> Line:
    said = _said(event, words)
    return Line(
        words=said or event.told or words.page.as_reported,
        is_english=not said and bool(event.told),
        told=event.told if said else "",
        moment=format_moment(words, event.local_at) if event.local_at else words.page.no_time,
        stamp=event.local_at.isoformat(timespec="minutes") if event.local_at else "",
        zone_note=words.page.zone_unknown if event.local_at and not event.zone_known else "",
        place=event.place or words.page.at_ups,
        look="quiet" if event.is_claim else _LOOKS.get(event.milestone, "move"),
    )


_LOOKS = {"exception": "stop", "returned_to_sender": "stop", "delivered": "good", "": "quiet"}


def _said(event: EventShown, words: Words) -> str:
    """The event in the reader's language; empty when only UPS has words for it."""
    reason = reason_phrase(words, event.reason)
    if not event.milestone:
        return reason[:1].upper() + reason[1:]
    said = milestone_word(words, event.milestone)
    if reason:
        said = f"{said}: {reason}"
    return f"{said} ({words.page.being_checked})" if event.is_claim else said


def _plain(request: HttpRequest, words: Words, title: str, text: str) -> HttpResponse:
    return _answer(request, "track/message.html", words, {"heading": title, "text": text})


def _answer(request: HttpRequest, template: str, words: Words, context: dict[str, Any]) -> HttpResponse:
    """Rendered without the request: neither session nor user is touched, so no cookie is set."""
    whole = context | {"words": words, "languages": LANGUAGES.values()}
    answer = HttpResponse(render_to_string(template, whole), headers=_HEADERS)
    answer["Content-Language"] = words.code
    answer["Vary"] = "Accept-Language"
    return answer


def _language(request: HttpRequest, fallback: str) -> str:
    """The one asked for, else the best of the browser's that we speak, else the sender's."""
    asked = request.GET.get("lang", "").lower()
    if asked in LANGUAGES:
        return asked
    for told, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if told[:2] in LANGUAGES:
            return told[:2]
    return fallback


def _code_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
