"""Calls per minute and day, their headers, and the block after too many errors (exact.md 5)."""

from datetime import datetime

import requests

from tests.sandbox.exact.driver import Connection

ACCOUNTS = "crm/Accounts"
DAILY = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
MINUTELY = {"X-RateLimit-Minutely-Limit", "X-RateLimit-Minutely-Remaining", "X-RateLimit-Minutely-Reset"}


def limit_headers(answer: requests.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("X-RateLimit")}


def read(exact: Connection) -> requests.Response:
    return exact.get(ACCOUNTS, select="ID", top=1)


def to_early_in_a_minute(exact: Connection) -> datetime:
    """Moves to second 5 of the next whole minute, so that a test fits into one window."""
    now = datetime.fromisoformat(exact.app.stand_in.control("GET", "clock")["now"])
    exact.app.stand_in.advance(65 - now.second)
    return datetime.fromisoformat(exact.app.stand_in.control("GET", "clock")["now"])


def test_every_answer_carries_both_groups_in_milliseconds(exact: Connection) -> None:
    now = to_early_in_a_minute(exact)

    headers = read(exact).headers

    assert headers["X-RateLimit-Limit"] == "5000"
    assert headers["X-RateLimit-Remaining"] == "4999"
    assert headers["X-RateLimit-Minutely-Limit"] == "60"
    assert headers["X-RateLimit-Minutely-Remaining"] == "59"
    assert int(headers["X-RateLimit-Minutely-Reset"]) == (int(now.timestamp()) // 60 + 1) * 60_000
    assert int(headers["X-RateLimit-Reset"]) == (int(now.timestamp()) // 86_400 + 1) * 86_400_000


def test_a_used_up_minute_answers_429_with_its_own_group_and_no_body(exact: Connection) -> None:
    exact.app.stand_in.settings(minutely_limit=2)
    to_early_in_a_minute(exact)

    answers = [read(exact) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert limit_headers(answers[2]) == MINUTELY
    assert answers[2].headers["X-RateLimit-Minutely-Remaining"] == "0"
    assert answers[2].content == b""


def test_the_next_whole_minute_opens_again(exact: Connection) -> None:
    exact.app.stand_in.settings(minutely_limit=1)
    to_early_in_a_minute(exact)
    read(exact)
    exact.app.stand_in.advance(56)

    assert read(exact).status_code == 200


def test_a_used_up_day_answers_429_with_the_daily_group_until_midnight_utc(exact: Connection) -> None:
    exact.app.stand_in.settings(daily_limit=1)
    read(exact)

    refused = read(exact)
    now = datetime.fromisoformat(exact.app.stand_in.control("GET", "clock")["now"])

    assert refused.status_code == 429
    assert limit_headers(refused) == DAILY
    exact.app.stand_in.advance(86_400 - int(now.timestamp()) % 86_400 + 1)
    exact.tokens = exact.app.refresh(exact.tokens["refresh_token"]).json()
    assert read(exact).status_code == 200


def test_limits_are_counted_per_app_and_company(exact: Connection) -> None:
    exact.app.stand_in.settings(minutely_limit=1)
    to_early_in_a_minute(exact)
    other_app = exact.app.stand_in.register().connect(exact.company)
    second = exact.app.stand_in.found()
    other_company = exact.app.connect(second)
    read(exact)

    assert read(exact).status_code == 429
    assert read(other_app).status_code == 200
    assert read(other_company).status_code == 200


def test_ten_errors_on_an_endpoint_block_it_for_an_hour(exact: Connection) -> None:
    errors = [exact.get(ACCOUNTS).status_code for _ in range(10)]

    blocked = read(exact)

    assert errors == [400] * 10
    assert blocked.status_code == 403
    assert blocked.headers["Reason"] == "ErrorLimitExceeded"
    assert exact.get("crm/Contacts", select="ID", top=1).status_code == 200


def test_the_block_ends_after_an_hour_and_is_longer_the_next_time(exact: Connection) -> None:
    for _ in range(10):
        exact.get(ACCOUNTS)
    _an_hour_later(exact)
    opened = read(exact).status_code
    for _ in range(10):
        exact.get(ACCOUNTS)
    _an_hour_later(exact)

    assert opened == 200
    assert read(exact).status_code == 403


def test_errors_of_an_hour_ago_are_forgotten(exact: Connection) -> None:
    for _ in range(9):
        exact.get(ACCOUNTS)
    _an_hour_later(exact)
    exact.get(ACCOUNTS)

    assert read(exact).status_code == 200


def test_missing_records_and_wrong_verbs_count_but_405_does_not(exact: Connection) -> None:
    gone = "crm/Accounts(guid'0f0e0d0c-0b0a-0908-0706-050403020100')"
    for _ in range(9):
        exact.get(gone, select="ID")
    for _ in range(3):
        exact.call("PATCH", ACCOUNTS, body={})

    assert read(exact).status_code == 200
    exact.get(gone, select="ID")
    assert read(exact).status_code == 403


def test_a_block_can_answer_429_without_headers(exact: Connection) -> None:
    exact.app.stand_in.settings(error_block_status=429)
    for _ in range(10):
        exact.get(ACCOUNTS)

    blocked = read(exact)

    assert blocked.status_code == 429
    assert limit_headers(blocked) == set()


def test_expired_tokens_count_as_errors_of_their_endpoint(exact: Connection) -> None:
    exact.app.stand_in.advance(601)
    assert {read(exact).status_code for _ in range(10)} == {401}
    exact.tokens = exact.app.refresh(exact.tokens["refresh_token"]).json()

    assert read(exact).status_code == 403


def test_added_delay_is_felt(exact: Connection) -> None:
    exact.app.stand_in.settings(added_delay_ms=80)

    read(exact)

    calls = exact.app.stand_in.control("GET", "calls?operation=GET crm/Accounts")["calls"]
    assert calls[-1]["duration_ms"] >= 80


def _an_hour_later(exact: Connection) -> None:
    exact.app.stand_in.advance(3601)
    exact.tokens = exact.app.refresh(exact.tokens["refresh_token"]).json()
