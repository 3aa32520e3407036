"""The answers UPS may give to a ship call (`reliability.md` 1.3), as orders for trouble, and the end each leads to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector_site.lib.outside_calls import ignore
from tests.crash.forks import Outcome, Trap
from tests.crash.oracle import End
from tests.crash.scene import Scene
from tests.standins import free_port, poll
from ups.access import open_client

PATIENCE_SECONDS = 0.2
STALL_SECONDS = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One class. `known` is where it leads when its outcome is committed, `unknown` when the worker dies before."""

    fault: Mapping[str, Any] = field(default_factory=dict)
    known: End = End.SHIPPED
    unknown: End = End.SHIPPED
    stopped: End | None = None
    """Where it leads when the account was stopped for it, but its outcome is not committed."""
    is_reached: bool = True
    """Whether UPS is there at all."""

    def arrange(self, scene: Scene) -> None:
        """Order the answer for the next ship call; the token is in hand by then."""
        open_client(scene.journey.account, observe=ignore).prepare()
        if self.fault:
            scene.trouble("/ship$", **self.fault)

    def meet(self, scene: Scene, trap: Trap | None = None) -> Outcome:
        """Let a worker meet it; a slow effect has landed afterwards, as it would in the minutes before the next."""
        nobody = f"http://127.0.0.1:{free_port()}"
        changed = {} if self.is_reached else {"UPS_BASE_URLS": {"test": nobody, "production": nobody}}
        outcome = scene.work(trap, constants=IMPATIENT if self._is_slow else None, **changed)
        if self._is_slow:
            assert poll(scene.journey.shipments_at_ups, seconds=5)
        return outcome

    def end(self, place: str = "") -> End:
        """Where a delivery ends whose worker is killed there, or is not killed at all."""
        if not place or place.startswith("B8"):
            return self.known
        return self.stopped if self.stopped and place.startswith("B7") else self.unknown

    @property
    def _is_slow(self) -> bool:
        return str(self.fault.get("action", "")).startswith("stall")


def error(code: str) -> dict[str, Any]:
    """A refusal in UPS's own shape (`ups.md` 4.3)."""
    return {"response": {"errors": [{"code": code, "message": "as scripted"}]}}


def status(status: int, body: object = None, *, after: bool = False) -> dict[str, Any]:
    """An order for an answer with this status and body, before or after the effect."""
    return {"action": "status", "status": status, "body": body, "after": after}


def shipment(numbers: list[str], *, status: str = "1") -> dict[str, Any]:
    """A 2xx body that names these parcels."""
    label = {"ImageFormat": {"Code": "GIF"}, "GraphicImage": "R0lGODlhAQABAAAAACw="}
    return {
        "ShipmentResponse": {
            "Response": {"ResponseStatus": {"Code": status, "Description": "as scripted"}},
            "ShipmentResults": {
                "ShipmentIdentificationNumber": numbers[0],
                "PackageResults": [{"TrackingNumber": number, "ShippingLabel": label} for number in numbers],
            },
        }
    }


_PLACEHOLDER = "1ZXXXXXXXXXXXXXXXX"
"""What UPS's test system answers (`reliability.md` 1.1)."""
VALID = "1Z999AA10123456784"
"""A number with a right check digit that no shipment of ours has."""
IMPATIENT = {"ups.client._TIMEOUTS": {"connect_seconds": 5.0, "read_seconds": PATIENCE_SECONDS, "total_seconds": 5.0}}
"""Constants of a worker that waits less long for UPS."""

CLASSES = {
    "a complete answer": Answer(),
    "a refused connection": Answer(is_reached=False),
    "429": Answer(fault=status(429, error("10429"))),
    "401": Answer(fault=status(401, error("250003"))),
    "400 in UPS's words": Answer(fault=status(400, error("120100")), known=End.HOLD),
    "403 in UPS's words": Answer(fault=status(403, error("10403")), known=End.HOLD, stopped=End.REVIEW),
    "404 in UPS's words": Answer(fault=status(404, error("120404")), known=End.HOLD),
    "400 without a body": Answer(fault=status(400)),
    "403 of a proxy": Answer(fault=status(403, "<html>Forbidden</html>")),
    "400 that UPS calls transient": Answer(fault=status(400, error("10004"))),
    "408": Answer(fault=status(408)),
    "409": Answer(fault=status(409, error("120409"))),
    "500 before the effect": Answer(fault=status(500, error("20001"))),
    "500 after the effect": Answer(fault=status(500, after=True)),
    "503 before the effect": Answer(fault=status(503, "<html>busy</html>")),
    "503 after the effect": Answer(fault=status(503, "<html>busy</html>", after=True)),
    "503 with 10429": Answer(fault=status(503, error("10429"))),
    "no answer in time, before the effect": Answer(fault={"action": "stall_before", "seconds": STALL_SECONDS}),
    "no answer in time, after the effect": Answer(fault={"action": "stall_after", "seconds": STALL_SECONDS}),
    "a reset before the effect": Answer(fault={"action": "reset_before"}),
    "a reset after the effect": Answer(fault={"action": "reset_after"}),
    "half a body": Answer(fault={"action": "half_body"}),
    "a web page before the effect": Answer(fault={"action": "html_200"}),
    "a web page after the effect": Answer(fault={"action": "html_200", "after": True}),
    "another shape": Answer(fault=status(200, {"answer": 42}, after=True)),
    "single objects for lists": Answer(fault={"action": "wrong_shape"}),
    "a status that is no success": Answer(fault=status(200, shipment([VALID], status="0"), after=True)),
    "the placeholder number": Answer(fault=status(200, shipment([_PLACEHOLDER])), known=End.REVIEW),
    "the placeholder number for a true shipment": Answer(fault=status(200, shipment([_PLACEHOLDER]), after=True)),
    "no number": Answer(fault=status(200, shipment([""]), after=True)),
    "a parcel too many": Answer(fault=status(200, shipment([VALID, VALID]), after=True)),
    "no label": Answer(fault={"action": "drop_label"}),
    "an effect after we gave up": Answer(fault={"action": "late_effect", "seconds": 300.0}),
    "an effect after the quiet time": Answer(
        fault={"action": "late_effect", "seconds": 2100.0}, known=End.TWIN_VOIDED, unknown=End.TWIN_VOIDED
    ),
}
