"""The form of a script: planned activities and the truth that a reader of them must arrive at."""

from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    """Where on its way the parcel is."""

    ORIGIN_COUNTRY = "origin_country"
    """Only the country is told, as for label data."""
    ORIGIN = "origin"
    ORIGIN_HUB = "origin_hub"
    HUB = "hub"
    """In the country it goes to."""
    DESTINATION = "destination"
    RECEIVER = "receiver"
    ACCESS_POINT = "access_point"
    NOWHERE = "nowhere"
    """UPS tells no place."""


@dataclass(frozen=True, slots=True)
class Step:
    """One planned activity, `hours` after the start of the travel; codes and text as UPS sends them."""

    hours: float
    type: str
    code: str
    status_code: str
    description: str
    where: Where
    received_by: str = ""
    scheduled_hours: float | None = None
    """The delivery is now announced for the day of this hour."""
    known_hours: float | None = None
    """A scan that UPS tells only later than it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What happens to a parcel after its label was made."""

    name: str
    title: str
    steps: tuple[Step, ...]
    final_milestone: str
    """The truth: the canonical state at the end (ups.md 9)."""
    milestones: tuple[str, ...]
    """The truth: canonical states in the order they were passed, repetitions in a row left out."""
    final_reason: str = ""
    """The truth for a final exception: the group of its code (ups.md 9.3, X)."""
    hours_between_parcels: float = 0.0
    """Each further parcel of a shipment travels this much later."""

    @property
    def lasts_hours(self) -> float:
        """Until the last activity of the first parcel is known."""
        return max((step.known_hours or step.hours for step in self.steps), default=0.0)

    def as_json(self) -> dict[str, object]:
        """As shown by the control routes."""
        return {
            "name": self.name,
            "title": self.title,
            "lasts_hours": self.lasts_hours,
            "final_milestone": self.final_milestone,
            "final_reason": self.final_reason,
            "milestones": list(self.milestones),
            "activities": len(self.steps),
        }
