"""Quantum View: what to ask and what the answers say (`ups.md` 11)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from ups.events import ParcelEvent


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
class ManifestFact:
    """A parcel that was really shipped: the witness when a ship call's answer was lost."""

    tracking_number: str
    shipper_number: str
    references: tuple[str, ...]
    shipped_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewFile:
    """One file of a subscription; `fingerprint` is the same however often the file is read."""

    name: str
    subscription: str
    fingerprint: str
    events: tuple[ParcelEvent, ...]
    manifests: tuple[ManifestFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewAnswer:
    """One page of files; repeat the same request with `bookmark` until there is none."""

    files: tuple[ViewFile, ...] = ()
    bookmark: str = ""
    problem: ViewProblem | None = None


def events_request(*, name: str, begins_at: datetime, bookmark: str = "", context: str) -> dict[str, Any]:
    """The body that asks for a named subscription's events since a moment; UPS ends the period after seven days."""
    raise NotImplementedError(name, begins_at, bookmark, context)


def read_view(body: bytes) -> ViewAnswer:
    """The files in a 2xx answer; raises `UpsUnexpectedReply` when it cannot be read."""
    raise NotImplementedError(body)
