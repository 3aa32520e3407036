"""POST, PUT and DELETE: what is taken, what is refused, what stays (exact.md 6.4, 8)."""

from typing import Any

import pytest

from tests.sandbox.exact.driver import Connection

DELIVERIES = "salesorder/GoodsDeliveries"
LINES = "salesorder/GoodsDeliveryLines"
ORDERS = "salesorder/SalesOrders"
ORDER_LINES = "salesorder/SalesOrderLines"


def one(exact: Connection, path: str, key: str, select: str) -> dict[str, Any]:
    row: dict[str, Any] = exact.get(f"{path}(guid'{key}')", select=select).json()["d"]
    return row


def make_order(exact: Connection, quantity: float = 5) -> dict[str, Any]:
    """An order of one line, with the line under `line`."""
    made = exact.post(
        ORDERS,
        {
            "OrderedBy": exact.company["accounts"][0]["id"],
            "SalesOrderLines": [{"Item": exact.company["items"][0]["id"], "Quantity": quantity, "NetPrice": 10}],
        },
    ).json()["d"]
    line = exact.rows(ORDER_LINES, select="ID,AmountFC", filter=f"OrderID eq guid'{made['OrderID']}'")[0]
    return {**made, "line": line}


def test_put_changes_only_what_is_sent(exact: Connection) -> None:
    key = exact.book(remarks="call first")["EntryID"]

    answer = exact.put(DELIVERIES, key, {"TrackingNumber": "1Z999AA10123456784"})

    row = one(exact, DELIVERIES, key, "TrackingNumber,Remarks,Modifier")
    assert (answer.status_code, answer.content) == (204, b"")
    assert row["TrackingNumber"] == "1Z999AA10123456784"
    assert row["Remarks"] == "call first"
    assert row["Modifier"] == exact.company["user_id"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"DeliveryNumber": 1}, "DeliveryNumber"),
        ({"DeliveryAddress": None}, "DeliveryAddress"),
        ({"EntryID": "0f0e0d0c-0b0a-0908-0706-050403020100"}, "EntryID"),
        ({"Nonsense": 1}, "Nonsense"),
        ({"TrackingNumber": "1" * 51}, "TrackingNumber"),
        ({"TrackingNumber": 7}, "TrackingNumber"),
        ({"ShippingMethod": "UPS"}, "ShippingMethod"),
        ({"ShippingMethod": "0f0e0d0c-0b0a-0908-0706-050403020100"}, "ShippingMethod"),
        ({"Document": "0f0e0d0c-0b0a-0908-0706-050403020100"}, "Document"),
        ({"DeliveryDate": "2026-05-04T00:00:00+02:00"}, "DeliveryDate"),
        ({"DeliveryDate": None}, "DeliveryDate"),
        ({"GoodsDeliveryLines": []}, "GoodsDeliveryLines"),
    ],
)
def test_unfit_puts_are_refused_and_change_nothing(exact: Connection, body: dict[str, object], word: str) -> None:
    key = exact.book()["EntryID"]

    refused = exact.put(DELIVERIES, key, {"Remarks": "changed"} | body)

    assert refused.status_code == 400
    assert word in refused.json()["error"]["message"]["value"]
    assert one(exact, DELIVERIES, key, "Remarks")["Remarks"] is None


def test_fifty_characters_of_tracking_number_fit(exact: Connection) -> None:
    booked = exact.book()

    header = exact.put(DELIVERIES, booked["EntryID"], {"TrackingNumber": "1" * 50})
    line = exact.put(LINES, booked["GoodsDeliveryLines"][0]["ID"], {"TrackingNumber": "1" * 51})

    assert (header.status_code, line.status_code) == (204, 400)


def test_body_must_be_a_json_object_with_its_content_type(exact: Connection) -> None:
    key = exact.book()["EntryID"]
    path = f"{DELIVERIES}(guid'{key}')"

    as_list = exact.call("PUT", path, body=["TrackingNumber"])
    as_text = exact.call("PUT", path, body={"Remarks": "x"}, headers={"Content-Type": "text/plain"})

    assert (as_list.status_code, as_text.status_code) == (400, 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", f"{DELIVERIES}(guid'0f0e0d0c-0b0a-0908-0706-050403020100')", 405),
        ("POST", "sales/ShippingMethods", 405),
        ("POST", LINES, 403),
        ("PATCH", f"{DELIVERIES}(guid'0f0e0d0c-0b0a-0908-0706-050403020100')", 405),
        ("PUT", "webhooks/WebhookSubscriptions(guid'0f0e0d0c-0b0a-0908-0706-050403020100')", 405),
        ("PUT", DELIVERIES, 405),
        ("POST", "sync/SalesOrder/GoodsDeliveries", 405),
        ("PUT", f"{DELIVERIES}(guid'0f0e0d0c-0b0a-0908-0706-050403020100')", 404),
        ("DELETE", "crm/Contacts(guid'0f0e0d0c-0b0a-0908-0706-050403020100')", 404),
    ],
)
def test_verbs_that_a_resource_does_not_offer(exact: Connection, method: str, path: str, status: int) -> None:
    assert exact.call(method, path, body={}).status_code == status


def test_posting_a_delivery_with_lines_moves_the_order(exact: Connection) -> None:
    order = make_order(exact, quantity=5)

    made = exact.post(
        DELIVERIES,
        {
            "DeliveryDate": "2026-05-04",
            "TrackingNumber": "1Z1",
            "GoodsDeliveryLines": [{"SalesOrderLineID": order["line"]["ID"], "QuantityDelivered": 2}],
        },
    )

    key = made.json()["d"]["EntryID"]
    assert made.status_code == 201
    assert made.headers["Location"] == f"{exact.root}{exact.division}/{DELIVERIES}(guid'{key}')"
    assert made.json()["d"]["GoodsDeliveryLines"]["__deferred"]["uri"].endswith("/GoodsDeliveryLines")
    assert made.json()["d"]["DeliveryDate"] == "/Date(1777852800000)/"
    assert made.json()["d"]["ShippingMethod"] is None
    assert one(exact, ORDERS, order["OrderID"], "Status,DeliveryStatus,DeliveryStatusDescription") | {
        "__metadata": None
    } == {"__metadata": None, "Status": 20, "DeliveryStatus": 20, "DeliveryStatusDescription": "Partial"}
    assert one(exact, ORDER_LINES, order["line"]["ID"], "QuantityDelivered")["QuantityDelivered"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"DeliveryDate": None},
        {"GoodsDeliveryLines": []},
        {"GoodsDeliveryLines": [{"QuantityDelivered": 1}]},
        {"GoodsDeliveryLines": "one"},
        {"DeliveryNumber": 7},
        {"EntryID": "0f0e0d0c-0b0a-0908-0706-050403020100"},
    ],
)
def test_unfit_deliveries_are_not_made(exact: Connection, change: dict[str, object]) -> None:
    order = make_order(exact)
    fit = {
        "DeliveryDate": "2026-05-04",
        "GoodsDeliveryLines": [{"SalesOrderLineID": order["line"]["ID"], "QuantityDelivered": 1}],
    }

    assert exact.post(DELIVERIES, fit | change).status_code == 400
    assert exact.get(f"{DELIVERIES}/$count").text == "0"


def test_more_than_ordered_cannot_be_delivered(exact: Connection) -> None:
    line = {"SalesOrderLineID": make_order(exact, quantity=5)["line"]["ID"], "QuantityDelivered": 6}

    assert exact.post(DELIVERIES, {"DeliveryDate": "2026-05-04", "GoodsDeliveryLines": [line]}).status_code == 400


def test_an_unapproved_order_cannot_be_delivered(exact: Connection) -> None:
    order = make_order(exact)
    exact.put(ORDERS, order["OrderID"], {"ApprovalStatus": 0})
    line = {"SalesOrderLineID": order["line"]["ID"], "QuantityDelivered": 1}

    assert exact.post(DELIVERIES, {"DeliveryDate": "2026-05-04", "GoodsDeliveryLines": [line]}).status_code == 400


def test_a_complete_order_cannot_be_changed_nor_deleted(exact: Connection) -> None:
    order = make_order(exact, quantity=1)
    line = {"SalesOrderLineID": order["line"]["ID"], "QuantityDelivered": 1}
    exact.post(DELIVERIES, {"DeliveryDate": "2026-05-04", "GoodsDeliveryLines": [line]})

    assert one(exact, ORDERS, order["OrderID"], "Status")["Status"] == 21
    assert exact.put(ORDERS, order["OrderID"], {"YourRef": "late"}).status_code == 400
    assert exact.delete(ORDERS, order["OrderID"]).status_code == 400


def test_an_open_order_can_be_deleted_with_its_lines(exact: Connection) -> None:
    order = make_order(exact)

    assert exact.delete(ORDERS, order["OrderID"]).status_code == 204
    assert exact.get(f"{ORDERS}(guid'{order['OrderID']}')", select="OrderID").status_code == 404
    assert exact.rows(ORDER_LINES, select="ID", filter=f"OrderID eq guid'{order['OrderID']}'") == []


def test_orders_have_no_code_of_the_shipping_method_but_sync_has(exact: Connection) -> None:
    make_order(exact)

    assert exact.get(ORDERS, select="ShippingMethodCode").status_code == 400
    assert exact.rows("sync/SalesOrder/SalesOrderHeaders", select="Timestamp,ShippingMethodCode") != []


def test_item_code_is_read_only_on_order_lines(exact: Connection) -> None:
    order = make_order(exact)

    assert exact.put(ORDER_LINES, order["line"]["ID"], {"ItemCode": "BELL-BRASS"}).status_code == 400


def test_the_echo_of_a_contact_is_nearly_empty_but_the_record_is_full(exact: Connection) -> None:
    account = exact.company["accounts"][0]["id"]

    echo = exact.post("crm/Contacts", {"Account": account, "FirstName": "Ada", "LastName": "Bos"}).json()["d"]

    row = one(exact, "crm/Contacts", echo["ID"], "FullName,Account,AccountName")
    assert echo["FullName"] is None
    assert row["FullName"] == "Ada Bos"
    assert row["Account"] == account
    assert row["AccountName"] == exact.company["accounts"][0]["name"]


def test_mandatory_properties_are_named(exact: Connection) -> None:
    refused = exact.post("crm/Contacts", {"FirstName": "Ada", "LastName": "Bos"})

    assert refused.status_code == 400
    assert "Account" in refused.json()["error"]["message"]["value"]


def test_an_equal_address_is_returned_instead_of_a_second_one(exact: Connection) -> None:
    address = {"Account": exact.company["accounts"][0]["id"], "Type": 4, "AddressLine1": "Kade 1", "Country": "NL"}

    first, second = exact.post("crm/Addresses", address), exact.post("crm/Addresses", address)

    assert first.json()["d"]["ID"] == second.json()["d"]["ID"]
    assert first.json()["d"]["Country"] == "NL "


def test_the_warehouse_address_has_no_account(exact: Connection) -> None:
    warehouse = exact.company["warehouse_id"]

    rows = exact.rows("crm/Addresses", select="Account,City", filter=f"Warehouse eq guid'{warehouse}' and Type eq 4")

    assert [(row["Account"], row["City"]) for row in rows] == [(None, "Capelle aan den IJssel")]


def test_a_document_with_attachment_can_be_linked_and_read_back(exact: Connection) -> None:
    key = exact.book()["EntryID"]
    document = exact.post("documents/Documents", {"Subject": "Proof of delivery", "Type": 55}).json()["d"]
    attachment = exact.post(
        "documents/DocumentAttachments",
        {"Document": document["ID"], "FileName": "pod.txt", "Attachment": "dGVzdA=="},
    ).json()["d"]

    linked = exact.put(DELIVERIES, key, {"Document": document["ID"]})
    file = exact.app.stand_in.web.get(
        attachment["Url"] + "&Download=1",
        headers={"Authorization": f"Bearer {exact.tokens['access_token']}"},
        timeout=5,
    )

    assert linked.status_code == 204
    assert one(exact, DELIVERIES, key, "DocumentSubject")["DocumentSubject"] == "Proof of delivery"
    assert (attachment["Attachment"], attachment["FileSize"]) == (None, 4)
    assert file.content == b"test"


def test_a_document_type_that_cannot_be_made_is_refused(exact: Connection) -> None:
    assert exact.post("documents/Documents", {"Subject": "x", "Type": 10}).status_code == 400
