"""Where a company ships from, and its newest deliveries, as read from the stand-in."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from connector_site.lib.secrets import seal
from exact import addresses
from exact.models import MasterRecord, Warehouse
from tenants.context import tenant_context
from tests.exact.scene import Scene
from tests.exact.test_connecting import OTHER_SCOPES, register_with

pytestmark = pytest.mark.django_db


def test_connecting_reads_the_companys_address_and_every_warehouse_with_or_without_one(scene: Scene) -> None:
    with tenant_context(scene.tenant.id):
        company = addresses.company_address(scene.connection)
        main, other = addresses.warehouses_of(scene.connection)

    assert company is not None
    assert company.account_name == scene.company["name"]
    assert company.lines
    assert company.country == "NL"
    assert (main.code, main.name, main.is_main) == ("1", "Main warehouse", True)
    assert main.address is not None
    assert main.address.postcode == company.postcode
    assert (other.code, other.address) == ("2", None)


def test_a_warehouse_that_is_gone_in_exact_goes_here_and_a_new_address_is_taken_over(scene: Scene) -> None:
    with tenant_context(scene.tenant.id):
        other = Warehouse.objects.get(exact_code="2")
        main = Warehouse.objects.get(exact_code="1")
    scene.sandbox.control("DELETE", f"companies/{scene.division}/records/inventory/Warehouses/{other.exact_id}")
    new = {"Type": 4, "Main": True, "Warehouse": str(main.exact_id), "AddressLine1": "Havenweg 9", "City": "Breda"}
    for row in scene.client().addresses_of_warehouses([main.exact_id]):
        scene.sandbox.control("DELETE", f"companies/{scene.division}/records/crm/Addresses/{row.id}")
    scene.sandbox.control("POST", f"companies/{scene.division}/records/crm/Addresses", new)

    addresses.read_warehouses(scene.connection, scene.client())

    with tenant_context(scene.tenant.id):
        (only,) = addresses.warehouses_of(scene.connection)
    assert only.address is not None
    assert (only.code, only.address.lines, only.address.city) == ("1", ("Havenweg 9",), "Breda")


def test_without_the_scope_for_warehouses_those_read_before_stay(scene: Scene, settings: Settings) -> None:
    wanted = [name for name in OTHER_SCOPES if name != "logistics_inventory"]
    register_with(scene.sandbox, settings, **dict.fromkeys([*wanted, "organization_administration"], "manage"))

    addresses.read_warehouses(scene.connection, scene.client())

    with tenant_context(scene.tenant.id):
        assert [one.code for one in addresses.warehouses_of(scene.connection)] == ["1", "2"]


def test_addresses_of_another_row_are_not_shown_and_no_obstacle(scene: Scene) -> None:
    moved = seal({"id": "x"}, owner="another row", purpose="another purpose")
    with tenant_context(scene.tenant.id):
        Warehouse.objects.filter(exact_code="1").update(sealed_address=moved)
        MasterRecord.objects.filter(key=scene.connection.code).update(sealed_fields=moved)

        assert addresses.company_address(scene.connection) is None
        assert [one.address for one in addresses.warehouses_of(scene.connection)] == [None, None]


def test_they_are_due_again_after_a_day(scene: Scene) -> None:
    now = timezone.now()
    with tenant_context(scene.tenant.id):
        assert not addresses.is_due(scene.connection, at=now)
        assert addresses.is_due(scene.connection, at=now + addresses.GOOD_FOR)


def test_the_newest_deliveries_come_first_with_their_lines(scene: Scene) -> None:
    booked = [scene.book() for _ in range(4)]
    day_before = {"DeliveryDate": "2026-01-05"}
    path = f"companies/{scene.division}/records/salesorder/GoodsDeliveries/{booked[3]}"
    scene.sandbox.control("PATCH", path, day_before)

    found = scene.client().latest_goods_deliveries(2)

    assert len(found) == 2
    assert {one.entry_id for one in found} <= set(booked[:3])
    assert all(one.lines for one in found)
