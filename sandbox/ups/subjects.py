"""What a call to UPS is about, for the storm: the customer's own number, which is the same at every run.

Our reference differs from call to call, so a question about it is traced to the request that first carried it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from aiohttp import web
from orjson import JSONDecodeError, loads

from sandbox.ups.shipments import Shipment
from sandbox.ups.state import UPS
from sandbox.ups.wire import Node

UNIQUE_CODE = "TN"
"""The slot of the reference that is new for each request (ups.md 5.8)."""


@dataclass(slots=True)
class Subjects:
    """Remembers which request a reference was first sent in."""

    _by_reference: dict[str, str] = field(default_factory=dict)

    def of_call(self, request: web.Request, body: bytes) -> str:
        """Shipper number and the customer's number, joined by a slash."""
        document = _document(body)
        if shipment := document.child("ShipmentRequest", "Shipment"):
            return self._of_shipment(shipment)
        if question := document.child("LabelRecoveryRequest"):
            reference = question.child("ReferenceValues", "ReferenceNumber").text("Value")
            return self._by_reference.get(reference) or _of_made(request, question.text("TrackingNumber"))
        return _of_made(request, request.match_info.get("number", ""))

    def _of_shipment(self, shipment: Node) -> str:
        references = list(_references(shipment))
        own = next((value for code, value in references if code != UNIQUE_CODE), "")
        subject = f"{shipment.child('Shipper').text('ShipperNumber')}/{own}"
        for code, value in references:
            if code == UNIQUE_CODE:
                self._by_reference[value] = subject
        return subject


def _document(body: bytes) -> Node:
    try:
        return Node(loads(body))
    except JSONDecodeError:
        return Node({})


def _references(shipment: Node) -> Iterator[tuple[str, str]]:
    """Code and value, of the shipment or of its packages."""
    for bearer in (shipment, *shipment.children("Package")):
        for reference in bearer.children("ReferenceNumber"):
            yield reference.text("Code"), reference.text("Value")


def _of_made(request: web.Request, number: str) -> str:
    made: Shipment | None = request.app[UPS].shipments.find(number)
    if made is None:
        return ""
    own = next((value for code, value in made.coded_references if code != UNIQUE_CODE), "")
    return f"{made.shipper_number}/{own}"
