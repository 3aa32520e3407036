"""Every type of request that we send to UPS, as the stand-in saw it, against UPS's published specification."""

from collections.abc import Callable
from typing import Any

import pytest

from connector_site.lib.outside_calls import ignore
from tests.contracts import ups_spec
from tests.journey.conftest import Journey
from ups.access import open_client
from ups.client import UpsClient

pytestmark = pytest.mark.slow


def calls_of(journey: Journey, operation: str) -> list[dict[str, Any]]:
    """What the stand-in saw of one operation."""
    return journey.ups.calls(operation)


def after_shipping(journey: Journey, ask: Callable[[UpsClient, str], object], operation: str) -> dict[str, Any]:
    """Ship, ask UPS about the shipment, and return the call that this made."""
    journey.ship()
    number = journey.shipments_at_ups()[0]["number"]
    ask(open_client(journey.account, observe=ignore), number)
    return calls_of(journey, operation)[-1]


def problems_of(operation: ups_spec.Operation, call: dict[str, Any]) -> list[str]:
    """What the specification has against a call's query and headers."""
    return ups_spec.call_problems(operation, query=call["query"], headers=call["request_headers"])


def test_the_token_request_is_as_documented(journey: Journey) -> None:
    journey.ship()
    (call,) = calls_of(journey, "oauth_token")

    assert ups_spec.form_problems(ups_spec.TOKEN, call["request_body"]) == []
    assert problems_of(ups_spec.TOKEN, call) == []
    assert call["request_headers"]["authorization"] == "basic"


def test_the_ship_request_of_a_real_delivery_is_as_documented(journey: Journey) -> None:
    journey.ship()
    (call,) = calls_of(journey, "ship")

    assert ups_spec.request_problems(ups_spec.SHIP, call["request_body"]) == []
    assert problems_of(ups_spec.SHIP, call) == []


def test_a_void_of_parcels_is_as_documented(journey: Journey) -> None:
    call = after_shipping(journey, lambda client, number: client.void(number, (number,)), "void")

    assert call["request_body"] is None
    assert call["query"].startswith("trackingnumber=1Z")
    assert problems_of(ups_spec.VOID, call) == []


def test_a_label_recovery_is_as_documented(journey: Journey) -> None:
    call = after_shipping(journey, lambda client, number: client.recover_by_number(number), "recover_label")

    assert ups_spec.request_problems(ups_spec.RECOVER_LABEL, call["request_body"]) == []
    assert problems_of(ups_spec.RECOVER_LABEL, call) == []


def test_the_check_of_an_account_sends_no_field_that_ups_does_not_know(journey: Journey) -> None:
    assert journey.check_ups_account()

    call = calls_of(journey, "ship")[-1]
    specification = ups_spec.load(ups_spec.SHIP.file, with_lengths=True)
    assert specification.unknown_fields(ups_spec.body_pointer(ups_spec.SHIP), call["request_body"]) == []
    assert "Package" not in call["request_body"]["ShipmentRequest"]["Shipment"]


def test_the_token_exchange_with_exact_carries_exactly_the_fields_of_its_form(journey: Journey) -> None:
    exchanges = [call for call in journey.company.exact.calls("oauth.token") if call["status"] == 200]

    fields = {"grant_type", "code", "redirect_uri", "client_id", "client_secret"}
    assert [set(call["request_body"]) for call in exchanges[-1:]] == [fields]
