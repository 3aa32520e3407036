"""Reading what a caller asks of Quantum View (ups.md 11)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.view_files import KEPT_DAYS
from sandbox.ups.wire import Node

REQUEST_ACTION = "QVEvents"
MAX_NAME = 21
MAX_FILE_NAME = 16
MAX_CONTEXT = 512
SPAN = timedelta(days=KEPT_DAYS)
"""How far back a period reaches, how long it is at most, and what a missing end means (ups.md 11)."""
TRANSIENT = "TransientError"
HARD = "Hard"

WRONG_ACTION = ("330001", "The request action is missing or invalid")
WRONG_SUBSCRIPTION = ("330002", "The subscription request is invalid")
WRONG_PERIOD = ("330003", "The date time range is invalid")
TOO_OLD = ("330004", "The date range is longer than 7 days back")
WRONG_BOOKMARK = ("330005", "The bookmark is invalid for this request")
NO_SUCH_NAME = ("330006", "subscription names do not exist")
NO_FILES = ("330007", "no files for the given request")
UNAVAILABLE = ("330008", "The service is temporarily unavailable")
"""The texts are known, UPS's numeric codes are not (ups.md 11)."""


class ViewRefusal(Exception):
    """A refusal that comes with HTTP 200."""

    def __init__(self, error: tuple[str, str], *, place: str = "QuantumViewRequest", retry_seconds: int = 0) -> None:
        self.code, self.text = error
        super().__init__(self.text)
        self.place = place
        self.retry_seconds = retry_seconds

    @property
    def severity(self) -> str:
        """`TransientError` when there is a time to come back, else `Hard`."""
        return TRANSIENT if self.retry_seconds else HARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One subscription request: a name alone asks for its unread files (**uncertain**)."""

    name: str
    begin_at: datetime | None
    end_at: datetime | None
    file_names: frozenset[str]

    @property
    def is_unread(self) -> bool:
        """Neither a period nor files are named."""
        return self.begin_at is None and not self.file_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A whole request; without subscription requests it asks for everything unread."""

    wanted: tuple[Wanted, ...]
    bookmark: str
    fingerprint: str
    """Equal for the same question with another bookmark or context."""


def read_question(document: Node, *, form: str, now: datetime) -> Question:
    """The request, or a refusal. `form` tells which shape of lists is taken."""
    if document.child("Request").text("RequestAction") != REQUEST_ACTION:
        raise ViewRefusal(WRONG_ACTION, place="RequestAction")
    if len(document.child("Request", "TransactionReference").text("CustomerContext")) > MAX_CONTEXT:
        raise UpsRefusal("20012", "The customer context is too long")
    _check_form(document, form=form)
    asked = document.children("SubscriptionRequest")
    wanted = tuple(_read_wanted(each, now=now) for each in asked)
    bookmarks = [document.text("Bookmark"), *(each.text("Bookmark") for each in asked)]
    return Question(
        wanted=wanted,
        bookmark=next((each for each in bookmarks if each), ""),
        fingerprint=_fingerprint(asked),
    )


def _check_form(document: Node, *, form: str) -> None:
    """The schema says lists, UPS's examples have single objects; which one is taken is a setting (ups.md 11)."""
    is_list = document.is_list("SubscriptionRequest")
    if document.has("SubscriptionRequest") and form != "any" and is_list != (form == "lists"):
        raise UpsRefusal("10002", "The document is invalid: SubscriptionRequest has the wrong form.")


def _read_wanted(asked: Node, *, now: datetime) -> Wanted:
    name = asked.text("Name")
    file_names = frozenset(asked.texts("FileName"))
    period = asked.child("DateTimeRange")
    if len(name) > MAX_NAME or any(not each or len(each) > MAX_FILE_NAME for each in file_names):
        raise ViewRefusal(WRONG_SUBSCRIPTION, place="SubscriptionRequest")
    if not (name or file_names) or (file_names and period):
        raise ViewRefusal(WRONG_SUBSCRIPTION, place="SubscriptionRequest")
    begin_at, end_at = _read_period(period, now=now) if asked.has("DateTimeRange") else (None, None)
    return Wanted(name=name, begin_at=begin_at, end_at=end_at, file_names=file_names)


def _read_period(period: Node, *, now: datetime) -> tuple[datetime, datetime]:
    begin_at = _read_moment(period.text("BeginDateTime"))
    if begin_at < now - SPAN:
        raise ViewRefusal(TOO_OLD, place="BeginDateTime")
    end = period.text("EndDateTime")
    end_at = _read_moment(end) if end else begin_at + SPAN
    if not begin_at <= end_at <= begin_at + SPAN:
        raise ViewRefusal(WRONG_PERIOD, place="EndDateTime")
    return begin_at, end_at


def _read_moment(text: str) -> datetime:
    """14 digits, taken as UTC: the stricter reading for callers who think in local time."""
    if len(text) != len("YYYYMMDDHHmmss"):
        raise ViewRefusal(WRONG_PERIOD, place="DateTimeRange")
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as err:
        raise ViewRefusal(WRONG_PERIOD, place="DateTimeRange") from err


def _fingerprint(asked: list[Node]) -> str:
    plain = [
        {
            "name": each.text("Name"),
            "files": each.texts("FileName"),
            "begin": each.child("DateTimeRange").text("BeginDateTime"),
            "end": each.child("DateTimeRange").text("EndDateTime"),
        }
        for each in asked
    ]
    return orjson.dumps(plain).decode()
