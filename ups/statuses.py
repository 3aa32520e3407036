"""What UPS's status codes mean (`ups.md` 9). The codes themselves stand in `data/statuses.toml`."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from ups.events import Milestone

_ON_THE_WAY = frozenset({"005", "010", "025", "039", "047", "087", "158", "159", "164", "165"})
"""Codes so general that the two characters beside them say more (`ups.md` 9.4, `GENERIC`)."""
_ORIGIN_SCAN = ("I", "OC")
_STATUS_CODES = "status_code"


class Reason(StrEnum):
    """Why a parcel is where it is, beside its milestone: the groups of UPS's codes (`ups.md` 9.2, 9.3)."""

    UNKNOWN = "unknown"
    RETURNED_FINAL = "returned_final"
    RETURN_IN_PROGRESS = "return_in_progress"
    WAITING_FOR_COLLECTION = "waiting_for_collection"
    COLLECTED = "collected"
    NEIGHBOUR = "neighbour"
    HOLD_REQUESTED = "hold_requested"
    NEVER_TENDERED = "never_tendered"
    TO_ACCESS_POINT = "to_access_point"
    DELIVERY_ATTEMPTED = "delivery_attempted"
    FINAL_ATTEMPT = "final_attempt"
    DELIVERY_PROBLEM = "delivery_problem"
    UNDELIVERABLE = "undeliverable"
    ACCESS_NEEDED = "access_needed"
    REFUSED = "refused"
    ADDRESS_PROBLEM = "address_problem"
    DELAY = "delay"
    DELAY_OR_ACTION = "delay_or_action"
    CUSTOMS = "customs"
    CUSTOMS_SENDER = "customs_sender"
    CUSTOMS_RECEIVER = "customs_receiver"
    CUSTOMS_AGENCY = "customs_agency"
    CUSTOMS_BROKER = "customs_broker"
    CUSTOMS_IN_PROGRESS = "customs_in_progress"
    PAPERS_INCOMPLETE = "papers_incomplete"
    DUTIES_TO_PAY = "duties_to_pay"
    DUTIES_PAID = "duties_paid"
    NOT_ALLOWED = "not_allowed"
    DAMAGE = "damage"
    LOST_AND_FOUND = "lost_and_found"
    LOST_OR_DESTROYED = "lost_or_destroyed"
    INVESTIGATION = "investigation"
    CHANGE_REQUEST = "change_request"
    HELD = "held"
    PICKUP_FAILED = "pickup_failed"
    PICKUP_VOIDED = "pickup_voided"
    REMARK = "remark"
    NUMBER_CHANGED = "number_changed"
    NEW_DATE = "new_date"
    NEW_TIME = "new_time"
    PHOTO = "photo"


TERMINAL_LOSS: frozenset[str] = frozenset({Reason.LOST_OR_DESTROYED})
"""Reasons after which the parcel does not come any more: lost, destroyed, seized, disposed of (`ups.md` 9.3, X)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """A milestone, None where the parcel keeps the one it has, and the key of a `Reason` or nothing."""

    milestone: Milestone | None
    reason: str = ""


_TYPES_THAT_SAY_ALL = {"MV": Milestone.VOIDED, "M": Milestone.LABEL_CREATED, "P": Milestone.PICKED_UP}
_UNLISTED = {
    "I": Milestone.IN_TRANSIT,
    "DO": Milestone.IN_TRANSIT,
    "DD": Milestone.IN_TRANSIT,
    "W": Milestone.IN_TRANSIT,
    "X": Milestone.EXCEPTION,
}
"""What a code that stands in no table means by its type; under D it means nothing."""
_TO_EXPLAIN = frozenset({Milestone.EXCEPTION, Milestone.UNKNOWN})


def padded_code(code: str) -> str:
    """Two characters in capitals: `0` is `00` (`ups.md` 9.3)."""
    code = code.strip().upper()
    return code.rjust(2, "0") if code else ""


def padded_status_code(code: str) -> str:
    """Three digits, nothing when it is no number of up to three digits."""
    code = code.strip()
    return code.rjust(3, "0") if len(code) in {1, 2, 3} and code.isascii() and code.isdigit() else ""


def classify(*, type: str, code: str, status_code: str, has_place: bool = False) -> Classification:  # noqa: A002
    """The milestone and reason of one event (`ups.md` 9.4); the same characters mean different things by type.

    `ups.md` 9.4 takes every code under D that is not listed for delivered. Here such a code is unknown, as is any other
    code that nobody has told us of, unless the three digits say it: a delivery is never guessed. An event that says
    nothing at all changes nothing.
    """
    code, status_code = padded_code(code), padded_status_code(status_code)
    if not (type or code or status_code):
        return Classification(milestone=None)
    three, two = _TABLE[_STATUS_CODES].get(status_code), _TABLE.get(type, {}).get(code)
    if (type, code) == _ORIGIN_SCAN and has_place:
        two = Classification(milestone=Milestone.IN_TRANSIT)
    specific = None if status_code in _ON_THE_WAY else three
    milestone = _milestone(type, two=two, three=three, specific=specific)
    return Classification(milestone=milestone, reason=_reason(milestone, (two, specific)))


def _milestone(
    kind: str, *, two: Classification | None, three: Classification | None, specific: Classification | None
) -> Milestone | None:
    if specific and specific.milestone:
        return specific.milestone
    if kind in _TYPES_THAT_SAY_ALL:
        return two.milestone if two else _TYPES_THAT_SAY_ALL[kind]
    if kind == "U" or specific:
        return None
    known = two or three
    return known.milestone if known else _UNLISTED.get(kind, Milestone.UNKNOWN)


def _reason(milestone: Milestone | None, sources: tuple[Classification | None, ...]) -> str:
    """What the sources that led to this milestone say; a loss goes before anything else."""
    reasons = [source.reason for source in sources if source and source.milestone == milestone and source.reason]
    losses = [reason for reason in reasons if reason in TERMINAL_LOSS]
    if losses or reasons:
        return (losses or reasons)[0]
    return Reason.UNKNOWN.value if milestone in _TO_EXPLAIN else ""


def _codes(text: str) -> Iterator[str]:
    """The codes of a group, ranges written out: `A5-A9` by the last character, `048-053` as numbers."""
    for word in text.split():
        first, dash, last = word.partition("-")
        if not dash:
            yield word
        elif first.isdigit():
            yield from (f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1))
        else:
            yield from (f"{first[:-1]}{chr(point)}" for point in range(ord(first[-1]), ord(last[-1]) + 1))


def _table() -> Mapping[str, Mapping[str, Classification]]:
    """What each code means, by type; the three digits stand under a name of their own."""
    text = resources.files(__package__).joinpath("data", "statuses.toml").read_text(encoding="utf-8")
    table: dict[str, dict[str, Classification]] = {}
    for kind, groups in tomllib.loads(text).items():
        width = 3 if kind == _STATUS_CODES else 2
        table[kind] = {code.rjust(width, "0"): _meaning(group) for group in groups for code in _codes(group["codes"])}
    return table


def _meaning(group: Mapping[str, Any]) -> Classification:
    milestone, reason = group.get("milestone"), group.get("reason")
    return Classification(
        milestone=Milestone(milestone) if milestone else None, reason=Reason(reason).value if reason else ""
    )


_TABLE = _table()
