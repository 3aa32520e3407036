"""Every shipment that was made, found by number or by reference."""

import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.ups.labels.facts import LabelFacts
from sandbox.ups.numbers import SERIALS


@dataclass(slots=True, kw_only=True)
class Parcel:
    """One package with its own 1Z number."""

    tracking_number: str
    label: LabelFacts
    weight: str
    voided_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Shipment:
    """A shipment; its number is that of the first parcel (ups.md 5.11)."""

    number: str
    client_id: str
    shipper_number: str
    origin: str
    destination: str
    receiver: str
    receiver_place: str
    receiver_postal_code: str
    service: str
    service_name: str
    references: tuple[str, ...]
    label_format: str
    has_invoice: bool
    is_return: bool
    total: str
    context: str
    created_at: datetime
    parcels: list[Parcel]
    shipper_name: str = ""
    shipper_place: str = ""
    shipper_state: str = ""
    receiver_state: str = ""
    coded_references: tuple[tuple[str, str], ...] = ()
    """Code and value of each reference."""

    @property
    def is_voided(self) -> bool:
        """Whether no parcel of it is left."""
        return all(parcel.voided_at for parcel in self.parcels)

    @property
    def crosses_border(self) -> bool:
        """Two different countries."""
        return self.origin != self.destination

    def find_parcel(self, tracking_number: str) -> Parcel | None:
        """The parcel of that number."""
        return next((parcel for parcel in self.parcels if parcel.tracking_number == tracking_number), None)

    def as_json(self) -> dict[str, object]:
        """As shown by the control routes."""
        return {
            "number": self.number,
            "client_id": self.client_id,
            "shipper_number": self.shipper_number,
            "origin": self.origin,
            "destination": self.destination,
            "receiver": self.receiver,
            "receiver_place": self.receiver_place,
            "service": self.service,
            "service_name": self.service_name,
            "references": list(self.references),
            "label_format": self.label_format,
            "total": self.total,
            "context": self.context,
            "created_at": self.created_at.isoformat(),
            "voided": self.is_voided,
            "parcels": [
                {
                    "tracking_number": parcel.tracking_number,
                    "weight": parcel.weight,
                    "voided_at": parcel.voided_at.isoformat() if parcel.voided_at else None,
                }
                for parcel in self.parcels
            ],
        }


@dataclass(slots=True)
class ShipmentStore:
    """Shipments in the order they were made; shared by every API that knows about parcels.

    Serials start at a random place, so that a restarted stand-in does not hand out the numbers of its former life.
    """

    next_serial: int = field(default_factory=lambda: secrets.randbelow(SERIALS))
    _by_number: dict[str, Shipment] = field(default_factory=dict)
    _by_tracking_number: dict[str, Shipment] = field(default_factory=dict)
    _by_reference: defaultdict[tuple[str, str], list[Shipment]] = field(default_factory=lambda: defaultdict(list))

    def take_serial(self) -> int:
        """The next serial for a 1Z number."""
        serial = self.next_serial
        self.next_serial = (serial + 1) % SERIALS
        return serial

    def add(self, shipment: Shipment) -> None:
        """Keep a shipment and make it findable."""
        self._by_number[shipment.number] = shipment
        for parcel in shipment.parcels:
            self._by_tracking_number[parcel.tracking_number] = shipment
        for value in set(shipment.references):
            self._by_reference[shipment.shipper_number, value].append(shipment)

    def find(self, number: str) -> Shipment | None:
        """By shipment number or by the number of any of its parcels."""
        return self._by_number.get(number) or self._by_tracking_number.get(number)

    def with_reference(self, value: str, *, shipper_number: str) -> list[Shipment]:
        """Every shipment of this account that carries the reference."""
        return list(self._by_reference.get((shipper_number, value), []))

    def all(self) -> list[Shipment]:
        """Every shipment, oldest first."""
        return list(self._by_number.values())

    def clear(self) -> None:
        """Forget everything; serials go on."""
        self._by_number.clear()
        self._by_tracking_number.clear()
        self._by_reference.clear()
