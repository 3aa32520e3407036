"""Our one line in a delivery's remarks. The customer's own text is never touched (`exact.md` 8.1 and 9).

Before there is any status the line lists the numbers of several parcels, `[UPS] 2 parcels: 1Z... 1Z...`. Then it is

    [UPS] Delivered 2026-05-06 14:12 Groningen NL | https://.../track/...
    [UPS] In transit 2026-05-06 03:40 | 1/8 | 1Z... 1Z... +6 | https://.../track/...

that is the milestone's word in the tenant's language; the time by the clock of the place and the place, both only when
UPS gave them; with several parcels how many of them are delivered, then their numbers and how many more there are; the
public tracking page. `parse_line` reads it back. The receiver's name never stands in it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncjobs.wording import LANGUAGES, milestone_word
from syncjobs.wording.words import Words
from ups.events import Milestone

MARK = "[UPS]"
LINE_CHARACTERS = 1000
"""Our own bound: Exact publishes none (`exact.md` 8.1). It holds the numbers of 40 parcels; what Exact refuses is
made shorter."""
SHORTEST = 2
"""The highest `shorter` of `status_line`: milestone, time and page alone."""
_MOMENT = "%Y-%m-%d %H:%M"
_MILESTONES = {milestone_word(words, each): each for words in LANGUAGES.values() for each in Milestone}
"""What each word of each language stands for; no word stands for two milestones."""
_WORD = "|".join(re.escape(word) for word in sorted(_MILESTONES, key=len, reverse=True))
STATUS_FORM = (
    rf"\[UPS\] (?P<word>{_WORD})"
    r"(?: (?P<moment>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}))?"
    r"(?: (?P<place>[^|\r\n]+?))?"
    r"(?: \| (?P<delivered>[0-9]{1,4})/(?P<total>[0-9]{1,4}))?"
    r"(?: \| (?P<numbers>[0-9A-Z]+(?: [0-9A-Z]+)*)(?: \+(?P<more>[0-9]{1,4}))?)?"
    r" \| (?P<url>https?://[^\s|]+)"
)
"""The line with a status, as a regular expression."""
_PARCELS = "|".join(re.escape(words.parcels) for words in LANGUAGES.values())
_NUMBERS_FORM = rf"\[UPS\] [0-9]+ (?:{_PARCELS}):(?: [0-9A-Z]+)+(?: \+[0-9]{{1,4}})?"
_OURS = re.compile(rf"^(?:{STATUS_FORM}|{_NUMBERS_FORM})(?=\r?$)", re.MULTILINE)
"""Exactly the forms that we write: a line of the customer's that begins with our mark is hers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What the line tells of a delivery; its place and time are those of the event that made the milestone."""

    milestone: str
    local_at: datetime | None
    city: str = ""
    country: str = ""
    numbers: tuple[str, ...]
    delivered: int = 0
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedLine:
    """A line with a status, read back; without counts for a single parcel and in the shortest form."""

    milestone: Milestone
    local_at: datetime | None
    place: str
    delivered: int | None
    total: int | None
    numbers: tuple[str, ...]
    more: int
    url: str


def parcels_line(numbers: list[str], *, words: Words, shorter: int = 0) -> str:
    """The tracking numbers of a delivery with several parcels; Exact's own field holds the first.

    `shorter` is for a text that Exact refused: then the other numbers are counted.
    """
    head = f"{MARK} {len(numbers)} {words.parcels}:"
    most = 1 if shorter else len(numbers)
    tries = (f"{head} {_listing(numbers, listed)}" for listed in range(most, 0, -1))
    return next(line for line in tries if len(line) <= LINE_CHARACTERS)


def status_line(facts: LineFacts, *, words: Words, shorter: int = 0) -> str:
    """Never longer than `LINE_CHARACTERS`, unless milestone, time and page alone are.

    `shorter` is for a text that Exact refused: 1 leaves one number in the list, 2 (`SHORTEST`) leaves the list, the
    counts and the place out.
    """
    shortest = _joined(_head(facts, words), facts.url)
    if shorter >= SHORTEST:
        return shortest
    most = 1 if shorter else len(facts.numbers)
    tries = (_joined(*_parts(facts, words, listed=listed), facts.url) for listed in range(most, 0, -1))
    return next((line for line in tries if len(line) <= LINE_CHARACTERS), shortest)


def parse_line(line: str) -> ParsedLine | None:
    """What a line with a status says, in whichever of our languages; None for every other line."""
    found = re.fullmatch(STATUS_FORM, line)
    if found is None:
        return None
    try:
        local_at = datetime.strptime(found["moment"], _MOMENT) if found["moment"] else None  # noqa: DTZ007 - no zone
    except ValueError:
        return None
    return ParsedLine(
        milestone=_MILESTONES[found["word"]],
        local_at=local_at,
        place=found["place"] or "",
        delivered=int(found["delivered"]) if found["delivered"] else None,
        total=int(found["total"]) if found["total"] else None,
        numbers=tuple((found["numbers"] or "").split()),
        more=int(found["more"] or 0),
        url=found["url"],
    )


def with_our_line(remarks: str, line: str, *, previous: str = "") -> str:
    """The remarks with our line put in the place of an older one, else at the end; every other byte stays.

    The older one is `previous`, what we wrote last, else the first line in one of our forms. A line that stands there
    already is left where it is.
    """
    if _standing(remarks, line):
        return remarks
    older = (_standing(remarks, previous) if previous else None) or _OURS.search(remarks)
    if older:
        return f"{remarks[: older.start()]}{line}{remarks[older.end() :]}"
    if not remarks:
        return line
    line_end = "\r\n" if "\r\n" in remarks else "\n"
    return f"{remarks}{line}" if remarks.endswith("\n") else f"{remarks}{line_end}{line}"


def without_our_line(remarks: str, *, previous: str = "") -> str:
    """The remarks without our line, the one we wrote last or the first in one of our forms; every other byte stays."""
    found = (_standing(remarks, previous) if previous else None) or _OURS.search(remarks)
    if found is None:
        return remarks
    before, after = remarks[: found.start()], remarks[found.end() :]
    if after:
        return before + after.removeprefix("\r").removeprefix("\n")
    return before.removesuffix("\n").removesuffix("\r")


def _head(facts: LineFacts, words: Words, *, place: str = "") -> str:
    moment = f"{facts.local_at:{_MOMENT}}" if facts.local_at else ""
    return " ".join(part for part in (MARK, milestone_word(words, facts.milestone), moment, place) if part)


def _parts(facts: LineFacts, words: Words, *, listed: int) -> Iterator[str]:
    """Everything before the page's address, with so many of the numbers; a single parcel's stands in its own field."""
    yield _head(facts, words, place=_plain(f"{facts.city} {facts.country}"))
    total = len(facts.numbers)
    if total > 1:
        yield f"{facts.delivered}/{total}"
        yield _listing(facts.numbers, listed)


def _listing(numbers: Sequence[str], listed: int) -> str:
    """So many of the numbers, and how many more there are."""
    more = [f"+{len(numbers) - listed}"] if listed < len(numbers) else []
    return " ".join([*numbers[:listed], *more])


def _joined(*parts: str) -> str:
    return " | ".join(parts)


def _plain(text: str) -> str:
    """On one line and without the sign that separates our parts."""
    return " ".join("".join(" " if sign == "|" or not sign.isprintable() else sign for sign in text).split())


def _standing(remarks: str, line: str) -> re.Match[str] | None:
    """Where exactly this line stands."""
    return re.search(rf"^{re.escape(line)}(?=\r?$)", remarks, re.MULTILINE)
