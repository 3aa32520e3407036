"""Tracking, Track Alert and Quantum View against the UPS stand-in over HTTP."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from connector_site.lib.outside_calls import OutsideCall
from tenants.context import tenant_context
from tests.ups.conftest import UpsSandbox
from tests.ups.makers import make_spec
from ups import subscribing
from ups.access import open_client, open_tracking_client
from ups.accounts import shipper_of
from ups.alerts import choose_version
from ups.errors import UpsProductMissing
from ups.events import Milestone
from ups.models import Account
from ups.products import check_products
from ups.quantum_view import events_request, read_view
from ups.shipping import build_request
from ups.subscribing import Outcome, subscribe_due

UNKNOWN_NUMBER = "1ZZZZZZZ6800000016"
BAD_NUMBER = "1Z1234567$8"


class Desk:
    """An account with a parcel on its way, and the calls made for it."""

    def __init__(self, account: Account) -> None:
        self.calls: list[OutsideCall] = []
        self.account = account
        spec = make_spec("NL", "DE", shipper=shipper_of(account))
        shipment = open_client(account, observe=self.calls.append).ship(build_request(spec))
        self.number = shipment.parcels[0].tracking_number
        self.client = open_tracking_client(account, observe=self.calls.append)

    def token_calls(self) -> int:
        return len([call for call in self.calls if call.operation == "token"])


@pytest.fixture
def desk(account: Account) -> Desk:
    return Desk(account)


def travel(ups_sandbox: UpsSandbox, number: str) -> None:
    """Let the parcel arrive; its token ends on the way."""
    ups_sandbox.post(f"parcels/{number}/travel", script="normal")
    ups_sandbox.post("clock", advance_seconds=timedelta(days=6).total_seconds())


def test_parcel_is_tracked_to_its_delivery_whatever_becomes_of_the_token(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    travel(ups_sandbox, desk.number)

    found = desk.client.track(desk.number)

    (parcel,) = found.parcels
    assert parcel.tracking_number == desk.number
    assert parcel.events[0].milestone is Milestone.DELIVERED
    assert desk.token_calls() == 2


def test_number_without_information_is_not_found(desk: Desk) -> None:
    assert not desk.client.track(UNKNOWN_NUMBER).found


@pytest.mark.parametrize("version", [Account.AlertVersion.V1, Account.AlertVersion.V2])
def test_subscription_stands_at_ups_for_fourteen_days(
    desk: Desk, ups_sandbox: UpsSandbox, version: str, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://connector.example.com"
    at = timezone.now()
    choose_version(desk.account, version, at=at)
    with tenant_context(desk.account.tenant_id):
        subscribing.want(desk.account.tenant_id, desk.account.pk, [desk.number, BAD_NUMBER], at=at)

    outcome = subscribe_due(desk.account, desk.client, at=at)

    assert outcome.active == (desk.number,)
    assert [number for number, _ in outcome.refused] == [BAD_NUMBER]
    (kept,) = ups_sandbox.get("subscriptions")["subscriptions"]
    assert (kept["tracking_number"], kept["version"]) == (desk.number, version)


@pytest.mark.parametrize("status", [401, 403])
def test_missing_products_stop_neither_the_account_nor_spend_its_tokens(
    desk: Desk, ups_sandbox: UpsSandbox, status: int
) -> None:
    ups_sandbox.post("settings", missing_product_status=status)
    account = desk.account
    ups_sandbox.post(
        "accounts",
        client_id=account.reveal_client_id(),
        client_secret=account.open_client_secret().reveal(),
        shipper_number=account.shipper_number,
        country="NL",
        products=["shipping"],
    )
    before = desk.token_calls()

    with pytest.raises(UpsProductMissing, match="product Tracking"):
        desk.client.track(desk.number)
    with tenant_context(account.tenant_id):
        subscribing.want(account.tenant_id, account.pk, [desk.number], at=timezone.now() - timedelta(seconds=1))
    outcome = subscribe_due(account, desk.client, at=timezone.now())

    assert outcome == Outcome(postponed=((desk.number, account.alert_problem),))
    assert "product Track Alert" in account.alert_problem
    assert desk.token_calls() == before
    assert account.stopped_at is None


def test_check_that_finds_all_well_lets_waiting_parcels_try_again(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    account, at = desk.account, timezone.now()
    choose_version(account, Account.AlertVersion.V2, at=at)
    with tenant_context(account.tenant_id):
        subscribing.want(account.tenant_id, account.pk, [desk.number], at=at)
    ups_sandbox.post("settings", alert_forget_numbers=desk.number)
    assert subscribe_due(account, desk.client, at=at).postponed
    ups_sandbox.post("settings", alert_forget_numbers="")

    assert check_products(account).ok

    assert subscribe_due(account, desk.client, at=timezone.now()).active == (desk.number,)


def test_revoked_token_is_replaced(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    before = desk.token_calls()
    ups_sandbox.post(f"accounts/{desk.account.reveal_client_id()}/revoke")

    assert not desk.client.track(UNKNOWN_NUMBER).found
    assert desk.token_calls() == before + 1


def test_quantum_view_tells_of_the_parcel_by_the_name_of_the_subscription(
    account: Account, ups_sandbox: UpsSandbox
) -> None:
    ups_sandbox.post("view-subscriptions", shipper_number=account.shipper_number, name="OutboundNL")
    begins_at = datetime.fromisoformat(ups_sandbox.get("clock")["now"])
    desk = Desk(account)
    travel(ups_sandbox, desk.number)
    body = events_request(name="OutboundNL", begins_at=begins_at, context="qv-1")

    answer = read_view(desk.client.quantum_view(body))

    assert answer.problem is None
    assert {event.tracking_number for file in answer.files for event in file.events} == {desk.number}
