"""The `$filter` dialect, what it refuses, and the other query options (exact.md 6.1)."""

import pytest

from sandbox.exact.filters import compile_filter
from tests.sandbox.exact.driver import Connection

ACCOUNTS = "crm/Accounts"


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("Name eq 'Velo Gent bvba'", ["Velo Gent bvba"]),
        ("Name ne 'Velo Gent bvba' and Country eq 'BE '", []),
        ("Country eq 'BE'", []),
        ("trim(Country) eq 'BE'", ["Velo Gent bvba"]),
        ("tolower(Name) eq 'velo gent bvba'", ["Velo Gent bvba"]),
        ("startswith(Name, 'Velo')", ["Velo Gent bvba"]),
        ("startswith(tolower(Name), 'velo') eq true", ["Velo Gent bvba"]),
        ("substringof('Turia', Name)", ["Ciclos Turia S.L."]),
        ("'Velo Gent bvba' eq Name", ["Velo Gent bvba"]),
        ("(Country eq 'BE ' or Country eq 'ES ') and Blocked eq false", ["Ciclos Turia S.L.", "Velo Gent bvba"]),
        ("Country eq 'BE ' or Country eq 'ES ' and Blocked eq true", ["Velo Gent bvba"]),
        ("State ne null", ["Lone Star Bicycle Co."]),
        ("DeliveryAdvice gt 0", []),
        ("Name gt 'V' and Name lt 'Ver'", ["Velo Gent bvba"]),
        ("Created ge datetime'2020-01-01' and Country eq 'BE '", ["Velo Gent bvba"]),
        ("Created lt datetime'2020-01-01T00:00:00'", []),
        ("Name eq 'O''Neill'", []),
    ],
)
def test_expressions_find_the_right_accounts(exact: Connection, expression: str, names: list[str]) -> None:
    rows = exact.rows(ACCOUNTS, select="Name", filter=expression)

    assert sorted(row["Name"] for row in rows) == names


def test_a_quote_inside_a_text_is_doubled(exact: Connection) -> None:
    exact.post(ACCOUNTS, {"Name": "O'Neill & Sons"})

    rows = exact.rows(ACCOUNTS, select="Name", filter="Name eq 'O''Neill & Sons'")

    assert [row["Name"] for row in rows] == ["O'Neill & Sons"]


def test_account_codes_need_their_padding(exact: Connection) -> None:
    code = exact.rows(ACCOUNTS, select="Code", top=1)[0]["Code"]

    assert exact.rows(ACCOUNTS, select="Code", filter=f"Code eq '{code}'") != []
    assert exact.rows(ACCOUNTS, select="Code", filter=f"Code eq '{code.strip()}'") == []


@pytest.mark.parametrize(
    "expression",
    [
        "Nonsense eq 'x'",
        "BankAccounts eq null",
        "Name eq",
        "Name",
        "Blocked",
        "Name eq Velo",
        "Name eq 'x",
        "Name = 'x'",
        "(Name eq 'x'",
        "Name eq 'x')",
        "not (Name eq 'x')",
        "Name in ('x')",
        "endswith(Name,'x')",
        "startswith(Blocked,'x')",
        "ID eq '9e9e9e9e-0000-0000-0000-000000000000'",
        "ID eq guid'9e9e'",
        "Created gt '2026-01-01'",
        "Created gt datetime'yesterday'",
        "DeliveryAdvice eq 'x'",
        "",
    ],
)
def test_what_the_dialect_does_not_know_is_refused(exact: Connection, expression: str) -> None:
    refused = exact.call("GET", ACCOUNTS, {"$select": "ID", "$filter": expression})

    assert refused.status_code == 400
    assert refused.json()["error"]["message"]["value"]


@pytest.mark.parametrize(
    "query",
    [
        {"$select": "ID,Nonsense"},
        {"$select": "ID,TaxSchedule"},
        {"$select": ""},
        {"$select": "ID", "$top": "-1"},
        {"$select": "ID", "$top": "many"},
        {"$select": "ID", "$orderby": "Nonsense"},
        {"$select": "ID", "$orderby": "Name upwards"},
        {"$select": "ID", "$inlinecount": "some"},
        {"$select": "ID", "$search": "x"},
        {"$select": "ID", "$skiptoken": "Name"},
        {"$select": "ID", "$orderby": "Name", "$skiptoken": "guid'9e9e9e9e-0000-0000-0000-000000000000'"},
        {"$select": "ID", "$expand": "Nonsense"},
    ],
)
def test_wrong_options_are_refused(exact: Connection, query: dict[str, str]) -> None:
    assert exact.call("GET", ACCOUNTS, query).status_code == 400


def test_orders_select_star_and_skip(exact: Connection) -> None:
    names = [row["Name"] for row in exact.rows(ACCOUNTS, select="*", orderby="Country desc,Name")]
    behind = [row["Name"] for row in exact.rows(ACCOUNTS, select="Name", orderby="Country desc,Name", skip=3, top=2)]

    assert names[0] == "Lone Star Bicycle Co."
    assert behind == names[3:5]


def test_keys_joined_by_or_are_answered_from_the_index() -> None:
    guids = [f"0f0e0d0c-0b0a-0908-0706-05040302010{digit}" for digit in range(3)]
    joined = " or ".join(f"EntryID eq guid'{guid}'" for guid in guids)

    found = compile_filter("salesorder/GoodsDeliveryLines", f"({joined}) and QuantityDelivered gt 0")

    assert found.keys == tuple(("EntryID", guid) for guid in guids)


def test_a_row_version_bounds_the_search() -> None:
    assert compile_filter("sync/CRM/Accounts", "Timestamp gt 41L and Timestamp lt 99L").above == 41


def test_one_unindexed_side_makes_the_whole_search_a_scan() -> None:
    expression = "EntryID eq guid'0f0e0d0c-0b0a-0908-0706-050403020100' or Remarks eq 'x'"

    assert compile_filter("salesorder/GoodsDeliveries", expression).keys is None


def test_deep_nesting_is_refused_not_crashed(exact: Connection) -> None:
    refused = exact.get(ACCOUNTS, select="ID", filter="(" * 100 + "Name eq 'x'" + ")" * 100)

    assert refused.status_code == 400
