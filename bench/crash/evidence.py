"""What the stand-ins saw, in the words of the judge; and from our own database only what they cannot know."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_DIVISION = re.compile(r"/api/v1/(\d+)/")
_DELIVERY = re.compile(r"GoodsDeliveries\(guid'([0-9a-f-]{36})'\)", re.IGNORECASE)
UNIQUE_CODE = "TN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A goods delivery that somebody booked in Exact. UPS knows it by its account and its order number."""

    entry_id: str
    division: int
    delivery_number: int
    order_number: int
    shipper_number: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A shipment in UPS's own books."""

    number: str
    shipper_number: str
    order_number: int
    live_parcels: frozenset[str]
    at: datetime

    @property
    def is_live(self) -> bool:
        """Whether the customer pays for it."""
        return bool(self.live_parcels)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactCall:
    """A call that Exact counted or refused."""

    division: int | None
    at: datetime
    ended_at: datetime
    operation: str
    status: int | None
    fault: str
    entry_id: str
    tracking: str
    """What a write says the tracking number is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCall:
    """A use of a refresh token, known by its fingerprint, and when it was answered."""

    token: str
    status: int | None
    at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the product itself shows a delivery."""

    state: str
    problems: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything that the judge looks at."""

    booked: list[Booked] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    shown_in_exact: dict[str, str] = field(default_factory=dict)
    """Tracking number by delivery."""
    told_in_exact: dict[str, str] = field(default_factory=dict)
    """Remarks by delivery."""
    references_sent: list[str] = field(default_factory=list)
    exact_calls: list[ExactCall] = field(default_factory=list)
    token_calls: list[TokenCall] = field(default_factory=list)
    standings: dict[str, Standing] = field(default_factory=dict)
    known_shipments: frozenset[str] = frozenset()
    """Numbers of shipments at UPS that our own rows name."""
    travelling: set[str] = field(default_factory=set)
    """Deliveries whose parcels were sent on their way."""
    kills_at: list[datetime] = field(default_factory=list)


def read_exact_call(row: Mapping[str, Any]) -> ExactCall:
    """An entry of the Exact stand-in's call log."""
    at = datetime.fromisoformat(row["at"])
    division, delivery = _DIVISION.search(row["path"]), _DELIVERY.search(row["path"])
    body = row["request_body"] if row["method"] == "PUT" else None
    return ExactCall(
        division=int(division[1]) if division else None,
        at=at,
        ended_at=at + timedelta(milliseconds=row["duration_ms"]),
        operation=row["operation"],
        status=row["status"],
        fault=row["fault"],
        entry_id=delivery[1].lower() if delivery else "",
        tracking=str(body.get("TrackingNumber") or "") if isinstance(body, Mapping) else "",
    )


def read_token_call(row: Mapping[str, Any]) -> TokenCall | None:
    """A renewal in the same log; None for another call."""
    body = row["request_body"]
    if row["operation"] != "oauth.token" or not isinstance(body, Mapping) or not body.get("refresh_token"):
        return None
    at = datetime.fromisoformat(row["at"])
    ended_at = at + timedelta(milliseconds=row["duration_ms"])
    return TokenCall(token=str(body["refresh_token"]), status=row["status"], at=at, ended_at=ended_at)


def read_references(row: Mapping[str, Any]) -> set[str]:
    """The unique references of a ship call in the UPS stand-in's call log."""
    body = row["request_body"]
    shipment = body.get("ShipmentRequest", {}).get("Shipment", {}) if isinstance(body, Mapping) else {}
    packages = shipment.get("Package", [])
    bearers = [shipment, *(packages if isinstance(packages, list) else [packages])]
    found: set[str] = set()
    for bearer in bearers:
        listed = bearer.get("ReferenceNumber", [])
        for reference in listed if isinstance(listed, list) else [listed]:
            if reference.get("Code") == UNIQUE_CODE:
                found.add(str(reference["Value"]))
    return found


def read_made(row: Mapping[str, Any]) -> Made:
    """A shipment as the UPS stand-in shows it; the customer's own number is the reference that is all digits."""
    own = next((text for text in row["references"] if text.isdecimal()), "0")
    return Made(
        number=row["number"],
        shipper_number=row["shipper_number"],
        order_number=int(own),
        live_parcels=frozenset(each["tracking_number"] for each in row["parcels"] if not each["voided_at"]),
        at=datetime.fromisoformat(row["created_at"]),
    )
