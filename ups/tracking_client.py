"""The UPS APIs that tell of parcels under way: Tracking, Track Alert, Quantum View. No rows.

An app may lack each of these products and still ship, so whatever they answer never stops the account.
Documented at https://developer.ups.com/api/reference (Tracking, UPSTrackAlert, QuantumView).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import orjson
import requests

from connector_site.lib.http import Reply, Timeouts
from connector_site.lib.outside_calls import Observer
from connector_site.lib.secrets import Secret
from connector_site.lib.wording import said
from ups.asking import Asker, TokenSource
from ups.errors import UpsRejected, UpsUnavailable
from ups.payloads import WireError, clean_text, json_object
from ups.recovery import harmless_question
from ups.tracking import TrackingAnswer, read_tracking
from ups.transport import Call
from ups.verdicts import BAD_REQUEST, NOT_FOUND, is_success, read_error

TRACK_VERSION = "v1"
ALERT_VERSION_WITH_DESTINATION = "v1"
ALERT_VERSION = "v2"
VIEW_VERSION = "v3"
"""`ups.md` 2; the second version of Track Alert knows the destination from the developer portal (`ups.md` 10.1)."""
ALERT_NUMBERS = 100
"""Tracking numbers in one Track Alert subscription; one more and all are refused (`ups.md` 10.2)."""
LOCALE = "en_US"
"""The only one Track Alert takes; Tracking then answers in the words of `ups.md` 9."""
CREDENTIAL_TYPE = "Bearer"
"""Free text (`ups.md` 10.2); this is what UPS's own example says."""
_TIMEOUTS = Timeouts(connect_seconds=5, read_seconds=45, total_seconds=60)
"""`reliability.md` 1.2; each of these calls may be repeated."""
_NO_INFORMATION = frozenset({"TW0001", "151018", "151044"})
"""No tracking information: today's warning (`ups.md` 8), and the old API's codes for the same as an error."""
NO_TEST_NUMBER = "VSS215"
"""The test system takes its own few numbers only (`ups.md` 10.2)."""
_NO_GOOD_NUMBER = frozenset({"VSS200", "VSS210", NO_TEST_NUMBER})
"""Refusals that are about the numbers and nothing else (`ups.md` 10.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the first version of Track Alert sends its events, and what it proves itself with."""

    url: str
    credential: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeAnswer:
    """The numbers UPS took and those it did not; one in neither list is not subscribed. `text` is UPS's reason."""

    valid: frozenset[str]
    invalid: frozenset[str]
    code: str = ""
    text: str = ""


class TrackingClient:
    """UPS's news of parcels as one shipper account gets them."""

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
        self._shipper_number = shipper_number

    def track(self, number: str) -> TrackingAnswer:
        """All that UPS tells of one parcel: GET /track/v1/details/{number}. Not found is an answer."""
        template = f"/api/track/{TRACK_VERSION}/details/"
        call = Call(
            operation="track",
            method="GET",
            path=template + quote(number, safe=""),
            route=f"{template}{{number}}",
            params={"locale": LOCALE},
        )
        return self._tracked(call)

    def track_reference(self, reference: str, *, shipped_since: date) -> TrackingAnswer:
        """The parcels that carry a reference of ours: GET /track/v1/reference/details/{reference} (`ups.md` 8).

        A second source: what it shows exists; that it shows nothing proves nothing.
        """
        template = f"/api/track/{TRACK_VERSION}/reference/details/"
        call = Call(
            operation="track",
            method="GET",
            path=template + quote(reference, safe=""),
            route=f"{template}{{reference}}",
            params={
                "locale": LOCALE,
                "shipperNum": self._shipper_number,
                "fromPickUpDate": shipped_since.strftime("%Y%m%d"),
            },
        )
        return self._tracked(call)

    def _tracked(self, call: Call) -> TrackingAnswer:
        reply = self._ask(call)
        if is_success(reply):
            return read_tracking(_readable(call, reply))
        error = read_error(call.operation, reply)
        if isinstance(error, UpsRejected) and (error.code in _NO_INFORMATION or reply.status == NOT_FOUND):
            return TrackingAnswer(found=False, warnings=(WireError(code=error.code, message=error.text),))
        raise error

    def subscribe(self, numbers: tuple[str, ...], *, destination: Destination | None) -> SubscribeAnswer:
        """Ask for the events of these parcels for 14 days: POST /track/{version}/subscription/standard/package.

        With a destination by the first version, without one by the second. Repeating is harmless; bad numbers are an
        answer, whether UPS took some of the others or none.
        """
        if len(numbers) > ALERT_NUMBERS:
            raise UpsRejected(
                said("UPS takes at most {number} parcels at once.", number=ALERT_NUMBERS), operation="subscribe"
            )
        version = ALERT_VERSION_WITH_DESTINATION if destination else ALERT_VERSION
        path = f"/api/track/{version}/subscription/standard/package"
        payload = orjson.dumps(_subscription(numbers, destination))
        call = Call(operation="subscribe", method="POST", path=path, route=path, payload=payload)
        reply = self._ask(call)
        if is_success(reply):
            lists = json_object(_readable(call, reply)) or {}
            return SubscribeAnswer(
                valid=_numbers(lists.get("validTrackingNumbers")), invalid=_numbers(lists.get("invalidTrackingNumbers"))
            )
        error = read_error(call.operation, reply)
        invalid = _numbers((json_object(reply.body) or {}).get("invalidTrackingNumbers"))
        if isinstance(error, UpsRejected) and reply.status == BAD_REQUEST and error.code in _NO_GOOD_NUMBER:
            every = invalid or frozenset(numbers)
            return SubscribeAnswer(valid=frozenset(), invalid=every, code=error.code, text=error.text)
        raise error

    def quantum_view(self, body: dict[str, Any]) -> bytes:
        """Read files of Quantum View: POST /quantumview/v3/events. The answer as it came, to be stored before use.

        Quantum View also tells of its errors in a 2xx: only failures of the call itself are raised.
        """
        path = f"/api/quantumview/{VIEW_VERSION}/events"
        call = Call(operation="quantum view", method="POST", path=path, route=path, payload=orjson.dumps(body))
        reply = self._ask(call)
        if is_success(reply):
            return reply.body
        raise read_error(call.operation, reply)

    def _ask(self, call: Call) -> Reply:
        return self._asker.ask_beside(call, witness=self._witness)


def _subscription(numbers: tuple[str, ...], destination: Destination | None) -> dict[str, Any]:
    body: dict[str, Any] = {"locale": LOCALE, "trackingNumberList": list(numbers)}
    if destination is not None:
        body["destination"] = {
            "url": destination.url,
            "credentialType": CREDENTIAL_TYPE,
            "credential": destination.credential.reveal(),
        }
    return body


def _readable(call: Call, reply: Reply) -> bytes:
    """The body of a success; one that is no JSON comes from a gateway, and asking again is harmless."""
    if json_object(reply.body) is None:
        message = said("UPS's answer cannot be read; asking again is harmless.")
        raise UpsUnavailable(message, operation=call.operation, status=reply.status)
    return reply.body


def _numbers(value: object) -> frozenset[str]:
    """The tracking numbers in a list, in a single text, or in nothing at all."""
    entries = value if isinstance(value, list) else [value]
    return frozenset(text for text in (clean_text(entry).upper() for entry in entries) if text)
