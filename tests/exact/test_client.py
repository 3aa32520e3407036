"""The client against the stand-in: reading and writing for real over HTTP."""

import uuid
from decimal import Decimal
from urllib.parse import quote

import pytest

from connector_site.lib.outside_calls import OutsideCall
from exact.changes import FIRST_TIMESTAMP, SyncEndpoint
from exact.errors import ExactGone, ExactRejected
from exact.records import GoodsDeliveryChanges, GoodsDeliveryLineChanges
from tests.exact.scene import Scene, shown

DELIVERIES = "/api/v1/{division}/salesorder/GoodsDeliveries"
SENT_AS_THEY_ARE = "'(),/:$=&"
LINES = "/api/v1/{division}/salesorder/GoodsDeliveryLines"


def test_a_delivery_is_read_with_its_lines_in_one_call(scene: Scene) -> None:
    seen: list[OutsideCall] = []
    item = scene.company["items"][0]
    entry_id = scene.book(lines=[{"item_id": item["id"], "quantity": 2.5}], remarks="mind the step")

    (delivery,) = scene.client(seen.append).goods_deliveries([entry_id])

    assert shown(seen) == [("GET", DELIVERIES, 200)]
    assert (delivery.entry_id, delivery.remarks, delivery.tracking_number) == (entry_id, "mind the step", "")
    assert [(line.item_code, line.quantity) for line in delivery.lines] == [(item["code"], Decimal("2.5"))]


def test_a_company_that_does_not_expand_is_asked_for_lines_apart_and_remembered(scene: Scene) -> None:
    seen: list[OutsideCall] = []
    entry_id = scene.book()
    scene.sandbox.fault(
        action="status",
        status=400,
        path_regex="GoodsDeliveries$",
        times=1,
        body={"error": {"message": {"value": "no"}}},
    )

    (first,) = scene.client(seen.append).goods_deliveries([entry_id])
    (second,) = scene.client(seen.append).goods_deliveries([entry_id])

    assert scene.row().expand_lines is False
    assert shown(seen) == [
        ("GET", DELIVERIES, 400),
        ("GET", DELIVERIES, 200),
        ("GET", LINES, 200),
        ("GET", DELIVERIES, 200),
        ("GET", LINES, 200),
    ]
    assert first == second
    assert len(first.lines) > 0


def test_a_delivery_that_is_gone_is_left_out_and_costs_no_error(scene: Scene) -> None:
    seen: list[OutsideCall] = []
    entry_id = scene.book()

    found = scene.client(seen.append).goods_deliveries([uuid.uuid4(), entry_id])

    assert [delivery.entry_id for delivery in found] == [entry_id]
    assert [call.status for call in seen] == [200]


def test_a_tracking_number_is_written_and_the_rest_stays(scene: Scene) -> None:
    entry_id = scene.book(remarks="by hand")

    scene.client().put_goods_delivery(entry_id, GoodsDeliveryChanges(tracking_number="1Z999AA10123456784"))

    there = scene.sandbox.delivery(scene.division, entry_id)
    assert (there["TrackingNumber"], there["Remarks"]) == ("1Z999AA10123456784", "by hand")


def test_a_line_takes_a_tracking_number_of_its_own(scene: Scene) -> None:
    entry_id = scene.book()
    client = scene.client()
    line = client.goods_deliveries([entry_id])[0].lines[0]

    client.put_goods_delivery_line(line.id, GoodsDeliveryLineChanges(tracking_number="1Z999AA10123456784"))

    (after,) = client.goods_deliveries([entry_id])
    assert after.lines[0].tracking_number == "1Z999AA10123456784"


def test_writing_nothing_calls_nobody(scene: Scene) -> None:
    entry_id = scene.book()

    scene.client().put_goods_delivery(entry_id, GoodsDeliveryChanges())

    assert scene.calls() == []


def test_writing_to_a_delivery_that_is_gone_says_so(scene: Scene) -> None:
    with pytest.raises(ExactGone):
        scene.client().put_goods_delivery(uuid.uuid4(), GoodsDeliveryChanges(remarks="x"))

    assert [call["status"] for call in scene.calls()] == [404]


def test_a_text_that_is_too_long_is_refused_in_exacts_words_and_changes_nothing(scene: Scene) -> None:
    entry_id = scene.book()

    with pytest.raises(ExactRejected, match="Exact says: ") as refusal:
        scene.client().put_goods_delivery(entry_id, GoodsDeliveryChanges(tracking_number="1Z" * 40))

    assert refusal.value.status == 400
    assert scene.sandbox.delivery(scene.division, entry_id)["TrackingNumber"] in {"", None}
    assert len(scene.calls()) == 1


def test_many_keys_are_asked_for_in_addresses_of_bearable_length(scene: Scene) -> None:
    known = [uuid.UUID(item["id"]) for item in scene.company["items"]]
    wanted = [*known, *(uuid.uuid4() for _ in range(60))]

    found = scene.client().items(wanted)

    calls = scene.sandbox.calls("logistics/Items")
    assert {item.id for item in found} == set(known)
    assert len(calls) == 3
    asked = [f"{scene.sandbox.base_url}{call['path']}?{quote(call['query'], safe=SENT_AS_THEY_ARE)}" for call in calls]
    assert max(map(len, asked)) <= 2_000


def test_master_data_comes_without_padding_and_with_exact_weights(scene: Scene) -> None:
    client = scene.client()
    account = scene.company["accounts"][0]

    (item,) = client.items([uuid.UUID(scene.company["items"][0]["id"])])
    (read,) = client.accounts([uuid.UUID(account["id"])])
    (address,) = client.addresses([uuid.UUID(account["address_id"])])

    assert item.net_weight == Decimal(str(scene.company["items"][0]["net_weight"]))
    assert (read.name, read.code) == (account["name"], read.code.strip())
    assert (address.country, len(address.lines) > 0) == (account["country"], True)


def test_every_shipping_method_is_listed_inactive_ones_too(scene: Scene) -> None:
    found = scene.client().shipping_methods()

    assert {method.code for method in found} == {one["code"].strip() for one in scene.company["shipping_methods"]}
    assert [method.is_active for method in found].count(False) == 1


def test_changes_are_read_after_a_timestamp_and_deleted_deliveries_are_named(scene: Scene) -> None:
    client = scene.client()
    kept, removed = scene.book(), scene.book()
    before = client.sync(SyncEndpoint.DELETED, FIRST_TIMESTAMP)
    scene.sandbox.control("DELETE", f"companies/{scene.division}/records/salesorder/GoodsDeliveries/{removed}")

    deliveries = client.sync(SyncEndpoint.GOODS_DELIVERIES, FIRST_TIMESTAMP)
    lines = client.sync(SyncEndpoint.GOODS_DELIVERY_LINES, FIRST_TIMESTAMP)
    deleted = client.sync(SyncEndpoint.DELETED, before.highest)
    nothing = client.sync(SyncEndpoint.GOODS_DELIVERIES, deliveries.highest)

    assert [row.key for row in deliveries.rows] == [kept]
    assert {row.key for row in lines.rows} == {kept}
    assert [(row.key, row.entity_type) for row in deleted.rows] == [(removed, 16)]
    assert (nothing.rows, nothing.highest, nothing.more) == ((), deliveries.highest, False)


def test_a_line_leads_to_its_delivery_by_either_key(scene: Scene) -> None:
    entry_id = scene.book()
    client = scene.client()
    line = client.goods_deliveries([entry_id])[0].lines[0]

    assert client.entries_of_lines([line.id]) == [entry_id]
    assert client.entries_of_lines([entry_id]) == [entry_id]
    assert client.entries_of_lines([uuid.uuid4()]) == []
