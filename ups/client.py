"""The UPS APIs, one method per endpoint: typed values in and out, one POST per call, no rows.

Documented at https://developer.ups.com/api/reference (Shipping). Hosts come from the settings, never from data.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import orjson
import requests

from connector_site.lib.http import AnswerLost, NeverSent, Reply, Timeouts, new_session
from connector_site.lib.outside_calls import Observer
from connector_site.lib.references import new_shipment_reference
from connector_site.lib.secrets import Secret
from connector_site.lib.wording import said
from ups.address_validation import NOT_ASKED, AddressAnswer, is_asked, read_validation, validation_call
from ups.answers import RecoveryAnswer, RecoveryState, ShipmentAnswer, VoidAnswer, read_answer, read_recovery, read_void
from ups.asking import Asker, TokenSource
from ups.errors import (
    UpsOutcomeUnknown,
    UpsRejected,
    UpsUnavailable,
    UpsUnexpectedReply,
)
from ups.limits import VOID_NUMBERS
from ups.rating import RatedShipment, rate_call, read_rate
from ups.recovery import harmless_question, recovery_call
from ups.services import LabelFormat
from ups.shipment_spec import PartySpec, ShipmentSpec
from ups.shipping import package_count, shipper_question
from ups.transport import Call
from ups.verdicts import UNAUTHORIZED, is_success, read_error, ship_error

SHIP_VERSION = "v2409"
"""The only current version of the ship and void calls (`ups.md` 2)."""
_TIMEOUTS = Timeouts(connect_seconds=5, read_seconds=45, total_seconds=60)
"""`reliability.md` 1.2 and 1.3."""
_ALREADY_VOIDED = "190117"
_SHIPPER_FAMILY = "1201"
_RECOVERY_CODES = {
    "9801031": RecoveryState.NOT_FOUND,
    "300007": RecoveryState.NOT_FOUND,
    "9801040": RecoveryState.VOIDED,
    "300033": RecoveryState.VOIDED,
    "300001": RecoveryState.SEVERAL,
    "300035": RecoveryState.SEVERAL,
    "300002": RecoveryState.WITHOUT_LABEL,
    "300003": RecoveryState.WITHOUT_LABEL,
    "300006": RecoveryState.WITHOUT_LABEL,
    "300032": RecoveryState.WITHOUT_LABEL,
    "300034": RecoveryState.WITHOUT_LABEL,
}
"""`ups.md` 7; both numberings of the same answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAnswer:
    """The outcome of a check that reached UPS's Shipping API with good credentials."""

    shipper_accepted: bool
    code: str
    message: str


class UpsClient:
    """UPS as one shipper account sees it."""

    def __init__(
        self,
        session: requests.Session,
        token_source: TokenSource,
        *,
        base_url: str,
        shipper_number: str,
        observe: Observer,
        has_new_token: bool = False,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._asker = Asker(session, token_source, base_url=base_url, observe=observe, timeouts=timeouts or _TIMEOUTS)
        self._witness = None if has_new_token else harmless_question(shipper_number)
        self._ready: Secret | None = None
        self.shipper_number = shipper_number

    def prepare(self) -> None:
        """Have a token in hand, so that nothing but the shipment itself stands between a decision and its sending."""
        self._ready = self._asker.token()

    def ship(self, body: dict[str, Any]) -> ShipmentAnswer:
        """Make a shipment: POST /shipments/v2409/ship, sent once, on a connection of its own.

        `UpsOutcomeUnknown` means it may exist; every other error proves that it does not. A refused token is replaced
        and tried with a harmless question, never with the shipment: a reference is sent in one POST only.
        """
        path = f"/api/shipments/{SHIP_VERSION}/ship"
        call = Call(operation="ship", method="POST", path=path, route=path, payload=orjson.dumps(body))
        expected_packages = package_count(body)
        token, self._ready = self._ready or self._asker.token(), None
        with new_session() as session:
            reply = self._send_shipment(session, call, token)
        if is_success(reply):
            return read_answer(reply.body, expected_packages)
        error = ship_error(reply)
        if reply.status == UNAUTHORIZED and error.nothing_happened:
            self._asker.ask_renewed(harmless_question(self.shipper_number), refused=token)
        raise self._asker.stopping(error)

    def void(self, shipment_id: str, tracking_numbers: tuple[str, ...] = ()) -> VoidAnswer:
        """Void a shipment, or only these parcels of it: DELETE /shipments/v2409/void/cancel/{id}. Repeating is safe.

        A refusal is an answer, not an error: UPS voids within a time it does not publish.
        """
        if len(tracking_numbers) > VOID_NUMBERS:
            raise UpsRejected(
                said("UPS voids at most {number} parcels at once.", number=VOID_NUMBERS), operation="void"
            )
        template = f"/api/shipments/{SHIP_VERSION}/void/cancel/"
        call = Call(
            operation="void",
            method="DELETE",
            path=template + quote(shipment_id, safe=""),
            route=f"{template}{{shipment}}",
            params=_void_params(tracking_numbers),
        )
        reply = self._asker.ask(call)
        if is_success(reply):
            answer = read_void(reply.body, tracking_numbers)
            if answer is None:
                message = said("UPS's answer to the void cannot be read; asking again is safe.")
                raise UpsUnavailable(message, operation="void", status=reply.status)
            return answer
        error = read_error("void", reply)
        if isinstance(error, UpsRejected):
            return VoidAnswer(voided=error.code == _ALREADY_VOIDED, code=error.code, text=error.text)
        raise self._asker.stopping(error)

    def recover_by_number(self, tracking_number: str, *, label_format: LabelFormat = LabelFormat.GIF) -> RecoveryAnswer:
        """Look for a shipment's labels by a tracking number: POST /labels/v1/recovery. Without side effects."""
        return self._recover({"TrackingNumber": tracking_number}, context=tracking_number, label_format=label_format)

    def recover_by_reference(
        self, reference: str, *, shipper_number: str = "", label_format: LabelFormat = LabelFormat.GIF
    ) -> RecoveryAnswer:
        """Look for a shipment by our reference and the account that was billed: POST /labels/v1/recovery."""
        values = {"ReferenceNumber": {"Value": reference}, "ShipperNumber": shipper_number or self.shipper_number}
        return self._recover({"ReferenceValues": values}, context=reference, label_format=label_format)

    def rate(self, spec: ShipmentSpec, *, collected_on: date | None = None) -> RatedShipment:
        """What this shipment would cost: POST /rating/v2409/Rate. Nothing is made, so repeating is safe.

        With a day of collection the answer also tells the day of arrival.
        """
        call = rate_call(spec, collected_on=collected_on)
        reply = self._asker.ask_beside(call, witness=self._witness)
        if is_success(reply):
            return read_rate(reply.body)
        raise read_error(call.operation, reply)

    def validate_address(self, party: PartySpec) -> AddressAnswer:
        """Whether UPS knows this address: POST /addressvalidation/v2/3; not asked outside US and Puerto Rico."""
        if not is_asked(party):
            return NOT_ASKED
        call = validation_call(party)
        reply = self._asker.ask_beside(call, witness=self._witness)
        if is_success(reply):
            return read_validation(reply.body)
        raise read_error(call.operation, reply)

    def probe(self, shipper: PartySpec | None) -> ProbeAnswer:
        """Check token, API product and shipper number without side effects.

        UPS knowing nothing under a reference never used (`9801031`) proves token and product, whatever the shipper
        number. For that, UPS is sent a shipment that cannot exist, with a shipper but no service, parcel or payer: it
        is refused, and only a refusal of the 1201 family is about the shipper (`ups.md` 18). Without a shipper
        nothing is asked about the number.
        """
        answer = self.recover_by_reference(new_shipment_reference("check"))
        if answer.state is not RecoveryState.NOT_FOUND:
            raise UpsUnexpectedReply(
                said("UPS found a shipment under a reference that was never used."), operation="recover"
            )
        if shipper is None:
            return ProbeAnswer(shipper_accepted=True, code="", message="")
        path = f"/api/shipments/{SHIP_VERSION}/ship"
        payload = orjson.dumps(shipper_question(shipper, self.shipper_number))
        reply = self._asker.ask(Call(operation="check shipper", method="POST", path=path, route=path, payload=payload))
        if is_success(reply):
            raise UpsUnexpectedReply(said("UPS accepted a shipment without parcels."), operation="check shipper")
        error = read_error("check shipper", reply)
        if not isinstance(error, UpsRejected):
            raise self._asker.stopping(error)
        accepted = not error.code.startswith(_SHIPPER_FAMILY)
        return ProbeAnswer(shipper_accepted=accepted, code=error.code, message=error.message)

    def _recover(self, what: dict[str, Any], *, context: str, label_format: LabelFormat) -> RecoveryAnswer:
        reply = self._asker.ask(recovery_call(what, context=context, label_format=label_format))
        if is_success(reply):
            return read_recovery(reply.body)
        error = read_error("recover", reply)
        state = _RECOVERY_CODES.get(error.code)
        if isinstance(error, UpsRejected) and state is not None:
            return RecoveryAnswer(state=state, code=error.code, text=error.text)
        raise self._asker.stopping(error)

    def _send_shipment(self, session: requests.Session, call: Call, token: Secret) -> Reply:
        try:
            return self._asker.send(session, call, token)
        except NeverSent as error:
            raise UpsUnavailable(said("UPS cannot be reached; nothing was sent."), operation=call.operation) from error
        except AnswerLost as error:
            message = said(
                "The shipment was sent and UPS's answer was lost. It may exist: UPS is asked before anything else."
            )
            raise UpsOutcomeUnknown(message, operation=call.operation) from error


def _void_params(tracking_numbers: tuple[str, ...]) -> dict[str, str] | None:
    """A bare number for one parcel, a JSON list for several, nothing for the whole shipment (`ups.md` 6)."""
    if not tracking_numbers:
        return None
    one = len(tracking_numbers) == 1
    return {"trackingnumber": tracking_numbers[0] if one else json.dumps(tracking_numbers, separators=(",", ":"))}
