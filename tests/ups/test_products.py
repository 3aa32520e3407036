"""What is found out about each API product of a customer's app, against the stand-in."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.conftest import UpsSandbox
from tests.ups.makers import make_details, make_party
from ups.accounts import AccountDetails, save_account
from ups.models import Account, ProductCheck
from ups.products import Part, check_products, checks_of
from ups.shipment_spec import PartySpec

NO_ADDRESS = PartySpec(name="", address_lines=(), city="", country="NL")
Known = Callable[..., Account]


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> None:
    """UPS pushes to https alone."""
    settings.PUBLIC_URL = "https://connector.example.com"


@pytest.fixture
def known(tenant: Tenant, ups_sandbox: UpsSandbox) -> Known:
    """An account whose app UPS knows, under `known` where that differs."""

    def make(details: AccountDetails | None = None, **known: object) -> Account:
        details = details or make_details()
        ups_sandbox.add_account(details, **known)
        return save_account(tenant.id, details)

    return make


def outcomes(account: Account) -> dict[str, str]:
    with tenant_context(account.tenant_id):
        return {check.product: check.outcome for check in checks_of(account)}


def problem_of(account: Account, product: str) -> str:
    with tenant_context(account.tenant_id):
        return ProductCheck.objects.get(account=account, product=product).problem


def test_each_product_has_its_line_and_nothing_is_made(known: Known, ups_sandbox: UpsSandbox) -> None:
    account = known()

    result = check_products(account)

    products = ["token", "shipping", "rating", "tracking", "track_alert"]
    assert outcomes(account) == dict.fromkeys(products, "good")
    assert result.is_complete
    assert ups_sandbox.get("shipments")["shipments"] == []
    assert [call["operation"] for call in ups_sandbox.calls()].count("rate") == 1


def test_every_missing_product_is_told_at_once_by_a_single_token_more(known: Known, ups_sandbox: UpsSandbox) -> None:
    account = known(products=["paperless"])

    result = check_products(account)

    missing = ["shipping", "rating", "tracking", "track_alert"]
    assert outcomes(account) == {"token": "good"} | dict.fromkeys(missing, "not_added")
    assert (result.part, [call["operation"] for call in ups_sandbox.calls()].count("oauth_token")) == (Part.PRODUCT, 2)


def test_a_product_that_came_is_good_and_one_that_is_not_asked_about_any_more_has_no_line(
    known: Known, ups_sandbox: UpsSandbox
) -> None:
    details = make_details()
    account = known(details, products=["shipping"])
    check_products(account, feed_name="Outbound")
    assert outcomes(account)["quantum_view"] == "not_added"
    ups_sandbox.add_account(details)

    check_products(account)

    assert set(outcomes(account).values()) == {"good"}
    assert "quantum_view" not in outcomes(account)


def test_a_price_proves_the_shipper_number_where_shipping_had_nothing_against_it(
    known: Known, ups_sandbox: UpsSandbox
) -> None:
    account = known()
    refusal = {"response": {"errors": [{"code": "110121", "message": "not registered"}]}}
    ups_sandbox.post("faults", path_regex="/api/rating/.*", action="status", status=400, body=refusal, times=1)

    result = check_products(account)

    assert (result.ok, result.part, result.code) == (False, Part.SHIPPER_NUMBER, "110121")
    assert result.message.startswith("UPS does not accept the shipper number A1B2C3")
    assert outcomes(account)["rating"] == "refused"


def test_list_prices_only_are_a_remark(known: Known) -> None:
    account = known(negotiated_rates=False)

    assert check_products(account).is_complete

    assert outcomes(account)["rating"] == "good"
    assert problem_of(account, "rating").startswith("UPS shows its list prices only")


def test_prices_wait_for_the_address(known: Known, ups_sandbox: UpsSandbox) -> None:
    account = known(make_details(shipper=NO_ADDRESS), country="NL")

    result = check_products(account)

    assert (result.ok, outcomes(account)["rating"]) == (True, "unknown")
    assert {"rate", "ship"}.isdisjoint(call["operation"] for call in ups_sandbox.calls())


def test_a_wrong_quantum_view_name_is_told_and_the_right_one_is_good(known: Known, ups_sandbox: UpsSandbox) -> None:
    account = known()
    ups_sandbox.post("view-subscriptions", shipper_number="A1B2C3", name="OutboundNL")

    wrong, right = check_products(account, feed_name="Outbnd"), check_products(account, feed_name="OutboundNL")

    assert (wrong.ok, right.is_complete) == (True, True)
    assert ["UPS knows no Quantum View subscription “Outbnd”" in told for told in wrong.problems_beside] == [True]


def test_addresses_are_asked_about_in_the_united_states_alone(known: Known) -> None:
    account = known(make_details(shipper=make_party("US")), country="US")

    check_products(account)

    assert outcomes(account)["address_validation"] == "good"


def test_unreached_ups_leaves_the_other_products_alone(known: Known, ups_sandbox: UpsSandbox) -> None:
    account = known()
    ups_sandbox.post("faults", path_regex=".*", action="status", status=503, body="busy", times=10)

    result = check_products(account)

    assert (result.part, outcomes(account)) == (Part.REACH, {"token": "unknown"})
    assert len(ups_sandbox.calls()) == 1
