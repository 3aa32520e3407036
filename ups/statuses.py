"""What UPS's status codes mean (`ups.md` 9)."""

from dataclasses import dataclass
from enum import StrEnum

from ups.events import Milestone


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
"""Reasons after which the parcel does not come any more: lost, destroyed, seized, disposed of (`ups.md` 9.3, type X)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """A milestone, None where the parcel keeps the one it has, and the key of a `Reason` or nothing."""

    milestone: Milestone | None
    reason: str = ""


def classify(*, type: str, code: str, status_code: str, has_place: bool = False) -> Classification:  # noqa: A002
    """The milestone and reason of one event."""
    raise NotImplementedError(type, code, status_code, has_place)
