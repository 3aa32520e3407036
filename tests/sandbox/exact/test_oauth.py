"""Consent, codes and token chains (exact.md 3)."""

from base64 import b64encode
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.exact.driver import REDIRECT_URI, TIMEOUT_SECONDS, Connection, RegisteredApp, StandIn

ME = {"$select": "UserID"}


def auth(app: RegisteredApp, method: str = "GET", *, data: object = None, **query: str) -> requests.Response:
    return app.stand_in.web.request(
        method,
        f"{app.oauth_url}/auth",
        params=app.authorize_query(**query),
        data=data,  # type: ignore[arg-type]
        allow_redirects=False,
        timeout=TIMEOUT_SECONDS,
    )


def test_sign_in_page_lists_every_user_of_the_site_and_no_other(stand_in: StandIn) -> None:
    app = stand_in.register()
    first, second = stand_in.found(), stand_in.found()
    elsewhere = stand_in.found("be")

    page = auth(app).text

    assert first["user_email"] in page
    assert second["user_email"] in page
    assert elsewhere["user_email"] not in page


def test_consent_page_offers_the_companies_of_the_signed_in_user(stand_in: StandIn) -> None:
    app = stand_in.register()
    company = stand_in.found()
    stranger = stand_in.found()

    page = auth(app, signed_in=company["user_id"]).text

    assert f'value="{company["division"]}"' in page
    assert f'value="{stranger["division"]}"' not in page


def test_a_session_is_remembered_unless_login_is_forced(stand_in: StandIn) -> None:
    app = stand_in.register()
    company = stand_in.found()
    auth(app, signed_in=company["user_id"])

    remembered = auth(app, force_login="0").text
    forced = auth(app, force_login="1").text

    assert "Companies it may see" in remembered
    assert "Who are you?" in forced


def test_refusal_redirects_with_access_denied_and_state(stand_in: StandIn) -> None:
    app = stand_in.register()
    company = stand_in.found()

    answer = auth(app, "POST", data={"decision": "refuse", "user_id": company["user_id"]})

    assert answer.headers["Location"] == f"{REDIRECT_URI}?error=access_denied&state=state-1"


def test_allow_without_a_company_shows_the_page_again(stand_in: StandIn) -> None:
    app = stand_in.register()
    company = stand_in.found()

    answer = auth(app, "POST", data={"decision": "allow", "user_id": company["user_id"]})

    assert answer.status_code == 200
    assert "Choose at least one company" in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": REDIRECT_URI + "/"},
        {"client_id": "99999999-2222-3333-4444-555555555555"},
        {"response_type": "token"},
    ],
)
def test_unfit_authorize_requests_show_an_error_and_never_redirect(stand_in: StandIn, wrong: dict[str, str]) -> None:
    answer = auth(stand_in.register(), **wrong)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_an_app_of_another_site_is_unknown(stand_in: StandIn) -> None:
    app = stand_in.register("be")
    at_nl = RegisteredApp(stand_in=stand_in, site="nl", client_id=app.client_id)

    assert auth(at_nl).status_code == 400


def test_auto_consent_redirects_at_once(stand_in: StandIn) -> None:
    app = stand_in.register()
    company = stand_in.found()
    stand_in.settings(auto_consent=True)

    location = auth(app, code_challenge="x", code_challenge_method="S256").headers["Location"]
    code = parse_qs(urlsplit(location).query)["code"][0]
    tokens = app.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI, code_verifier="y").json()

    connection = Connection(app=app, company=company, tokens=tokens)
    assert connection.call("GET", "current/Me", ME).json()["d"]["results"][0]["UserID"] == company["user_id"]


def test_token_answer_has_lifetime_as_text(stand_in: StandIn) -> None:
    app = stand_in.register()

    answer = app.exchange(app.authorize(stand_in.found()))

    body = answer.json()
    assert answer.status_code == 200
    assert body["expires_in"] == "600"
    assert body["token_type"] == "bearer"
    assert set(body) == {"access_token", "refresh_token", "expires_in", "token_type"}


def test_http_basic_is_accepted_and_json_is_not(stand_in: StandIn) -> None:
    app = stand_in.register()
    form = {
        "grant_type": "authorization_code",
        "code": app.authorize(stand_in.found()),
        "redirect_uri": REDIRECT_URI,
    }
    everything = form | {"client_id": app.client_id, "client_secret": "secret-of-the-app"}
    basic = b64encode(f"{app.client_id}:secret-of-the-app".encode()).decode()
    url = f"{app.oauth_url}/token"

    as_json = stand_in.web.post(url, json=everything, timeout=TIMEOUT_SECONDS)
    as_basic = stand_in.web.post(url, data=form, headers={"Authorization": f"Basic {basic}"}, timeout=TIMEOUT_SECONDS)

    assert as_json.status_code == 400
    assert as_json.json()["error"] == "invalid_request"
    assert as_basic.status_code == 200


def test_a_code_works_once(stand_in: StandIn) -> None:
    app = stand_in.register()
    code = app.authorize(stand_in.found())
    app.exchange(code)

    again = app.exchange(code)

    assert again.status_code == 400
    assert again.json() == {
        "error": "invalid_grant",
        "error_description": "Token is not allowed, because of invalid or empty chainId",
    }


@pytest.mark.parametrize(("age_seconds", "status"), [(175, 200), (181, 400)])
def test_a_code_lives_three_minutes(stand_in: StandIn, age_seconds: int, status: int) -> None:
    app = stand_in.register()
    code = app.authorize(stand_in.found())
    stand_in.advance(age_seconds)

    assert app.exchange(code).status_code == status


def test_wrong_redirect_uri_or_secret_is_refused_and_the_code_stays_good(stand_in: StandIn) -> None:
    app = stand_in.register()
    code = app.authorize(stand_in.found())

    moved = app.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI + "?x=1")
    stranger = app.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI, client_secret="guessed")

    assert (moved.status_code, moved.json()["error"]) == (400, "invalid_grant")
    assert (stranger.status_code, stranger.json()["error"]) == (401, "invalid_client")
    assert app.exchange(code).status_code == 200


def test_an_older_parallel_code_is_worth_nothing(stand_in: StandIn) -> None:
    app = stand_in.register()
    company = stand_in.found()
    older, newer = app.authorize(company), app.authorize(company)

    assert app.exchange(older).json()["error"] == "invalid_grant"
    assert app.exchange(newer).status_code == 200


def test_refresh_before_570_seconds_is_refused_with_reason(exact: Connection) -> None:
    exact.app.stand_in.advance(560)

    early = exact.app.refresh(exact.tokens["refresh_token"])

    assert early.status_code == 400
    assert early.headers["Reason"] == "TooEarlyToRefreshTokens: Rate limit exceeded: access_token not expired"
    assert early.json() == {
        "error": "access_denied",
        "error_description": "Rate limit exceeded: access_token not expired",
    }


def test_refresh_in_the_last_thirty_seconds_rotates_the_pair(exact: Connection) -> None:
    exact.app.stand_in.advance(571)

    fresh = exact.app.refresh(exact.tokens["refresh_token"]).json()

    assert fresh["refresh_token"] != exact.tokens["refresh_token"]
    assert exact.call("GET", "current/Me", ME).status_code == 200
    exact.tokens = fresh
    assert exact.call("GET", "current/Me", ME).status_code == 200


def test_the_time_before_a_renewal_can_be_let_pass_at_once_and_the_access_token_lives_on(exact: Connection) -> None:
    told = exact.app.stand_in.control("POST", "tokens/let-renew")

    renewed = exact.app.refresh(exact.tokens["refresh_token"])
    too_early = exact.app.refresh(renewed.json()["refresh_token"])

    assert told == {"chains": 1}
    assert (renewed.status_code, too_early.status_code) == (200, 400)
    assert exact.call("GET", "current/Me", ME).status_code == 200


def test_access_token_dies_after_600_seconds(exact: Connection) -> None:
    exact.app.stand_in.advance(601)

    assert exact.call("GET", "current/Me", ME).status_code == 401


def test_a_spent_refresh_token_is_refused_and_ends_the_chain(exact: Connection) -> None:
    exact.app.stand_in.advance(571)
    fresh = exact.app.refresh(exact.tokens["refresh_token"]).json()
    exact.app.stand_in.advance(571)

    old = exact.app.refresh(exact.tokens["refresh_token"])

    assert old.status_code == 401
    assert old.json() == {"error": "unauthorized_client", "error_description": "Old refresh token used."}
    assert exact.app.refresh(fresh["refresh_token"]).status_code == 400


def test_the_chain_survives_a_spent_token_when_told_so(exact: Connection) -> None:
    exact.app.stand_in.settings(spent_token_kills_chain=False)
    exact.app.stand_in.advance(571)
    fresh = exact.app.refresh(exact.tokens["refresh_token"]).json()
    exact.app.refresh(exact.tokens["refresh_token"])
    exact.app.stand_in.advance(571)

    assert exact.app.refresh(fresh["refresh_token"]).status_code == 200


def test_a_new_consent_of_the_same_user_kills_the_older_chain(exact: Connection) -> None:
    newer = exact.app.connect(exact.company)
    exact.app.stand_in.advance(571)

    dead = exact.app.refresh(exact.tokens["refresh_token"])

    assert dead.status_code == 400
    assert dead.json()["error_description"] == "Token is not allowed, because of invalid or empty chainId"
    assert exact.app.refresh(newer.tokens["refresh_token"]).status_code == 200


def test_an_idle_refresh_token_expires_after_thirty_days_with_american_dates(exact: Connection) -> None:
    exact.app.stand_in.advance(31 * 86_400)

    late = exact.app.refresh(exact.tokens["refresh_token"])

    assert late.status_code == 400
    assert late.json()["error"] == "invalid_request"
    description = late.json()["error_description"]
    assert description.startswith("The refresh token expired at ")
    assert " and it is now " in description
    assert description.count("M") == 2


def test_more_than_200_token_calls_a_day_are_refused(exact: Connection) -> None:
    exact.app.stand_in.settings(token_calls_per_day=2)
    exact.app.stand_in.advance(571)
    fresh = exact.app.refresh(exact.tokens["refresh_token"]).json()
    exact.app.stand_in.advance(571)

    over = exact.app.refresh(fresh["refresh_token"])

    assert over.status_code == 400
    assert over.headers["Reason"].startswith("TooManyTokenRequests")
    exact.app.stand_in.advance(86_400)
    assert exact.app.refresh(fresh["refresh_token"]).status_code == 200


def test_ten_failed_refreshes_block_the_token_endpoint_for_that_user(exact: Connection) -> None:
    refused = [exact.app.refresh(exact.tokens["refresh_token"]) for _ in range(10)]
    exact.app.stand_in.advance(571)

    blocked = exact.app.refresh(exact.tokens["refresh_token"])

    assert {each.status_code for each in refused} == {400}
    assert (blocked.status_code, blocked.headers["Reason"]) == (403, "ErrorLimitExceeded")
    exact.app.stand_in.advance(3600)
    assert exact.app.refresh(exact.tokens["refresh_token"]).status_code == 200


def test_revoked_consent_stops_resources_and_tokens(exact: Connection) -> None:
    exact.app.stand_in.control("POST", f"users/{exact.company['user_id']}/revoke")
    exact.app.stand_in.advance(571)

    assert exact.call("GET", "current/Me", ME).status_code == 401
    assert exact.app.refresh(exact.tokens["refresh_token"]).status_code == 401


def test_a_token_opens_nothing_at_another_site(exact: Connection) -> None:
    exact.app.site = "be"

    assert exact.call("GET", "current/Me", ME).status_code == 401
