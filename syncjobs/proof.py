"""The proof of delivery: a PDF made here from what UPS reported, the same bytes for the same facts."""

import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from xml.sax.saxutils import escape, quoteattr

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from syncjobs.wording import format_moment, milestone_word, reason_phrase
from syncjobs.wording.words import ProofWords, Words

SUBJECT_CHARACTERS = 80
"""Our own bound: Exact publishes none (`exact.md` 8.9)."""
TEXT_CHARACTERS = 400
"""Our own bound for any one text: a line of a table has to fit on a page."""
_FONT = "SourceSansPro-Regular"
_BOLD = "SourceSansPro-Bold"
_MARGIN = 18 * mm
_FOOT = 12 * mm
_LABEL_WIDTH = 42 * mm
_HISTORY_WIDTHS = (68 * mm, 66 * mm)
_WIDTH = A4[0] - 2 * _MARGIN
_INK = HexColor("#1f2937")
_GREY = HexColor("#6b7280")
_LINE = HexColor("#d1d5db")
_SHADE = HexColor("#f3f4f6")
_LINK = "#1d4ed8"
_MINUTES_PER_HOUR = 60
_TEXT = ParagraphStyle("text", fontName=_FONT, fontSize=9.5, leading=13, textColor=_INK)
_STRONG = ParagraphStyle("strong", parent=_TEXT, fontName=_BOLD)
_LABEL = ParagraphStyle("label", parent=_TEXT, textColor=_GREY)
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=8.5, leading=11.5)
_NOTE = ParagraphStyle("note", parent=_SMALL, textColor=_GREY)
_TITLE = ParagraphStyle("title", parent=_TEXT, fontName=_BOLD, fontSize=20, leading=25)
_HEADING = ParagraphStyle("heading", parent=_TEXT, fontName=_BOLD, fontSize=11.5, leading=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofEvent:
    """One line of a parcel's history."""

    milestone: str
    """Empty for an event that changes none: then UPS's own words stand alone."""
    reason: str = ""
    description: str = ""
    """As UPS wrote it."""
    local_at: datetime | None
    offset_minutes: int | None = None
    zone_known: bool = True
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofParcel:
    """One parcel; what UPS did not give is empty and shown as not stated."""

    tracking_number: str
    service: str = ""
    delivered_local_at: datetime | None
    """Naive, by the clock of the place."""
    offset_minutes: int | None = None
    zone_known: bool = True
    place: str = ""
    left_at: str = ""
    """Where UPS left it (front door, neighbour), in UPS's words."""
    received_by: str = ""
    events: tuple[ProofEvent, ...] = ()
    """In the order in which they are to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFacts:
    """All that stands in the proof of delivery; the same facts make the same file."""

    company: str
    delivery_number: str
    order_numbers: tuple[str, ...] = ()
    parcels: tuple[ProofParcel, ...]
    page_url: str
    made_at: datetime
    """Aware; part of the file, so a repeated attempt has to bring the same moment."""
    made_by: str


def delivered_at(facts: ProofFacts) -> datetime:
    """When the last parcel was delivered, by the clock of the place; the moment of the proof where UPS gave no time."""
    return max((row.delivered_local_at for row in facts.parcels if row.delivered_local_at), default=facts.made_at)


def file_name(facts: ProofFacts) -> str:
    """The same for the same delivery, whatever the language, so that an earlier file is found again.

    A delivery that was taken back and then made has another moment, and so a file of its own beside the first.
    """
    parts = (facts.delivery_number, facts.parcels[0].tracking_number, f"{delivered_at(facts):%Y%m%d-%H%M}")
    return f"proof-of-delivery-{'-'.join(map(_safe, parts))}.pdf"


def subject(delivery_number: str, tracking_number: str) -> str:
    """The document's title in Exact, by which an earlier one is found; no language, no time and no quote in it."""
    return f"UPS proof of delivery {_safe(delivery_number)} {_safe(tracking_number)}"[:SUBJECT_CHARACTERS]


def proof_of_delivery(facts: ProofFacts, *, words: Words) -> bytes:
    """A PDF of A4 pages. It is laid out twice: the foot of the first page names the number of the last."""
    _, pages = _laid_out(facts, words, pages=0)
    written, _ = _laid_out(facts, words, pages=pages)
    return written


def _laid_out(facts: ProofFacts, words: Words, *, pages: int) -> tuple[bytes, int]:
    """The file and how many pages it has."""
    written = io.BytesIO()
    document = BaseDocTemplate(
        written,
        pagesize=A4,
        title=_printable(f"{words.proof.title} {facts.delivery_number}"),
        author=_printable(facts.company),
        subject=_printable(words.proof.as_reported),
        creator=_printable(facts.made_by),
        lang=words.code,
        invariant=1,
    )
    made_at = facts.made_at.astimezone(UTC)
    moment = f"{format_moment(words, made_at)} UTC"
    made = _printable(words.proof.made.format(moment=moment, maker=facts.made_by))

    def foot(canvas: Canvas, _: object) -> None:
        canvas.setDateFormatter(lambda *_: f"D:{made_at:%Y%m%d%H%M%S}+00'00'")
        _draw_foot(canvas, made, words.proof.page_of.format(number=canvas.getPageNumber(), total=pages))

    frame = Frame(
        _MARGIN,
        _MARGIN + _FOOT,
        _WIDTH,
        A4[1] - 2 * _MARGIN - _FOOT,
        leftPadding=0,
        bottomPadding=0,
        rightPadding=0,
        topPadding=0,
    )
    document.addPageTemplates([PageTemplate(frames=[frame], onPageEnd=foot)])
    document.build(_story(facts, words))
    return written.getvalue(), document.page


def _draw_foot(canvas: Canvas, made: str, page: str) -> None:
    canvas.saveState()
    canvas.setStrokeColor(_LINE)
    canvas.line(_MARGIN, _MARGIN + _FOOT / 2, A4[0] - _MARGIN, _MARGIN + _FOOT / 2)
    canvas.setFont(_FONT, 8)
    canvas.setFillColor(_GREY)
    canvas.drawString(_MARGIN, _MARGIN, made)
    canvas.drawRightString(A4[0] - _MARGIN, _MARGIN, page)
    canvas.restoreState()


def _story(facts: ProofFacts, words: Words) -> list[Flowable]:
    say = words.proof
    story: list[Flowable] = [
        _paragraph(say.title, _TITLE),
        Spacer(0, 3 * mm),
        _facts_table(
            [
                (say.sender, _paragraph(facts.company, _STRONG)),
                (say.delivery_number, _paragraph(facts.delivery_number)),
                (say.order_numbers, _paragraph(", ".join(facts.order_numbers) or say.not_stated)),
                (say.parcels, _paragraph(str(len(facts.parcels)))),
                (say.tracking_page, _link(facts.page_url)),
            ]
        ),
        Spacer(0, 2 * mm),
        _paragraph(f"{say.as_reported}. {say.local_time}", _NOTE),
    ]
    for number, parcel in enumerate(facts.parcels, start=1):
        heading = say.parcel_of.format(number=number, total=len(facts.parcels))
        story.extend(_parcel(parcel, words, heading=heading))
    return story


def _parcel(parcel: ProofParcel, words: Words, *, heading: str) -> Iterable[Flowable]:
    """Its facts on one page, its history on as many as it needs."""
    say = words.proof
    delivered = _moment(parcel.delivered_local_at, parcel.offset_minutes, words, zone_known=parcel.zone_known)
    rows = [(say.tracking_number, parcel.tracking_number)]
    rows += [(say.service, parcel.service)] if parcel.service else []
    rows += [(say.delivered_at, delivered), (say.place, parcel.place or say.not_stated)]
    rows += [(say.left_at, parcel.left_at)] if parcel.left_at else []
    rows += [(say.received_by, parcel.received_by or say.not_stated)]
    yield Spacer(0, 7 * mm)
    yield KeepTogether(
        [
            _paragraph(heading, _HEADING),
            Spacer(0, 1.5 * mm),
            _facts_table([(label, _paragraph(text)) for label, text in rows]),
            Spacer(0, 2 * mm),
        ]
    )
    if parcel.events:
        yield _history(parcel.events, words)


def _facts_table(rows: Sequence[tuple[str, Paragraph]]) -> Table:
    return Table(
        [[_paragraph(label, _LABEL), value] for label, value in rows],
        colWidths=[_LABEL_WIDTH, _WIDTH - _LABEL_WIDTH],
        style=TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        ),
    )


def _history(events: Sequence[ProofEvent], words: Words) -> Table:
    say = words.proof
    rows = [
        [
            _event(event, words),
            _paragraph(_moment(event.local_at, event.offset_minutes, words, zone_known=event.zone_known), _SMALL),
            _paragraph(event.place or say.not_stated, _SMALL),
        ]
        for event in events
    ]
    return Table(
        [[_paragraph(label, _NOTE) for label in (say.event, say.time, say.place)], *rows],
        colWidths=[*_HISTORY_WIDTHS, _WIDTH - sum(_HISTORY_WIDTHS)],
        repeatRows=1,
        style=TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        ),
    )


def _event(event: ProofEvent, words: Words) -> Paragraph:
    """The milestone in the reader's language, its reason, and beneath what UPS said."""
    reason = reason_phrase(words, event.reason)
    milestone = milestone_word(words, event.milestone) if event.milestone else ""
    told = f"{milestone} ({reason})" if milestone and reason else milestone or reason
    lines = [told, event.description]
    first, *others = [escape(_printable(line)) for line in lines if line] or [escape(words.milestones.unknown)]
    return Paragraph("<br/>".join([first, *(f'<font color="#6b7280">{line}</font>' for line in others)]), _SMALL)


def _moment(local_at: datetime | None, offset_minutes: int | None, words: Words, *, zone_known: bool) -> str:
    """By the clock of the place, with its distance to UTC where UPS gave it."""
    say: ProofWords = words.proof
    if local_at is None:
        return say.not_stated
    moment = format_moment(words, local_at)
    if not zone_known:
        return f"{moment} ({say.zone_unknown})"
    return moment if offset_minutes is None else f"{moment} ({_offset(offset_minutes)})"


def _offset(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), _MINUTES_PER_HOUR)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _paragraph(text: str, style: ParagraphStyle = _TEXT) -> Paragraph:
    return Paragraph(escape(_printable(text)), style)


def _link(url: str) -> Paragraph:
    return Paragraph(f'<a href={quoteattr(url)} color="{_LINK}">{escape(_printable(url))}</a>', _TEXT)


def _safe(text: str) -> str:
    """Fit for a file's name and for a filter of Exact's: letters, digits and hyphens."""
    return re.sub(r"[^0-9A-Za-z]+", "-", text).strip("-")


def _printable(text: str) -> str:
    """On one line; a letter that the font lacks loses its accents, or becomes a question mark."""
    known = _register_fonts()
    line = " ".join("".join(sign if ord(sign) in known else _nearest(sign, known) for sign in text).split())
    return line if len(line) <= TEXT_CHARACTERS else f"{line[: TEXT_CHARACTERS - 3]}..."


def _nearest(sign: str, known: frozenset[int]) -> str:
    if not sign.isprintable():
        return " "
    return "".join(part for part in unicodedata.normalize("NFKD", sign) if ord(part) in known) or "?"


@lru_cache(maxsize=1)
def _register_fonts() -> frozenset[int]:
    """Make the fonts known once per process; which letters both have. Latin, Greek and Cyrillic, nothing fetched."""
    fonts = resources.files("font_source_sans_pro") / "files"
    faces = [TTFont(name, fonts / f"{name}.ttf") for name in (_FONT, _BOLD)]
    for face in faces:
        pdfmetrics.registerFont(face)
    return frozenset(set(faces[0].face.charToGlyph) & set(faces[1].face.charToGlyph))
