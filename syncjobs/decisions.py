"""What a person may decide about a delivery in review, what each decision does and costs, and carrying it out.

One function behind the page and every other door: under the lock of the delivery, with a reason, in the audit trail.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncjobs.models import Attempt, Delivery


class Decision(StrEnum):
    """What a person may say."""

    ADOPT = "adopt"
    NOT_MADE = "not_made"
    VOID = "void"
    VOID_AND_SHIP = "void_and_ship"
    KEEP = "keep"
    END = "end"
    SEEN = "seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One decision that is possible now, in words. `numbers` are offered where one must be named."""

    decision: Decision
    title: str
    effect: str
    cost: str
    numbers: tuple[str, ...] = ()
    needs_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is to be decided: about an attempt, or (None) about the delivery itself."""

    delivery: Delivery
    attempt: Attempt | None
    heading: str
    text: str
    options: tuple[Option, ...]


class NotPossible(Exception):
    """The decision cannot be taken as things stand; the message says why and what else to do."""


def cases(tenant_id: uuid.UUID, delivery: Delivery) -> list[Case]:
    """What waits for a decision at this delivery, each with its options; within the tenant's context."""
    raise NotImplementedError


def decide(
    *,
    actor: str,
    tenant_id: uuid.UUID,
    delivery_code: uuid.UUID,
    attempt_code: uuid.UUID | None,
    decision: Decision,
    reason: str,
    at: datetime,
    number: str = "",
) -> None:
    """Carry a decision out. Raises `Delivery.DoesNotExist` or `NotPossible`; then nothing has happened."""
    raise NotImplementedError
