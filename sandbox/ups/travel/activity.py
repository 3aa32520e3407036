"""What has happened to a parcel, in the facts that every API of UPS shapes in its own way."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sandbox.ups.travel.script import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A scan or an update. Times are whole seconds, as UPS tells them; one parcel never has two in one second."""

    id: str
    tracking_number: str
    happened_at: datetime
    """Aware UTC."""
    known_at: datetime
    """From here on UPS tells it; later than `happened_at` for late scans."""
    zone: ZoneInfo
    type: str
    code: str
    status_code: str
    description: str
    """With the blanks that UPS leaves at the end."""
    where: Where
    city: str
    state: str
    postal_code: str
    country: str
    received_by: str
    scheduled_date: date | None
    """The delivery date as announced at this moment."""
    announces_date: bool
    """Whether this activity changed that date."""

    @property
    def local_at(self) -> datetime:
        """With the offset of the place."""
        return self.happened_at.astimezone(self.zone)

    @property
    def is_delivery(self) -> bool:
        """Whether UPS says delivered; an access point drop and `out for delivery` are of type D too (ups.md 9)."""
        return self.type == "D" and self.status_code in DELIVERED_STATUS_CODES

    def as_json(self) -> dict[str, object]:
        """As shown by the control routes."""
        return {
            "id": self.id,
            "happened_at": self.happened_at.isoformat(),
            "known_at": self.known_at.isoformat(),
            "local_at": self.local_at.isoformat(),
            "type": self.type,
            "code": self.code,
            "status_code": self.status_code,
            "description": self.description,
            "where": self.where,
            "city": self.city,
            "state": self.state,
            "postal_code": self.postal_code,
            "country": self.country,
            "received_by": self.received_by,
            "scheduled_date": self.scheduled_date.isoformat() if self.scheduled_date else None,
        }


DELIVERED_STATUS_CODES = frozenset({"011", "026", "156"})
"""ups.md 9.2."""
