"""A UPS that answers subscriptions by script, and the rows that come of it."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from connector_site.lib.http import new_session
from connector_site.lib.outside_calls import OutsideCall
from tenants.context import tenant_context
from tests.ups.makers import TokensInHand
from tests.ups.rawserver import RawServer, http_answer, raw_server
from tests.ups.wirebench import sent_json
from ups import subscribing
from ups.models import Account, AlertSubscription
from ups.subscribing import AlertStanding, Outcome, subscribe_due
from ups.tracking_client import TrackingClient

AT = datetime(2026, 10, 12, 9, 30, tzinfo=UTC)
NOW = AT.replace(minute=45)
State = AlertSubscription.State
A, B, C, D = (f"1ZA1B2C3680000{place:04}" for place in range(4))
TAKES_NO_NUMBER = "UPS does not take this number for Track Alert."
UNREACHABLE = "UPS cannot be reached at the moment."
MISSING = (
    "The API product Track Alert is not added to your app. Add it in the UPS developer portal (developer.ups.com)."
)


def lists(valid: Iterable[str] = (), invalid: Iterable[str] = ()) -> bytes:
    body = {"validTrackingNumbers": list(valid), "invalidTrackingNumbers": list(invalid)}
    return http_answer(200, json.dumps(body).encode())


def none_valid(*numbers: str) -> bytes:
    error = {"code": "VSS210", "message": "at least one valid tracking number is needed"}
    body = {"response": {"errors": [error]}, "invalidTrackingNumbers": list(numbers)}
    return http_answer(400, json.dumps(body).encode())


@contextmanager
def ups(*script: bytes | None) -> Iterator[tuple[TrackingClient, RawServer]]:
    """A client of a UPS that answers like this."""
    calls: list[OutsideCall] = []
    with raw_server(*script) as server:
        client = TrackingClient(
            new_session(), TokensInHand(), base_url=server.url, shipper_number="A1B2C3", observe=calls.append
        )
        yield client, server


def want(account: Account, *numbers: str, at: datetime = AT) -> None:
    with tenant_context(account.tenant_id):
        subscribing.want(account.tenant_id, account.pk, numbers, at=at)


def end(account: Account, *numbers: str) -> None:
    with tenant_context(account.tenant_id):
        subscribing.end(account.tenant_id, numbers)


def reopen(account: Account, *numbers: str, at: datetime = NOW) -> None:
    with tenant_context(account.tenant_id):
        subscribing.reopen(account.tenant_id, numbers, at=at)


def run(account: Account, *script: bytes | None, at: datetime = NOW) -> Outcome:
    with ups(*script) as (client, _):
        return subscribe_due(account, client, at=at)


def asked(server: RawServer) -> list[list[str]]:
    """The numbers of each call."""
    return [sent_json(request)["trackingNumberList"] for request in server.requests]


def row_of(account: Account, number: str = A) -> AlertSubscription:
    with tenant_context(account.tenant_id):
        return AlertSubscription.objects.get(tracking_number=number)


def standing(account: Account, number: str = A, *, at: datetime = NOW) -> AlertStanding:
    with tenant_context(account.tenant_id):
        return subscribing.standing_of(account.tenant_id, [number], at=at)[number]


def days(count: float) -> timedelta:
    return timedelta(days=count)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
