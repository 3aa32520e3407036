"""Making, changing and checking accounts."""

import json
import uuid
from dataclasses import replace

import pytest
from django.utils import timezone
from pytest_django import Settings

from audit.models import Event
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.conftest import UpsSandbox, found
from tests.ups.makers import error_body, make_details, make_party
from ups.access import open_client
from ups.accounts import (
    AccountDetails,
    AccountExists,
    accounts_of,
    find_account,
    save_account,
    shipper_of,
)
from ups.alerts import choose_version
from ups.errors import SpecInvalid
from ups.models import Account
from ups.products import Part, check_products


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> None:
    """UPS pushes to https alone."""
    settings.PUBLIC_URL = "https://connector.example.com"


def events(account: Account) -> list[tuple[str, dict[str, object]]]:
    with tenant_context(account.tenant_id):
        written = Event.objects.filter(subject=account.code).order_by("sequence")
        return [(event.kind, event.details) for event in written if event.kind != Event.Kind.CALLED]


def saved(ups_sandbox: UpsSandbox, tenant: Tenant, details: AccountDetails, **known: object) -> Account:
    """An account whose app UPS knows under `known` where that differs."""
    ups_sandbox.add_account(details, **known)
    return save_account(tenant.id, details)


def test_account_is_kept_as_entered_and_recorded_without_secrets(tenant: Tenant) -> None:
    details = make_details()

    account = save_account(tenant.id, details)

    (kept,) = accounts_of(tenant.id)
    assert kept.code == account.code
    assert shipper_of(kept) == details.shipper
    assert kept.reveal_client_id() == details.client_id
    assert kept.open_client_secret().reveal() == "secret-of-the-tenant"
    assert "secret-of-the-tenant" not in repr(kept.open_client_secret())
    assert events(account) == [("connected", {"shipper_number": "A1B2C3", "environment": "test"})]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"client_id": ""}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"environment": "moon"}, "environment"),
        ({"shipper_number": "12"}, "shipper_number"),
        ({"shipper": make_party("NL", name="N" * 36)}, "shipper.name"),
        ({"shipper": make_party("NL", postal_code="")}, "shipper.postal_code"),
    ],
)
def test_wrong_details_make_no_account(tenant: Tenant, change: dict[str, object], field: str) -> None:
    with pytest.raises(SpecInvalid) as caught:
        save_account(tenant.id, replace(make_details(), **change))  # type: ignore[arg-type]

    assert [problem.field for problem in caught.value.problems] == [field]
    assert accounts_of(tenant.id) == []


def test_the_same_shipper_number_twice_is_told(tenant: Tenant) -> None:
    save_account(tenant.id, make_details())

    with pytest.raises(AccountExists):
        save_account(tenant.id, make_details(name="Again"))

    assert [account.name for account in accounts_of(tenant.id)] == ["Main account"]


def test_empty_secret_keeps_the_stored_one_and_only_changed_fields_are_recorded(tenant: Tenant) -> None:
    details = make_details()
    account = save_account(tenant.id, details)

    save_account(tenant.id, replace(details, client_secret="", name="Second name"), code=account.code)

    (kept,) = accounts_of(tenant.id)
    assert (kept.name, kept.open_client_secret().reveal()) == ("Second name", "secret-of-the-tenant")
    assert events(account)[1:] == [("changed", {"fields": ["name"]})]


def test_saving_without_a_change_records_nothing(tenant: Tenant) -> None:
    details = make_details()
    account = save_account(tenant.id, details)

    save_account(tenant.id, details, code=account.code)

    assert len(events(account)) == 1


def test_new_secret_forgets_the_token_and_starts_a_stopped_account(account: Account, ups_sandbox: UpsSandbox) -> None:
    assert check_products(account).ok
    details = make_details(client_id=account.reveal_client_id(), client_secret="another-secret")
    generation = account.token_generation

    changed = save_account(account.tenant_id, details, code=account.code)

    assert (changed.token, changed.stopped_at) == (None, None)
    assert changed.token_generation == generation + 1
    result = check_products(changed)
    assert result.part is Part.TOKEN
    assert len([call for call in ups_sandbox.calls() if call["status"] == 401]) == 1


def test_another_tenant_sees_and_changes_nothing(account: Account) -> None:
    stranger = found("Ander Bedrijf BV")

    assert find_account(stranger.id, account.code) is None
    assert accounts_of(stranger.id) == []
    with pytest.raises(Account.DoesNotExist):
        save_account(stranger.id, make_details(), code=account.code)
    with tenant_context(stranger.id):
        assert Account.objects.filter(pk=account.pk).update(name="stolen") == 0


def test_code_of_nobody_is_not_found(tenant: Tenant) -> None:
    assert find_account(tenant.id, uuid.uuid4()) is None


def test_good_account_is_checked_and_makes_no_shipment(account: Account, ups_sandbox: UpsSandbox) -> None:
    result = check_products(account)

    assert (result.ok, result.part, result.what_to_do) == (True, Part.NONE, "")
    assert (account.checked_at, account.check_problem) == (result.checked_at, "")
    assert ups_sandbox.get("shipments")["shipments"] == []
    assert events(account)[-1] == ("connected", {"check": "ok", "code": ""})


def test_wrong_secret_is_told_and_stops_the_account(tenant: Tenant, ups_sandbox: UpsSandbox) -> None:
    account = saved(ups_sandbox, tenant, make_details(), client_secret="the-real-one")

    result = check_products(account)

    assert (result.ok, result.part, result.code) == (False, Part.TOKEN, "10401")
    assert "client id and secret" in result.message
    assert "developer.ups.com" in result.what_to_do
    assert not account.is_usable
    assert account.check_problem.startswith(result.message)


def test_check_starts_a_stopped_account_again_once_ups_accepts_it(tenant: Tenant, ups_sandbox: UpsSandbox) -> None:
    details = make_details()
    account = saved(ups_sandbox, tenant, details, client_secret="the-real-one")
    assert not check_products(account).ok
    ups_sandbox.add_account(details)

    assert check_products(account).ok

    assert account.is_usable


def test_wrong_shipper_number_is_told(tenant: Tenant, ups_sandbox: UpsSandbox) -> None:
    account = saved(ups_sandbox, tenant, make_details(), shipper_number="Z9Z9Z9")

    result = check_products(account)

    assert (result.ok, result.part, result.code) == (False, Part.SHIPPER_NUMBER, "120121")
    assert "A1B2C3" in result.message
    assert account.is_usable


def test_shipper_number_of_another_country_is_told(tenant: Tenant, ups_sandbox: UpsSandbox) -> None:
    account = saved(ups_sandbox, tenant, make_details(), country="DE")

    result = check_products(account)

    assert (result.part, result.code) == (Part.SHIPPER_NUMBER, "120120")


def test_missing_product_is_told(tenant: Tenant, ups_sandbox: UpsSandbox) -> None:
    account = saved(ups_sandbox, tenant, make_details(), products=["tracking"])

    result = check_products(account)

    assert result.part is Part.PRODUCT
    assert "add the product Shipping" in result.what_to_do
    assert not account.is_usable


@pytest.mark.parametrize(
    ("products", "column", "product"),
    [
        (["shipping", "rating", "track_alert"], "tracking_problem", "Tracking"),
        (["shipping", "rating", "tracking"], "alert_problem", "Track Alert"),
    ],
)
def test_product_that_shipping_does_not_need_is_told_beside(
    tenant: Tenant, ups_sandbox: UpsSandbox, products: list[str], column: str, product: str
) -> None:
    account = saved(ups_sandbox, tenant, make_details(), products=products)

    result = check_products(account)

    told = f"The API product {product} is not added to your app. Add it in the UPS developer portal"
    assert result.ok
    assert [problem[: len(told)] for problem in result.problems_beside] == [told]
    assert getattr(account, column).startswith(told)
    assert getattr(account, f"{column}_at") == result.checked_at
    assert account.is_usable
    assert events(account)[-1] == (
        "connected",
        {"check": "ok", "code": "", "not usable": [product.lower().replace(" ", "_")]},
    )


def test_product_that_was_added_is_no_problem_any_more(tenant: Tenant, ups_sandbox: UpsSandbox) -> None:
    details = make_details()
    account = saved(ups_sandbox, tenant, details, products=["shipping"])
    check_products(account)
    assert account.tracking_problem
    assert account.alert_problem
    ups_sandbox.add_account(details)

    check_products(account)

    assert (account.tracking_problem, account.alert_problem) == ("", "")
    assert (account.tracking_problem_at, account.alert_problem_at) == (None, None)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_check_changes_nothing_at_ups(account: Account, ups_sandbox: UpsSandbox, version: str) -> None:
    choose_version(account, version, at=timezone.now())

    assert check_products(account).problems_beside == ()

    assert ups_sandbox.get("subscriptions")["subscriptions"] == []
    assert [call["operation"] for call in ups_sandbox.calls()].count("subscribe_parcels") == 1


def test_address_that_ups_does_not_push_to_is_told_beside(
    account: Account, ups_sandbox: UpsSandbox, settings: Settings
) -> None:
    settings.PUBLIC_URL = "http://connector.example.com"

    result = check_products(account)

    assert result.ok
    assert ["public HTTPS address" in problem for problem in result.problems_beside] == [True]
    assert account.alert_problem == result.problems_beside[0]
    assert ups_sandbox.get("subscriptions")["subscriptions"] == []


def test_track_alert_is_not_asked_while_it_is_off(account: Account, ups_sandbox: UpsSandbox) -> None:
    choose_version(account, "off", at=timezone.now())

    check_products(account)

    assert "subscribe_parcels" not in [call["operation"] for call in ups_sandbox.calls()]


def test_check_that_starts_a_stopped_account_finds_its_products_too(tenant: Tenant, ups_sandbox: UpsSandbox) -> None:
    details = make_details()
    account = saved(ups_sandbox, tenant, details, client_secret="the-real-one")
    assert not check_products(account).ok
    ups_sandbox.add_account(details, products=["shipping"])

    found = {finding.product for finding in check_products(account).findings if finding.outcome == "not_added"}

    assert found == {"rating", "tracking", "track_alert"}


def test_silent_ups_is_told_and_stops_nothing(account: Account, ups_sandbox: UpsSandbox) -> None:
    ups_sandbox.post("faults", path_regex=".*", action="status", status=503, body="busy", times=10)

    result = check_products(account)

    assert (result.ok, result.part) == (False, Part.REACH)
    assert account.is_usable


def test_long_refusal_of_the_question_is_kept_cut(account: Account, ups_sandbox: UpsSandbox) -> None:
    body = json.loads(error_body("999999", "x" * 600))
    ups_sandbox.post("faults", path_regex="/api/labels/.*", action="status", status=400, body=body, times=1)

    result = check_products(account)

    assert (result.part, result.code) == (Part.SHIPPER_NUMBER, "999999")
    assert result.what_to_do.startswith("Compare")
    assert len(account.check_problem) == 500


def test_opening_a_client_calls_nobody(account: Account, ups_sandbox: UpsSandbox) -> None:
    open_client(account, observe=lambda _: None)

    assert ups_sandbox.calls() == []
