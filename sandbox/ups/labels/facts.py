"""What stands on a label."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFacts:
    """The content of one label; the same facts always give the same bytes."""

    sender: tuple[str, ...]
    receiver: tuple[str, ...]
    service_name: str
    tracking_number: str
    place: int
    places: int
    weight: str
    shipped_on: str
    references: tuple[str, ...]
    description: str
    routing: str
