"""What may wait for a person on the page "To do", in the order in which it is urgent."""

import uuid
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from connector_site.lib.wording import said


class SubjectKind(StrEnum):
    """What the code of a thing on the list is the code of; a company is a connection to Exact Online."""

    DELIVERY = "delivery"
    COMPANY = "company"
    ACCOUNT = "account"
    ALARM = "alarm"


class Kind(StrEnum):
    """The choices of the filter."""

    CONNECTION = "connection"
    REVIEW = "review"
    HOLD = "hold"
    APPROVAL = "approval"
    EXCEPTION = "exception"
    DOUBT = "doubt"
    PROOF = "proof"
    HELD = "held"


class Rank(IntEnum):
    """How the database names a kind. Of a delivery that waits for several reasons the lowest counts."""

    STOPPED = 0
    REVIEW = 1
    HOLD = 2
    APPROVAL = 3
    EXCEPTION = 4
    DOUBT = 5
    PROOF = 6
    HELD = 7
    TROUBLE = 8


URGENT_BELOW = Rank.HOLD
"""A connection without which nothing is shipped, and a decision about money, come before everything else."""
KIND_OF: dict[Rank, Kind] = {
    Rank.STOPPED: Kind.CONNECTION,
    Rank.REVIEW: Kind.REVIEW,
    Rank.HOLD: Kind.HOLD,
    Rank.APPROVAL: Kind.APPROVAL,
    Rank.EXCEPTION: Kind.EXCEPTION,
    Rank.DOUBT: Kind.DOUBT,
    Rank.PROOF: Kind.PROOF,
    Rank.HELD: Kind.HELD,
    Rank.TROUBLE: Kind.CONNECTION,
}
WORDS: dict[Kind, str] = {
    Kind.CONNECTION: said("Connections"),
    Kind.REVIEW: said("Decisions"),
    Kind.HOLD: said("To fix"),
    Kind.APPROVAL: said("Approvals"),
    Kind.EXCEPTION: said("Trouble on the way"),
    Kind.DOUBT: said("UPS outcome unknown"),
    Kind.PROOF: said("Proofs not filed"),
    Kind.HELD: said("Stopped by a colleague"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a line of the list is about."""

    kind: SubjectKind
    code: uuid.UUID

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"


def subject_of(text: str) -> Subject | None:
    """What `str` of a subject gave; None for anything else."""
    kind, _colon, code = text.partition(":")
    try:
        return Subject(SubjectKind(kind), uuid.UUID(code))
    except ValueError:
        return None
