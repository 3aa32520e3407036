"""Master data: kept rows first, one call per resource for what is missing."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from exact.master import MasterData
from exact.models import MasterRecord, ShippingMethod
from tenants.context import tenant_context
from tests.exact.scene import Scene

IN_ITS_TENANT = 2
"""Statements around one read inside a savepoint: set the tenant, set the former one again."""


def master(scene: Scene, *, fresh: bool = False) -> MasterData:
    return MasterData(scene.connection, scene.client(), fresh=fresh)


def item_ids(scene: Scene) -> list[uuid.UUID]:
    return [uuid.UUID(item["id"]) for item in scene.company["items"]]


def account_of(scene: Scene) -> tuple[uuid.UUID, uuid.UUID]:
    account = scene.company["accounts"][0]
    return uuid.UUID(account["id"]), uuid.UUID(account["address_id"])


def test_cold_one_call_for_each_resource_and_warm_none(scene: Scene) -> None:
    account_id, address_id = account_of(scene)
    for _ in range(2):
        data = master(scene)
        assert len(data.items(item_ids(scene))) == len(scene.company["items"])
        assert data.account(account_id) is not None
        assert data.address(address_id) is not None

    assert [call["path"].rsplit("/", 1)[-1] for call in scene.calls()] == ["Items", "Accounts", "Addresses"]


def test_only_what_is_missing_is_asked_for(scene: Scene) -> None:
    first, *others = item_ids(scene)
    master(scene).items([first])
    scene.sandbox.forget_calls()

    found = master(scene).items([first, *others])

    (call,) = scene.calls()
    assert set(found) == {first, *others}
    assert (str(first) in call["query"], str(others[0]) in call["query"]) == (False, True)


def test_everything_that_is_kept_is_read_in_one_statement(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account_id, address_id = account_of(scene)
    data = master(scene)
    data.items(item_ids(scene))
    data.address(address_id)
    data.account(account_id)
    warm = master(scene)

    with django_assert_num_queries(1 + IN_ITS_TENANT + 2):
        warm.load(items=item_ids(scene), addresses=[address_id], accounts=[account_id])
    with django_assert_num_queries(0):
        assert len(warm.items(item_ids(scene))) == len(scene.company["items"])
        assert (warm.address(address_id), warm.account(account_id)) == (
            data.address(address_id),
            data.account(account_id),
        )


def test_weights_come_back_from_the_rows_digit_by_digit(scene: Scene) -> None:
    wanted = scene.company["items"][0]
    master(scene).items([uuid.UUID(wanted["id"])])

    kept = master(scene).items([uuid.UUID(wanted["id"])])[uuid.UUID(wanted["id"])]

    assert kept.net_weight == Decimal(str(wanted["net_weight"]))
    assert isinstance(kept.net_weight, Decimal)


def test_what_exact_does_not_have_is_left_out_and_nothing_is_kept_for_it(scene: Scene) -> None:
    data = master(scene)

    assert data.items([uuid.uuid4()]) == {}
    assert data.address(uuid.uuid4()) is None
    with tenant_context(scene.tenant.id):
        assert MasterRecord.objects.exclude(key=scene.connection.code).count() == 0


def test_fresh_asks_again_and_keeps_the_new_answer(scene: Scene) -> None:
    key = item_ids(scene)[0]
    master(scene).items([key])
    scene.sandbox.control("PATCH", f"companies/{scene.division}/records/logistics/Items/{key}", {"NetWeight": 9.75})

    stale = master(scene).items([key])[key].net_weight
    fresh = master(scene, fresh=True).items([key])[key].net_weight
    kept = master(scene).items([key])[key].net_weight

    assert stale != Decimal("9.75")
    assert (fresh, kept) == (Decimal("9.75"), Decimal("9.75"))


@pytest.mark.parametrize(("hours", "calls"), [(23, 0), (25, 1)])
def test_rows_older_than_a_day_are_read_again(scene: Scene, hours: int, calls: int) -> None:
    key = item_ids(scene)[0]
    master(scene).items([key])
    scene.sandbox.forget_calls()
    with tenant_context(scene.tenant.id):
        MasterRecord.objects.update(read_at=timezone.now() - timedelta(hours=hours))

    master(scene).items([key])

    assert len(scene.calls()) == calls


def test_an_order_is_found_by_the_number_a_line_names(scene: Scene) -> None:
    entry_id = scene.book()
    number = scene.client().goods_deliveries([entry_id])[0].lines[0].sales_order_number
    assert number is not None
    scene.sandbox.forget_calls()

    found, again = (master(scene).sales_order(number) for _ in range(2))

    assert found is not None
    assert (found.number, again) == (number, found)
    assert len(scene.calls()) == 1


def test_a_shipping_method_is_known_from_connecting_and_a_new_one_is_looked_up(scene: Scene) -> None:
    known = scene.company["shipping_methods"][0]
    made = scene.sandbox.control(
        "POST", f"companies/{scene.division}/records/sales/ShippingMethods", {"Code": "NEW", "Description": "New"}
    )

    before = master(scene).shipping_method(uuid.UUID(known["id"]))
    calls_before = len(scene.calls())
    after = master(scene).shipping_method(uuid.UUID(made["ID"]))

    assert before is not None
    assert after is not None
    assert (before.description, after.code) == (known["description"], "NEW")
    assert (calls_before, len(scene.calls())) == (0, 1)


def test_a_method_that_is_gone_becomes_inactive_because_rules_may_name_it(scene: Scene) -> None:
    gone = scene.company["shipping_methods"][0]
    scene.sandbox.control("DELETE", f"companies/{scene.division}/records/sales/ShippingMethods/{gone['id']}")

    master(scene, fresh=True).shipping_method(uuid.UUID(gone["id"]))

    with tenant_context(scene.tenant.id):
        assert ShippingMethod.objects.get(exact_id=gone["id"]).active is False


def test_people_are_not_to_be_read_in_the_table(scene: Scene) -> None:
    account_id, _ = account_of(scene)
    account = master(scene).account(account_id)
    assert account is not None

    with tenant_context(scene.tenant.id), connection.cursor() as cursor:
        cursor.execute("SELECT sealed_fields FROM exact_masterrecord")
        stored = bytes(cursor.fetchone()[0])

    assert account.name.encode() not in stored
    with tenant_context(uuid.uuid4()):
        assert MasterRecord.objects.count() == 0
