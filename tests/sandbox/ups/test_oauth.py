"""Tokens: shape, refusals, limits, host and life time (ups.md 3)."""

import pytest

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import dutch
from tests.sandbox.ups.conftest import Caller, Ups, code_of


def test_token_answer_is_all_text_and_fits_the_specification(caller: Caller) -> None:
    answer = caller.fetch_token(**{"x-merchant-id": "A1B2C3"})

    body = answer.json()
    assert answer.status_code == 200
    assert {name: value for name, value in body.items() if name not in {"issued_at", "access_token"}} == {
        "token_type": "Bearer",
        "client_id": "app-1",
        "scope": "",
        "expires_in": "3599",
        "refresh_count": "0",
        "status": "approved",
    }
    assert len(body["access_token"]) > 1000
    assert len(body["issued_at"]) == 13
    assert ups_spec.answer_problems(ups_spec.TOKEN, body) == []


@pytest.mark.parametrize(("client_id", "secret"), [("app-1", "wrong"), ("nobody", "secret-1"), ("", "")])
def test_wrong_credentials_are_refused(ups: Ups, client_id: str, secret: str) -> None:
    answer = ups.caller(client_id, secret).fetch_token()

    assert (answer.status_code, code_of(answer)) == (401, "10401")
    assert answer.json() == {"response": {"errors": [{"code": "10401", "message": "ClientId is Invalid"}]}}


def test_missing_basic_header_is_refused(ups: Ups) -> None:
    answer = ups.session.post(
        ups.base + "/security/v1/oauth/token", data={"grant_type": "client_credentials"}, timeout=5
    )

    assert (answer.status_code, code_of(answer)) == (401, "10401")


def test_wrong_grant_type_or_body_is_refused(ups: Ups) -> None:
    url = ups.base + "/security/v1/oauth/token"
    answers = [
        ups.session.post(url, data={"grant_type": "password"}, auth=("app-1", "secret-1"), timeout=5),
        ups.session.post(url, json={"grant_type": "client_credentials"}, auth=("app-1", "secret-1"), timeout=5),
    ]

    assert [(answer.status_code, code_of(answer)) for answer in answers] == [(400, "10400"), (400, "10400")]


def test_too_many_token_requests_are_answered_429_without_headers(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"token_requests_per_minute": 2})

    answers = [caller.fetch_token() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert code_of(answers[2]) == "10429"
    assert not [name for name in answers[2].headers if "retry" in name.lower() or "rate" in name.lower()]

    ups.control("clock", {"advance_seconds": 61})
    assert caller.fetch_token().status_code == 200


def test_limit_of_one_app_leaves_another_alone(ups: Ups, caller: Caller, stranger: Caller) -> None:
    ups.control("settings", {"token_requests_per_minute": 1})

    assert [caller.fetch_token().status_code for _ in range(2)] == [200, 429]
    assert stranger.fetch_token().status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(3590, 200), (3600, 401)])
def test_token_ends_after_its_life_time(ups: Ups, caller: Caller, seconds: int, status: int) -> None:
    caller.token = caller.fetch_token().json()["access_token"]
    ups.control("clock", {"advance_seconds": seconds})

    answer = caller.ship(dutch())

    assert answer.status_code == status
    assert len(ups.shipments()) == (1 if status == 200 else 0)


def test_expired_token_has_its_own_code(ups: Ups, caller: Caller) -> None:
    caller.token = caller.fetch_token().json()["access_token"]
    ups.control("clock", {"advance_seconds": 4000})

    assert code_of(caller.ship(dutch())) == "251004"


def test_older_token_stays_valid_beside_a_newer_one(caller: Caller) -> None:
    caller.token = caller.fetch_token().json()["access_token"]
    caller.fetch_token()

    assert caller.ship(dutch()).status_code == 200


def test_token_is_worth_nothing_on_another_host(ups: Ups, caller: Caller) -> None:
    caller.token = caller.fetch_token(Host="wwwcie.example").json()["access_token"]

    answer = caller.ship(dutch())

    assert (answer.status_code, code_of(answer)) == (401, "250002")
    assert ups.shipments() == []


@pytest.mark.parametrize(
    ("header", "code"), [("", "UJ0001"), ("Bearer ", "UJ0001"), ("Basic YTpi", "UJ0001"), ("Bearer nonsense", "250002")]
)
def test_missing_or_unknown_token_is_refused(ups: Ups, header: str, code: str) -> None:
    answer = ups.session.post(
        ups.base + "/api/shipments/v2409/ship", json=dutch(), headers={"Authorization": header}, timeout=5
    )

    assert (answer.status_code, code_of(answer)) == (401, code)
    assert ups.shipments() == []


def test_revoked_tokens_end_at_once(ups: Ups, caller: Caller) -> None:
    caller.ship(dutch())
    ups.control("accounts/app-1/revoke", {})

    assert code_of(caller.ship(dutch())) == "250002"


def test_product_that_was_not_added_to_the_app_is_refused(ups: Ups) -> None:
    ups.control(
        "accounts",
        {
            "client_id": "track-only",
            "client_secret": "t",
            "shipper_number": "T1T2T3",
            "country": "NL",
            "products": ["tracking"],
        },
    )
    caller = ups.caller("track-only", "t")

    assert (caller.ship(dutch()).status_code, code_of(caller.ship(dutch()))) == (401, "250002")

    ups.control("settings", {"missing_product_status": 403})
    assert (caller.ship(dutch()).status_code, code_of(caller.ship(dutch()))) == (403, "250002")


def test_api_limit_is_answered_429(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"api_calls_per_minute": 1})

    answers = [caller.ship(dutch()) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert len(ups.shipments()) == 1
