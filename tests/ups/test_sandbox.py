"""The whole way against the UPS stand-in over HTTP: ship, lose the answer, find, void."""

import hashlib
import time
from decimal import Decimal
from typing import Any

import pytest

from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.references import new_shipment_reference
from tenants.context import tenant_context
from tests.ups.conftest import UpsSandbox
from tests.ups.makers import make_party, make_spec
from ups.access import open_client
from ups.accounts import shipper_of
from ups.answers import RecoveryState
from ups.client import UpsClient
from ups.errors import UpsOutcomeUnknown, UpsRejected, UpsUnavailable
from ups.models import Account
from ups.shipping import LabelFormat, ParcelSpec, build_request


class Desk:
    """An open client, its calls, and shipments made for the account."""

    def __init__(self, account: Account) -> None:
        self.calls: list[OutsideCall] = []
        self.account = account
        self.client: UpsClient = open_client(account, observe=self.calls.append)
        self.reference = new_shipment_reference(account.environment)

    def body(self, destination: str = "NL", **changes: object) -> dict[str, Any]:
        spec = make_spec(
            "NL", destination, **{"shipper": shipper_of(self.account), "reference": self.reference, **changes}
        )
        return build_request(spec)


@pytest.fixture
def desk(account: Account) -> Desk:
    return Desk(account)


def shipments(ups_sandbox: UpsSandbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ups_sandbox.get("shipments")["shipments"]
    return found


@pytest.mark.parametrize(
    ("destination", "service", "label_format"),
    [
        ("NL", "11", LabelFormat.ZPL),
        ("DE", "11", LabelFormat.GIF),
        ("DE", "65", LabelFormat.PNG),
        ("FR", "07", LabelFormat.ZPL),
        ("PL", "54", LabelFormat.GIF),
    ],
)
def test_shipment_is_made_with_a_label_per_parcel(
    desk: Desk, ups_sandbox: UpsSandbox, destination: str, service: str, label_format: LabelFormat
) -> None:
    parcels = (ParcelSpec(weight=Decimal("2.5")), ParcelSpec(weight=Decimal("0.4")))

    answer = desk.client.ship(desk.body(destination, service_code=service, label_format=label_format, parcels=parcels))

    assert len(answer.parcels) == 2
    assert answer.ups_shipment_id == answer.parcels[0].tracking_number
    assert {parcel.image_format for parcel in answer.parcels} == {label_format.value}
    assert answer.charge is not None
    assert answer.currency == "EUR"
    assert [call.operation for call in desk.calls] == ["token", "ship"]
    (made,) = shipments(ups_sandbox)
    assert desk.reference in repr(made)


def test_second_client_with_the_row_read_again_needs_no_token_call(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    desk.client.ship(desk.body())
    with tenant_context(desk.account.tenant_id):
        desk.account.refresh_from_db()
    second = Desk(desk.account)

    second.client.ship(second.body())

    assert [call.operation for call in second.calls] == ["ship"]
    assert len(shipments(ups_sandbox)) == 2


def test_lost_answer_is_in_doubt_and_the_shipment_is_found_again(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    ups_sandbox.post("faults", path_regex="/ship$", action="reset_after", times=1)

    with pytest.raises(UpsOutcomeUnknown):
        desk.client.ship(desk.body(label_format=LabelFormat.ZPL))
    found = desk.client.recover_by_reference(desk.reference, label_format=LabelFormat.ZPL)

    assert found.state is RecoveryState.FOUND
    (made,) = shipments(ups_sandbox)
    assert found.ups_shipment_id in repr(made)
    assert found.parcels[0].image_format == "ZPL"


def test_shipment_that_never_arrived_is_not_found(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    ups_sandbox.post("faults", path_regex="/ship$", action="reset_before", times=1)

    with pytest.raises(UpsOutcomeUnknown):
        desk.client.ship(desk.body())

    assert desk.client.recover_by_reference(desk.reference).state is RecoveryState.NOT_FOUND
    assert shipments(ups_sandbox) == []


def test_recovered_label_is_the_label_of_the_shipment(desk: Desk) -> None:
    answer = desk.client.ship(desk.body(label_format=LabelFormat.ZPL))

    found = desk.client.recover_by_number(answer.ups_shipment_id, label_format=LabelFormat.ZPL)

    digests = [hashlib.sha256(part.content).hexdigest() for part in (answer.parcels[0], found.parcels[0])]
    assert digests[0] == digests[1]


@pytest.mark.parametrize("action", ["half_body", "html_200", "wrong_shape", "drop_label"])
def test_damaged_answers_are_in_doubt_or_read_right(desk: Desk, ups_sandbox: UpsSandbox, action: str) -> None:
    ups_sandbox.post("faults", path_regex="/ship$", action=action, times=1)

    try:
        number = desk.client.ship(desk.body()).ups_shipment_id
    except UpsOutcomeUnknown:
        number = desk.client.recover_by_reference(desk.reference).ups_shipment_id

    assert [made["number"] for made in shipments(ups_sandbox)] == ([number] if number else [])


def test_void_then_recovery_says_voided_and_voiding_again_is_fine(desk: Desk) -> None:
    answer = desk.client.ship(desk.body())

    assert desk.client.void(answer.ups_shipment_id).voided
    assert desk.client.recover_by_reference(desk.reference).state is RecoveryState.VOIDED
    assert desk.client.void(answer.ups_shipment_id).voided


def test_void_of_an_unknown_number_is_a_refusal_with_its_code(desk: Desk) -> None:
    answer = desk.client.void("1Z0000000000000000")

    assert (answer.voided, answer.code) == (False, "190102")


def test_refused_address_makes_no_shipment_and_names_the_field(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    body = desk.body()
    body["ShipmentRequest"]["Shipment"]["ShipTo"]["Address"]["AddressLine"] = ["L" * 36]

    with pytest.raises(UpsRejected) as caught:
        desk.client.ship(body)

    assert caught.value.field.startswith("ship_to")
    assert shipments(ups_sandbox) == []


def test_revoked_token_costs_one_renewal_and_no_second_shipment(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    desk.client.recover_by_reference(desk.reference)
    ups_sandbox.post(f"accounts/{desk.account.reveal_client_id()}/revoke")

    with pytest.raises(UpsUnavailable):
        desk.client.ship(desk.body())
    desk.client.ship(desk.body())

    assert len(shipments(ups_sandbox)) == 1
    assert [call.operation for call in desk.calls] == ["token", "recover", "ship", "token", "recover", "ship"]


def test_token_that_ended_by_the_clock_of_ups_is_renewed(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    desk.client.recover_by_reference(desk.reference)
    ups_sandbox.post("clock", advance_seconds=4000)

    assert desk.client.recover_by_reference(desk.reference).state is RecoveryState.NOT_FOUND
    assert [call.operation for call in desk.calls] == ["token", "recover", "recover", "token", "recover"]


def test_every_lane_within_the_european_union_is_accepted(desk: Desk, ups_sandbox: UpsSandbox) -> None:
    for destination in ("BE", "DE", "FR", "ES", "IT", "PL", "IE"):
        desk.client.ship(desk.body(destination, reference=new_shipment_reference("test")))

    assert len(shipments(ups_sandbox)) == 7


def test_hundred_parcels_stay_within_the_time_of_a_call(desk: Desk) -> None:
    started = time.monotonic()

    answer = desk.client.ship(desk.body(parcels=(ParcelSpec(weight=Decimal(1)),) * 100))

    assert len({parcel.tracking_number for parcel in answer.parcels}) == 100
    assert time.monotonic() - started < 30


def test_american_shipment_carries_its_reference_on_the_parcels(account: Account, ups_sandbox: UpsSandbox) -> None:
    ups_sandbox.post(
        "accounts",
        client_id=account.reveal_client_id(),
        client_secret="secret-of-the-tenant",
        shipper_number="X9Y8Z7",
        country="US",
    )
    desk = Desk(account)
    spec = make_spec("US", "US", shipper=make_party("US"), shipper_number="X9Y8Z7", reference=desk.reference)

    desk.client.ship(build_request(spec))

    found = desk.client.recover_by_reference(desk.reference, shipper_number="X9Y8Z7")
    assert found.state is RecoveryState.FOUND
