"""Tokens, sites, consent, scopes and user rights on resources (exact.md 2, 4, 6.5)."""

import pytest

from tests.sandbox.exact.driver import Connection, StandIn

ACCOUNTS = "crm/Accounts"


def refusal(exact: Connection, method: str, path: str, body: object = None) -> tuple[int, str]:
    answer = exact.call(method, path, {"$select": "ID"} if method == "GET" else None, body=body)
    return answer.status_code, str(answer.json()["error"]["message"]["value"])


def test_missing_and_unknown_tokens_get_401(exact: Connection) -> None:
    missing = exact.call("GET", ACCOUNTS, headers={"Authorization": ""})
    unknown = exact.call("GET", ACCOUNTS, headers={"Authorization": "Bearer guessed"})
    basic = exact.call("GET", ACCOUNTS, headers={"Authorization": f"Basic {exact.tokens['access_token']}"})

    assert [missing.status_code, unknown.status_code, basic.status_code] == [401, 401, 401]


def test_a_company_that_was_not_allowed_is_closed(exact: Connection) -> None:
    second = exact.app.stand_in.found(user=exact.company["user_id"])
    exact.company = second

    assert exact.get(ACCOUNTS, select="ID").status_code == 403


def test_a_later_consent_can_open_more_companies(exact: Connection) -> None:
    second = exact.app.stand_in.found(user=exact.company["user_id"])

    both = exact.app.connect(exact.company, exact.division, second["division"])

    assert {row["Code"] for row in both.rows("hrm/Divisions", select="Code")} == {exact.division, second["division"]}


def test_a_missing_scope_is_named_with_dots(stand_in: StandIn) -> None:
    exact = stand_in.connect(scopes=["logistics wms"])

    status, text = refusal(exact, "GET", "webhooks/WebhookSubscriptions")

    assert status == 403
    assert text == "Forbidden - Application Scope Violated. Cannot read 'organization.administration' scope."


def test_reading_scopes_do_not_allow_writing(stand_in: StandIn) -> None:
    exact = stand_in.connect(scopes={"logistics wms": "read"})
    key = exact.book()["EntryID"]

    status, text = refusal(exact, "PUT", f"salesorder/GoodsDeliveries(guid'{key}')", {"Remarks": "x"})

    assert exact.rows("salesorder/GoodsDeliveries", select="Remarks") != []
    assert (status, "Cannot manage 'logistics.wms' scope." in text) == (403, True)


def test_me_and_hrm_divisions_need_no_scope(stand_in: StandIn) -> None:
    exact = stand_in.connect(scopes=[])

    assert exact.call("GET", "current/Me", {"$select": "UserID"}).status_code == 200
    assert exact.get("hrm/Divisions", select="Code").status_code == 200
    assert exact.get("system/Divisions", select="Code").status_code == 403


@pytest.mark.parametrize(
    ("missing", "read_status"), [("salesorder/GoodsDeliveries:PUT", 200), ("salesorder/GoodsDeliveries", 403)]
)
def test_missing_user_rights_are_told_in_other_words(exact: Connection, missing: str, read_status: int) -> None:
    key = exact.book()["EntryID"]
    exact.app.stand_in.control("POST", f"companies/{exact.division}/rights", {"missing": [missing]})

    status, text = refusal(exact, "PUT", f"salesorder/GoodsDeliveries(guid'{key}')", {"Remarks": "x"})

    assert status == 403
    assert "Scope" not in text
    assert exact.get("salesorder/GoodsDeliveries", select="EntryID").status_code == read_status


def test_rights_can_be_asked_without_trying(exact: Connection) -> None:
    ask = {"endpoint": "'salesorder/GoodsDeliveries'", "action": "'PUT'"}
    before = exact.call("GET", "users/UserHasRights", ask).json()
    exact.app.stand_in.control(
        "POST", f"companies/{exact.division}/rights", {"missing": ["salesorder/GoodsDeliveries:PUT"]}
    )

    after = exact.call("GET", "users/UserHasRights", ask).json()
    wrong = exact.call("GET", "users/UserHasRights", {"endpoint": "salesorder/GoodsDeliveries", "action": "'PUT'"})

    assert (before, after) == ({"d": {"UserHasRights": True}}, {"d": {"UserHasRights": False}})
    assert wrong.status_code == 400


def test_unknown_addresses_are_404(exact: Connection) -> None:
    answer = exact.app.stand_in.web.get(f"{exact.app.stand_in.base_url}/xx/api/v1/current/Me", timeout=5)

    assert answer.status_code == 404
    assert exact.get("bogus/Resource", select="ID").status_code == 404
