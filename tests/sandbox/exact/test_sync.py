"""Sync, its row versions, deletions, and the bulk twins (exact.md 12)."""

from tests.sandbox.exact.driver import Connection

DELIVERIES = "salesorder/GoodsDeliveries"
SYNC = "sync/SalesOrder/GoodsDeliveries"
SYNC_LINES = "sync/SalesOrder/GoodsDeliveryLines"


def versions(exact: Connection, path: str = SYNC, above: int = 1) -> list[tuple[int, str]]:
    rows = exact.rows(path, select="Timestamp,EntryID", filter=f"Timestamp gt {above}L")
    assert all(isinstance(row["Timestamp"], str) for row in rows)
    return [(int(row["Timestamp"]), row["EntryID"]) for row in rows]


def test_a_change_moves_a_record_to_the_end(exact: Connection) -> None:
    first, second = exact.book()["EntryID"], exact.book()["EntryID"]
    before = versions(exact)

    exact.put(DELIVERIES, first, {"Description": "again"})

    after = versions(exact)
    assert [key for _version, key in before] == [first, second]
    assert [key for _version, key in after] == [second, first]
    assert versions(exact, above=before[-1][0]) == [after[-1]]


def test_a_changed_line_does_not_bump_its_header(exact: Connection) -> None:
    booked = exact.book()
    headers, lines = versions(exact), versions(exact, SYNC_LINES)

    exact.put("salesorder/GoodsDeliveryLines", booked["GoodsDeliveryLines"][0]["ID"], {"Notes": "x"})

    assert versions(exact) == headers
    assert versions(exact, SYNC_LINES) != lines


def test_pages_hold_a_thousand(exact: Connection) -> None:
    exact.book(count=1001, lines=[{"item_id": exact.company["items"][0]["id"], "quantity": 1}])

    first = exact.get(SYNC, select="Timestamp,EntryID", filter="Timestamp gt 1L").json()["d"]

    assert len(first["results"]) == 1000
    assert first["__next"].endswith(f"$skiptoken={first['results'][-1]['Timestamp']}L")
    assert len(versions(exact, above=int(first["results"][-1]["Timestamp"]))) == 1


def test_only_the_row_version_may_be_filtered_and_nothing_ordered(exact: Connection) -> None:
    by_key = exact.get(SYNC, select="EntryID", filter="EntryID eq guid'0f0e0d0c-0b0a-0908-0706-050403020100'")

    assert by_key.status_code == 400
    assert exact.get(SYNC, select="*", filter="Timestamp gt 1L").status_code == 400
    assert exact.get(SYNC, select="EntryID", orderby="Timestamp").status_code == 400
    assert exact.get(SYNC, filter="Timestamp gt 1L").status_code == 400
    assert exact.get(DELIVERIES, select="Timestamp").status_code == 400


def test_masters_have_their_sync_twins(exact: Connection) -> None:
    twins = ("sync/CRM/Accounts", "sync/CRM/Addresses", "sync/CRM/Contacts", "sync/Logistics/Items")

    counts = [len(exact.rows(path, select="Timestamp,ID", filter="Timestamp gt 1L")) for path in twins]

    assert counts == [8, 17, 8, 8]


def test_deletions_stand_in_their_own_list_for_two_months(exact: Connection) -> None:
    made = exact.post("crm/Accounts", {"Name": "Short-lived"}).json()["d"]["ID"]
    exact.delete("crm/Accounts", made)
    wanted = "Timestamp gt 1L and EntityType eq 2"

    rows = exact.rows("sync/Deleted", select="EntityKey,EntityType,DeletedBy,Timestamp", filter=wanted)

    assert [(row["EntityKey"], row["EntityType"], row["DeletedBy"]) for row in rows] == [
        (made, 2, exact.company["user_id"])
    ]
    assert made not in {row["ID"] for row in exact.rows("sync/CRM/Accounts", select="Timestamp,ID")}


def test_after_a_move_all_row_versions_start_anew_in_their_order(exact: Connection) -> None:
    booked = [exact.book()["EntryID"] for _ in range(3)]
    exact.put(DELIVERIES, booked[0], {"Description": "again"})
    before, master = versions(exact), exact.rows("sync/CRM/Accounts", select="Timestamp", filter="Timestamp gt 1L")

    exact.app.stand_in.control("PATCH", f"companies/{exact.division}", {"DivisionMoveDate": "2026-10-03T00:00:00"})
    after = versions(exact)
    later = exact.book()["EntryID"]

    assert [key for _version, key in after] == [key for _version, key in before] == [booked[1], booked[2], booked[0]]
    assert after[-1][0] < before[0][0]
    assert versions(exact, above=before[-1][0]) == []
    assert [key for _version, key in versions(exact, above=after[-1][0])] == [later]
    assert len(exact.rows("sync/CRM/Accounts", select="Timestamp", filter="Timestamp gt 1L")) == len(master)


def test_other_facts_of_a_company_leave_its_row_versions(exact: Connection) -> None:
    exact.book()
    before = versions(exact)

    exact.app.stand_in.control(
        "PATCH", f"companies/{exact.division}", {"Description": "Fietsen BV", "DivisionMoveDate": None}
    )

    assert versions(exact) == before


def test_sync_timestamp_finds_where_to_start(exact: Connection) -> None:
    exact.book()
    exact.app.stand_in.advance(3 * 86_400)
    exact.tokens = exact.app.refresh(exact.tokens["refresh_token"]).json()
    exact.book()
    newest = versions(exact)[-1][0]
    moment = exact.rows(DELIVERIES, select="Modified", orderby="Modified desc", top=1)[0]["Modified"]
    assert moment.startswith("/Date(")
    now = exact.app.stand_in.control("GET", "clock")["now"][:10]

    found = exact.call(
        "GET",
        "read/sync/Sync/SyncTimestamp",
        {"modified": f"datetime'{now}'", "endPoint": "'GoodsDeliveries'"},
    ).json()["d"]["results"]
    nothing = exact.call(
        "GET", "read/sync/Sync/SyncTimestamp", {"modified": "datetime'2099-01-01'", "endPoint": "'GoodsDeliveries'"}
    ).json()["d"]["results"]
    wrong = exact.call("GET", "read/sync/Sync/SyncTimestamp", {"modified": "datetime'2026-01-01'"})

    assert found[0]["TimeStampAsBigInt"] == str(newest)
    assert nothing == []
    assert wrong.status_code == 400


def test_bulk_takes_few_filters_and_demands_one(exact: Connection) -> None:
    booked = exact.book()
    path, wanted = "bulk/SalesOrder/GoodsDeliveryLines", f"EntryID eq guid'{booked['EntryID']}'"

    assert len(exact.rows(path, select="ID,EntryID", filter=wanted)) == 2
    assert exact.get(path, select="ID").status_code == 400
    assert exact.get(path, filter=wanted).status_code == 400
    assert exact.get(path, select="ID", filter="QuantityDelivered gt 0").status_code == 400
    assert exact.rows("bulk/SalesOrder/GoodsDeliveries", select="EntryID", filter=wanted) != []
