"""Shapes of answers: both forms of `d`, wall-clock dates, padding, links, expansion (exact.md 6.2, 6.3)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import requests

from sandbox.exact.wallclock import date_to_wall_ms, parse_wall, to_wall_ms
from tests.sandbox.exact.driver import TIMEOUT_SECONDS, Connection

SELECT_DEMAND = "Please add a $select or a $top=1 statement to the query string."


def message(answer: requests.Response) -> str:
    return str(answer.json()["error"]["message"]["value"])


def test_me_is_one_row_without_division(exact: Connection) -> None:
    body = exact.call("GET", "current/Me", {"$select": "UserID,CurrentDivision,ServerTime,Legislation"}).json()

    row = body["d"]["results"][0]
    assert row["UserID"] == exact.company["user_id"]
    assert row["CurrentDivision"] == exact.division
    assert row["Legislation"] == "1"
    assert row["__metadata"]["uri"] == f"{exact.root}current/Me(guid'{row['UserID']}')"


def test_me_below_a_division_and_other_resources_without_one_are_404(exact: Connection) -> None:
    headers = {"Authorization": f"Bearer {exact.tokens['access_token']}", "Accept": "application/json"}

    below = exact.app.stand_in.web.get(
        f"{exact.root}{exact.division}/current/Me", headers=headers, timeout=TIMEOUT_SECONDS
    )
    without = exact.app.stand_in.web.get(f"{exact.root}crm/Accounts", headers=headers, timeout=TIMEOUT_SECONDS)

    assert (below.status_code, without.status_code) == (404, 404)


def test_divisions_show_only_what_was_allowed_and_number_their_states_differently(exact: Connection) -> None:
    exact.app.stand_in.found(user=exact.company["user_id"])

    regular = exact.rows("hrm/Divisions", select="Code,Status,HID")
    system = exact.rows("system/Divisions")

    assert [(row["Code"], row["Status"]) for row in regular] == [(exact.division, 0)]
    assert [(row["Code"], row["Status"]) for row in system] == [(exact.division, 1)]
    assert isinstance(system[0]["Hid"], str)
    assert system[0]["Country"] == "NL "
    assert system[0]["__metadata"]["uri"].endswith(f"/system/Divisions({exact.division})")


def test_a_division_is_addressed_by_its_bare_number(exact: Connection) -> None:
    answer = exact.get(f"system/Divisions({exact.division})", select="Code")

    assert answer.json()["d"]["Code"] == exact.division
    assert exact.get("system/Divisions(1)", select="Code").status_code == 404


@pytest.mark.parametrize("path", ["salesorder/GoodsDeliveries", "crm/Accounts", "sales/ShippingMethods"])
def test_lists_demand_select_with_the_known_words(exact: Connection, path: str) -> None:
    refused = exact.get(path)

    assert refused.status_code == 400
    assert message(refused) == SELECT_DEMAND
    assert refused.json()["error"]["code"] == ""


def test_top_one_needs_no_select_and_answers_a_bare_list(exact: Connection) -> None:
    data = exact.get("crm/Accounts", top=1).json()["d"]

    assert isinstance(data, list)
    assert len(data) == 1
    assert data[0]["BankAccounts"]["__deferred"]["uri"].endswith(f"(guid'{data[0]['ID']}')/BankAccounts")
    assert "ClientGroup" in data[0]


@pytest.mark.parametrize(("top", "shape"), [(3, list), (60, list), (61, dict)])
def test_the_shape_of_d_follows_top(exact: Connection, top: int, shape: type) -> None:
    assert isinstance(exact.get("crm/Accounts", select="ID", top=top).json()["d"], shape)


def test_codes_and_countries_are_padded(exact: Connection) -> None:
    rows = exact.rows("crm/Accounts", select="Code,Country", orderby="Name")
    codes = {row["Code"] for row in exact.rows("logistics/Items", select="Code")}

    assert {len(row["Code"]) for row in rows} == {18}
    assert all(row["Code"].startswith("    ") for row in rows)
    assert {row["Country"] for row in rows} == {"BE ", "DE ", "ES ", "FR ", "GB ", "NL ", "US "}
    assert "LOCK-U230" in codes


def test_pages_of_sixty_are_linked_by_absolute_addresses(exact: Connection) -> None:
    exact.book(count=130)
    query: dict[str, str | int] = {"select": "EntryID,Created", "filter": "TrackingNumber eq null"}
    first = exact.get("salesorder/GoodsDeliveries", **query).json()["d"]

    seen = [row["EntryID"] for row in first["results"]]
    link = first["__next"]
    while link:
        assert link.startswith(f"{exact.root}{exact.division}/salesorder/GoodsDeliveries?$filter=")
        page = _follow(exact, link)
        seen += [row["EntryID"] for row in page["results"]]
        link = page.get("__next")

    assert len(first["results"]) == 60
    assert len(seen) == len(set(seen)) == 130


def test_next_lowers_top_drops_skip_and_keeps_the_order(exact: Connection) -> None:
    exact.book(count=130)

    first = exact.get(
        "salesorder/GoodsDeliveries", select="DeliveryNumber", orderby="DeliveryNumber desc", top=100, skip=10
    ).json()["d"]
    second = _follow(exact, first["__next"])

    numbers = [row["DeliveryNumber"] for row in first["results"] + second["results"]]
    assert "$top=40" in first["__next"]
    assert "$skip=" not in first["__next"]
    assert len(numbers) == 100
    assert numbers == sorted(numbers, reverse=True)
    assert "__next" not in second


def test_order_by_date_puts_date_and_key_into_the_skiptoken(exact: Connection) -> None:
    exact.book(count=61)

    link = exact.get("salesorder/GoodsDeliveries", select="EntryID", orderby="Created").json()["d"]["__next"]

    assert "$skiptoken=datetime'20" in link
    assert "%3A" in link
    assert ",guid'" in link
    assert len(_follow(exact, link)["results"]) == 1


def test_inlinecount_is_text_and_count_is_a_bare_number(exact: Connection) -> None:
    data = exact.get("crm/Accounts", select="ID", top=2, inlinecount="allpages").json()["d"]
    count = exact.get("crm/Accounts/$count")

    assert data["__count"] == "8"
    assert len(data["results"]) == 2
    assert count.text == "8"


def test_expanded_lines_come_as_results_and_must_be_selected(exact: Connection) -> None:
    key = exact.book()["EntryID"]
    path, wanted = "salesorder/GoodsDeliveries", f"EntryID eq guid'{key}'"

    opened = exact.rows(path, select="EntryID,GoodsDeliveryLines", expand="GoodsDeliveryLines", filter=wanted)
    closed = exact.rows(path, select="EntryID,GoodsDeliveryLines", filter=wanted)
    forgotten = exact.get(path, select="EntryID", expand="GoodsDeliveryLines", filter=wanted)
    wrong = exact.get(path, select="EntryID,Remarks", expand="Remarks", filter=wanted)

    lines = opened[0]["GoodsDeliveryLines"]["results"]
    assert [line["LineNumber"] for line in lines] == [1, 2]
    assert {line["EntryID"] for line in lines} == {key}
    assert closed[0]["GoodsDeliveryLines"]["__deferred"]["uri"].endswith("/GoodsDeliveryLines")
    assert (forgotten.status_code, wrong.status_code) == (400, 400)


def test_a_deferred_address_can_be_followed(exact: Connection) -> None:
    key = exact.book()["EntryID"]
    exact.book()

    rows = exact.rows(f"salesorder/GoodsDeliveries(guid'{key}')/GoodsDeliveryLines", select="ID,EntryID")

    assert {row["EntryID"] for row in rows} == {key}


def test_one_record_by_key_and_the_ways_it_can_be_missing(exact: Connection) -> None:
    key = exact.book()["EntryID"]
    gone = "00000000-0000-0000-0000-00000000abcd"

    found = exact.get(f"salesorder/GoodsDeliveries(guid'{key.upper()}')", select="EntryID").json()["d"]

    assert found["EntryID"] == key
    assert exact.get(f"salesorder/GoodsDeliveries(guid'{gone}')", select="EntryID").status_code == 404
    assert exact.get(f"salesorder/GoodsDeliveries({key})").status_code == 400
    assert exact.rows("salesorder/GoodsDeliveries", select="EntryID", filter=f"EntryID eq guid'{gone}'") == []
    assert exact.get("salesorder/Nothing", select="ID").status_code == 404


def test_split_lines_repeat_their_id(exact: Connection) -> None:
    item = exact.company["items"][0]["id"]
    key = exact.book(lines=[{"item_id": item, "quantity": 5, "splits": 2}])["EntryID"]

    rows = exact.rows(
        "salesorder/GoodsDeliveryLines",
        select="ID,StorageLocationCode,QuantityDelivered",
        filter=f"EntryID eq guid'{key}'",
    )

    assert len({row["ID"] for row in rows}) == 1
    assert sorted(row["QuantityDelivered"] for row in rows) == [2, 3]
    assert {row["StorageLocationCode"] for row in rows} == {"A01", "A02"}


def test_moments_are_wall_clock_and_days_are_midnight(exact: Connection) -> None:
    key = exact.book()["EntryID"]
    clock = exact.app.stand_in.control("GET", "clock")

    row = exact.rows("salesorder/GoodsDeliveries", select="Created,DeliveryDate", filter=f"EntryID eq guid'{key}'")[0]

    here = datetime.fromisoformat(clock["now"]).astimezone(ZoneInfo("Europe/Amsterdam")).replace(tzinfo=None)
    created = datetime(1970, 1, 1) + timedelta(milliseconds=_milliseconds(row["Created"]))  # noqa: DTZ001
    assert abs((here - created).total_seconds()) < 5
    assert _milliseconds(row["DeliveryDate"]) % 86_400_000 == 0


def test_without_accept_json_the_answer_is_atom(exact: Connection) -> None:
    listed = exact.call("GET", "crm/Accounts", {"$select": "Name"}, headers={"Accept": "*/*"})
    refused = exact.call("GET", "crm/Accounts", headers={"Accept": "*/*"})

    assert listed.headers["Content-Type"].startswith("application/atom+xml")
    assert "<d:Name>" in listed.text
    assert refused.headers["Content-Type"].startswith("application/xml")
    assert SELECT_DEMAND in refused.text


def test_lines_can_come_later_than_their_delivery(exact: Connection) -> None:
    exact.app.stand_in.settings(lines_late_ms=4000)
    key = exact.book()["EntryID"]
    wanted = f"EntryID eq guid'{key}'"

    at_once = exact.rows("salesorder/GoodsDeliveryLines", select="ID", filter=wanted)
    exact.app.stand_in.advance(5)

    assert at_once == []
    assert len(exact.rows("salesorder/GoodsDeliveryLines", select="ID", filter=wanted)) == 2


@pytest.mark.parametrize(
    ("at", "milliseconds"),
    [
        (datetime(2026, 1, 15, 9, 0, tzinfo=UTC), 1768471200000),
        (datetime(2026, 6, 25, 14, 28, 10, 63_000, tzinfo=UTC), 1782404890063),
    ],
)
def test_wall_clock_numbers_in_winter_and_summer(at: datetime, milliseconds: int) -> None:
    assert to_wall_ms(at) == milliseconds


def test_dates_are_read_without_zone_only() -> None:
    midnight = date_to_wall_ms(datetime(2026, 6, 25, tzinfo=UTC).date())

    assert midnight == 1782345600000
    assert parse_wall("2026-06-25") == midnight
    assert parse_wall("2026-06-25T00:00:00") == midnight
    assert parse_wall("2026-06-25T00:00:00Z") is None
    assert parse_wall("25-06-2026") is None
    assert parse_wall("2026-02-30") is None


def _milliseconds(text: str) -> int:
    return int(text.removeprefix("/Date(").removesuffix(")/"))


def _follow(exact: Connection, link: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {exact.tokens['access_token']}", "Accept": "application/json"}
    answer = exact.app.stand_in.web.get(link, headers=headers, timeout=TIMEOUT_SECONDS)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["d"]
    return data


@pytest.mark.parametrize(
    ("path", "status"),
    [("salesorder/GoodsDeliveries", 400), ("documents/Documents", 400), ("sales/ShippingMethods", 200)],
)
def test_a_list_with_a_sync_twin_may_demand_a_filter(exact: Connection, path: str, status: int) -> None:
    key = "EntryID" if "Goods" in path else "ID"
    exact.app.stand_in.settings(demands_filter=True)

    assert exact.get(path, select=key, top=1).status_code == status
    assert exact.get(path, select=key, filter=f"{key} eq guid'{uuid4()}'").status_code == 200
