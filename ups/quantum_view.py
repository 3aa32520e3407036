"""Quantum View: what to ask and what the answers say (`ups.md` 11)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from connector_site.lib.wording import said
from ups.errors import UpsUnexpectedReply
from ups.event_payloads import QuantumViewResponse, ViewError, ViewFileContent, ViewHead, sent_object
from ups.events import ParcelEvent
from ups.payloads import WireError, read_errors
from ups.view_records import ManifestFact, file_events, file_manifests

__all__ = [
    "ManifestFact",
    "ProblemKind",
    "ViewAnswer",
    "ViewFile",
    "ViewProblem",
    "events_request",
    "is_unknown_name",
    "problem_in",
    "read_view",
]

RETRY_AFTER_SECONDS = 300
"""When UPS asks for a repeat without saying when (`ups.md` 11)."""
_SECONDS = re.compile(r"[0-9]{1,9}")
_LONGEST_RETRY_SECONDS = 24 * 60 * 60
_OPERATION = "quantum view"
_STAMP = "%Y%m%d%H%M%S"
_FAILED = "0"
_SUCCESS = "1"
_UNREADABLE = said("UPS's Quantum View answer cannot be read.")
_TRANSIENT = "transient"
_NO_NAME = re.compile(r"\bnames? do(?:es)? not exist\b", re.IGNORECASE)
_NO_FILES = re.compile(rf"\bno (?:\w+ ){{0,2}}(?:files?|data|events?)\b|{_NO_NAME.pattern}", re.IGNORECASE)
"""The only words of UPS that decide anything here, for want of a known code (`ups.md` 11, 18)."""


class ProblemKind(StrEnum):
    """What an answer without files means: nothing to do, ask later, or show it to the customer."""

    NOTHING_NEW = "nothing_new"
    TRANSIENT = "transient"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewProblem:
    """Why an answer holds no files, in UPS's code and words."""

    kind: ProblemKind
    code: str = ""
    text: str = ""
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewFile:
    """One file of a subscription; `fingerprint` stays the same however often the file is read."""

    name: str
    subscription: str
    fingerprint: str
    events: tuple[ParcelEvent, ...]
    manifests: tuple[ManifestFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewAnswer:
    """One page of files; repeat the same request with `bookmark` until there is none.

    A page without files and without a problem says that nothing is new.
    """

    files: tuple[ViewFile, ...] = ()
    bookmark: str = ""
    problem: ViewProblem | None = None


def events_request(*, name: str, begins_at: datetime, bookmark: str = "", context: str) -> dict[str, Any]:
    """The body that asks for a named subscription's events since a moment, whether they were read before or not.

    Without an end UPS takes seven days from the beginning. It does not say whose clock it reads the moment by: it is
    written in UTC, so the caller begins early enough.
    """
    begin = begins_at.astimezone(UTC).strftime(_STAMP)
    request: dict[str, Any] = {
        "Request": {"TransactionReference": {"CustomerContext": context}, "RequestAction": "QVEvents"},
        "SubscriptionRequest": [{"Name": name, "DateTimeRange": {"BeginDateTime": begin}}],
    }
    if bookmark:
        request["Bookmark"] = bookmark
    return {"QuantumViewRequest": request}


def read_view(body: bytes) -> ViewAnswer:
    """The files in a 2xx answer; raises `UpsUnexpectedReply` when it cannot be read."""
    parsed = sent_object(body)
    if parsed is None or not isinstance(parsed.get("QuantumViewResponse"), dict):
        errors = read_errors(body)
        if not errors:
            raise UpsUnexpectedReply(_UNREADABLE, operation=_OPERATION)
        return ViewAnswer(problem=problem_in(errors))
    answer = QuantumViewResponse.model_validate(parsed["QuantumViewResponse"])
    subscriptions, status = answer.quantum_view_events.subscription_events, answer.response.response_status_code
    if status == _FAILED:
        return ViewAnswer(problem=_problem(answer.response))
    if status != _SUCCESS and not subscriptions:
        raise UpsUnexpectedReply(_UNREADABLE, operation=_OPERATION)
    files = tuple(
        _file(raw, subscription.name) for subscription in subscriptions for raw in subscription.subscription_file
    )
    return ViewAnswer(files=files, bookmark=answer.bookmark)


def is_unknown_name(problem: ViewProblem) -> bool:
    """Whether UPS says that it has no such subscription; it may say so of one that holds nothing, too (`ups.md` 11)."""
    return _NO_NAME.search(problem.text) is not None


def problem_in(errors: tuple[WireError, ...]) -> ViewProblem:
    """What errors in the usual form mean, as they come with a 4xx: nothing new, or a refusal."""
    refusals = [error for error in errors if not _NO_FILES.search(error.message)]
    shown = (refusals or list(errors))[0]
    kind = ProblemKind.REFUSED if refusals else ProblemKind.NOTHING_NEW
    return ViewProblem(kind=kind, code=shown.code, text=shown.message)


def _file(raw: dict[str, Any], subscription: str) -> ViewFile:
    content = ViewFileContent.model_validate(raw)
    return ViewFile(
        name=content.file_name,
        subscription=subscription,
        fingerprint=_fingerprint(raw),
        events=file_events(content),
        manifests=file_manifests(content),
    )


def _fingerprint(raw: dict[str, Any]) -> str:
    """The file's content without its status, which turns from unread to read when it is fetched."""
    kept = {name: value for name, value in raw.items() if name != "StatusType"}
    return hashlib.sha256(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _problem(head: ViewHead) -> ViewProblem:
    transient = [error for error in head.error if error.error_severity.lower().startswith(_TRANSIENT)]
    if transient:
        return ViewProblem(
            kind=ProblemKind.TRANSIENT,
            code=transient[0].error_code,
            text=transient[0].error_description,
            retry_after_seconds=_retry_after(transient[0]),
        )
    if not head.error:
        return ViewProblem(kind=ProblemKind.REFUSED, text=head.response_status_description)
    return problem_in(tuple(WireError(code=error.error_code, message=error.error_description) for error in head.error))


def _retry_after(error: ViewError) -> int:
    text = error.minimum_retry_seconds
    seconds = int(text) if _SECONDS.fullmatch(text) else 0
    return min(seconds, _LONGEST_RETRY_SECONDS) or RETRY_AFTER_SECONDS
