"""One call to UPS over the wire, told to the observer whatever comes back."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from connector_site.lib.http import AnswerLost, NeverSent, Reply, Timeouts, send
from connector_site.lib.outside_calls import Observer, OutsideCall
from connector_site.lib.references import new_transaction_id
from ups.payloads import read_errors
from ups.verdicts import is_success

SOURCE = "ml-connector"
"""`transactionSrc`: the name of the calling system (`ups.md` 4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: its name, its address, the address as it is recorded, and what it carries."""

    operation: str
    method: str
    path: str
    route: str
    payload: bytes | None = None
    content_type: str = "application/json"
    params: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The host, and who is told of each call."""

    base_url: str
    observe: Observer

    def send(self, session: requests.Session, call: Call, *, authorization: str, timeouts: Timeouts) -> Reply:
        """Send once. Raises `NeverSent` or `AnswerLost`; every status is an answer."""
        transaction_id = new_transaction_id()
        headers = {
            "Authorization": authorization,
            "Accept": "application/json",
            "transId": transaction_id,
            "transactionSrc": SOURCE,
        }
        if call.payload is not None:
            headers["Content-Type"] = call.content_type
        at, started = datetime.now(UTC), time.monotonic()
        status: int | None = None
        error_code = ""
        try:
            reply = send(
                session,
                call.method,
                self.base_url + call.path,
                headers=headers,
                body=call.payload,
                params=call.params,
                timeouts=timeouts,
            )
            status, error_code = reply.status, _error_code(reply)
        except (NeverSent, AnswerLost) as error:
            error_code = type(error).__name__
            raise
        finally:
            self.observe(
                OutsideCall(
                    system="ups",
                    operation=call.operation,
                    method=call.method,
                    route=call.route,
                    at=at,
                    duration_ms=round((time.monotonic() - started) * 1000),
                    status=status,
                    error_code=error_code,
                    transaction_id=transaction_id,
                    request_hash=hashlib.sha256(call.payload).hexdigest() if call.payload else "",
                )
            )
        return reply


def _error_code(reply: Reply) -> str:
    if is_success(reply):
        return ""
    return next((error.code for error in read_errors(reply.body)), "")
