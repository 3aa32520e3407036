"""Where parcels leave from: what is entered counts once UPS has said that it collects there."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from audit.models import Event
from exact import addresses
from exact.models import Warehouse
from exact.records import Address
from syncjobs.models import ShipFrom, SyncJob
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.standins import StandIn
from tests.syncjobs.samples import address
from ups.accounts import AccountDetails, save_account, shipper_of
from ups.models import Account

pytestmark = pytest.mark.django_db
HOST = "https://ups.invalid"
LOADING_DOCK = {
    "company_name": "Voorbeeld Groothandel BV",
    "attention_name": "Laadperron",
    "address_line_1": "Havenstraat 8",
    "address_line_2": "",
    "address_line_3": "",
    "postal_code": "3024 EA",
    "city": "Rotterdam",
    "state": "",
    "country": "NL",
    "phone": "+31 10 412 3456",
    "email": "",
}
PRICE = {
    "RateResponse": {
        "Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}},
        "RatedShipment": [
            {"Service": {"Code": "11"}, "TotalCharges": {"CurrencyCode": "EUR", "MonetaryValue": "7.10"}}
        ],
    }
}


@pytest.fixture
def ups(settings: Settings) -> Iterator[responses.RequestsMock]:
    """UPS, as far as a token; each test says what it answers to the question for a price."""
    settings.UPS_BASE_URLS = {"test": HOST, "production": HOST}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        token = {"access_token": "a-token", "expires_in": "14399", "token_type": "Bearer", "issued_at": "1"}
        wire.post(f"{HOST}/security/v1/oauth/token", json=token)
        yield wire


def gives_a_price(ups: responses.RequestsMock) -> None:
    ups.post(f"{HOST}/api/rating/v2409/Rate", json=PRICE)


def refuses(ups: responses.RequestsMock, code: str, words: str) -> None:
    answer = {"response": {"errors": [{"code": code, "message": words}]}}
    ups.post(f"{HOST}/api/rating/v2409/Rate", json=answer, status=400)


def url(desk: Desk, name: str = "ship_from", *more: uuid.UUID) -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code, *more])


def saved(desk: Desk) -> dict[str, ShipFrom]:
    with tenant_context(desk.tenant.id):
        return {row.warehouse_code: row for row in ShipFrom.objects.filter(tenant=desk.tenant)}


def make_warehouse(desk: Desk, *, exact: Address | None = None) -> Warehouse:
    """A warehouse as last read from Exact, with this address there."""
    exact_id = uuid.uuid4()
    with tenant_context(desk.tenant.id):
        return Warehouse.objects.create(
            tenant=desk.tenant,
            connection=desk.connection,
            exact_id=exact_id,
            exact_code="2",
            description="Loods",
            sealed_address=addresses._sealed(desk.connection, exact_id, exact),
            read_at=timezone.now(),
        )


def asked(ups: responses.RequestsMock) -> list[dict[str, Any]]:
    bodies = [call.request.body for call in ups.calls if "/rating/" in str(call.request.url)]
    return [json.loads(body)["RateRequest"]["Shipment"] for body in bodies if body]


def test_the_page_begins_with_the_account_s_address(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    page = as_user(cast.owner).get(url(desk))

    assert page.context["form"]["address_line_1"].value() == "Kade 12"
    assert page.context["form"]["phone"].value() == "+31 20 794 0799"
    assert saved(desk) == {}


def test_an_address_that_ups_prices_from_is_saved_as_checked(
    cast: Cast, desk: Desk, as_user: SignIn, ups: responses.RequestsMock
) -> None:
    gives_a_price(ups)

    answer = as_user(cast.owner).post(url(desk), LOADING_DOCK, follow=True)

    place = saved(desk)[""]
    assert "UPS collects from this address." in answer.content.decode()
    assert (place.address_line_1, place.checked_at is not None, place.check_problem) == ("Havenstraat 8", True, "")
    assert [one["ShipFrom"]["Address"]["PostalCode"] for one in asked(ups)] == ["3024EA"]
    with tenant_context(desk.tenant.id):
        told = Event.objects.get(kind=Event.Kind.CHANGED, subject_kind="ship-from address")
    assert told.actor == f"user:{cast.owner.code}"
    assert "Havenstraat" not in json.dumps(told.details)


def test_an_origin_that_ups_does_not_find_is_named_at_its_field_and_not_saved(
    cast: Cast, desk: Desk, as_user: SignIn, ups: responses.RequestsMock
) -> None:
    refuses(ups, "111538", "The origin location is invalid.")

    answer = as_user(cast.owner).post(url(desk), LOADING_DOCK | {"postal_code": "3999ZZ"})

    assert list(answer.context["form"].errors) == ["postal_code"]
    assert answer.context["form"]["postal_code"].value() == "3999ZZ"
    assert saved(desk) == {}


def test_while_ups_cannot_be_asked_the_address_is_kept_but_does_not_count(
    cast: Cast, desk: Desk, as_user: SignIn, ups: responses.RequestsMock
) -> None:
    ups.post(f"{HOST}/api/rating/v2409/Rate", status=503)

    answer = as_user(cast.owner).post(url(desk), LOADING_DOCK, follow=True)

    assert saved(desk)[""].check_problem
    assert "UPS could not confirm this address yet." in answer.content.decode()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"country": "DE", "postal_code": "10115", "phone": "+49 30 12345678"}, "country"),
        ({"phone": "0900"}, "phone"),
        ({"postal_code": "12"}, "postal_code"),
        ({"attention_name": ""}, "attention_name"),
        ({"company_name": "x" * 36}, "company_name"),
    ],
)
def test_what_ups_would_refuse_is_told_before_ups_is_asked(
    cast: Cast, desk: Desk, as_user: SignIn, ups: responses.RequestsMock, wrong: dict[str, str], field: str
) -> None:
    answer = as_user(cast.owner).post(url(desk), LOADING_DOCK | wrong)

    assert list(answer.context["form"].errors) == [field]
    assert len(ups.calls) == 0
    assert saved(desk) == {}


def test_a_warehouse_gets_the_address_that_exact_has_for_it_and_goes_back_to_the_usual_one(
    cast: Cast, desk: Desk, as_user: SignIn, ups: responses.RequestsMock
) -> None:
    gives_a_price(ups)
    exact = address(lines=("Loodsweg 4",), city="Utrecht", postcode="3542 AD", phone="", account_name="")
    warehouse = make_warehouse(desk, exact=exact)
    client = as_user(cast.owner)

    form = client.get(url(desk, "ship_from_warehouse", warehouse.code)).context["form"]
    entered = LOADING_DOCK | {"address_line_1": form["address_line_1"].value(), "city": form["city"].value()}
    client.post(url(desk, "ship_from_warehouse", warehouse.code), entered)
    own = saved(desk)
    client.post(url(desk, "ship_from_default", warehouse.code))

    assert (form["phone"].value(), form["company_name"].value()) == ("+31 20 794 0799", "Voorbeeld Groothandel BV")
    assert {code: row.address_line_1 for code, row in own.items()} == {"2": "Loodsweg 4"}
    assert saved(desk) == {}


def test_an_account_without_an_address_gets_this_one(
    cast: Cast, desk: Desk, as_user: SignIn, ups: responses.RequestsMock
) -> None:
    gives_a_price(ups)
    with tenant_context(desk.tenant.id):
        Account.objects.filter(pk=desk.account.pk).update(company_name="", address_line_1="", postal_code="", city="")

    as_user(cast.owner).post(url(desk), LOADING_DOCK)

    with tenant_context(desk.tenant.id):
        account = Account.objects.get(pk=desk.account.pk)
    assert (account.company_name, account.address_line_1) == ("Voorbeeld Groothandel BV", "Havenstraat 8")


def test_a_viewer_looks_and_changes_nothing(
    cast: Cast, desk: Desk, as_user: SignIn, ups: responses.RequestsMock
) -> None:
    warehouse = make_warehouse(desk)
    client = as_user(cast.viewer)

    seen = client.get(url(desk))
    tried = [
        client.post(url(desk), LOADING_DOCK).status_code,
        client.post(url(desk, "ship_from_warehouse", warehouse.code), LOADING_DOCK).status_code,
        client.post(url(desk, "ship_from_default", warehouse.code)).status_code,
        client.post(url(desk, "read_warehouses")).status_code,
    ]

    assert "A manager or the owner can change the addresses." in seen.content.decode()
    assert tried == [403] * 4
    assert (saved(desk), len(ups.calls)) == ({}, 0)


def test_warehouses_are_read_again_on_request(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    as_user(cast.owner).post(url(desk, "read_warehouses"))

    with tenant_context(desk.tenant.id):
        jobs = [(job.kind, job.subject) for job in SyncJob.objects.all()]
    assert jobs == [("warehouses", desk.connection.code)]


def test_the_stand_in_collects_from_a_known_place_and_from_no_other(
    cast: Cast, desk: Desk, as_user: SignIn, ups_host: StandIn
) -> None:
    app = {"client_id": uuid.uuid4().hex, "client_secret": uuid.uuid4().hex, "shipper_number": "P4D0CK"}
    ups_host.control("POST", "accounts", {**app, "country": "NL"})
    save_account(
        desk.tenant.id,
        AccountDetails(name="Main account", environment="test", shipper=shipper_of(desk.account), **app),
        code=desk.account.code,
    )
    client = as_user(cast.owner)

    unknown = client.post(url(desk), LOADING_DOCK | {"postal_code": "0000AA"})
    before = saved(desk)
    client.post(url(desk), LOADING_DOCK)

    assert (list(unknown.context["form"].errors), before) == (["postal_code"], {})
    assert saved(desk)[""].checked_at is not None
    assert saved(desk)[""].check_problem == ""
