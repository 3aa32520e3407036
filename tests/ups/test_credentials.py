"""Tokens: one call when many start cold, none for a fresh one, and the right end of each refusal."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from audit.models import Event
from connector_site.lib.http import new_session
from connector_site.lib.outside_calls import Observer, OutsideCall, ignore
from connector_site.lib.secrets import Secret, WrongOwner, seal
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.conftest import UpsSandbox
from tests.ups.makers import error_body, make_details
from tests.ups.rawserver import http_answer, raw_server
from ups.accounts import find_account, save_account
from ups.credentials import AccountTokens
from ups.errors import UpsAccountBlocked, UpsCredentialRefused, UpsError, UpsUnavailable
from ups.models import TOKEN, Account

TOKEN_BODY = b'{"access_token": "fresh", "expires_in": "3599", "status": "approved"}'
WRONG = http_answer(401, error_body("10401", "ClientId is Invalid"))
DOUBTFUL = http_answer(401, error_body("250002", "Invalid Authentication Information."))


def tokens_of(
    account: Account,
    *,
    url: str = "",
    observe: Observer = ignore,
    for_check: bool = False,
    now: Callable[[], datetime] = timezone.now,
) -> AccountTokens:
    base_url = url or settings.UPS_BASE_URLS[account.environment]
    return AccountTokens(
        again(account), session=new_session(), base_url=base_url, observe=observe, for_check=for_check, now=now
    )


def again(account: Account) -> Account:
    found = find_account(account.tenant_id, account.code)
    assert found is not None
    return found


def change(account: Account, **columns: object) -> None:
    with tenant_context(account.tenant_id):
        Account.objects.filter(pk=account.pk).update(**columns)


def token_calls(ups_sandbox: UpsSandbox) -> int:
    return len([call for call in ups_sandbox.calls() if call["path"] == "/security/v1/oauth/token"])


def failing(account: Account, answer: bytes | None, *, for_check: bool = False) -> UpsError:
    """The error of one try against a server that gives this answer."""
    with raw_server(answer) as server, pytest.raises(UpsError) as caught:
        tokens_of(account, url=server.url, for_check=for_check).token()
    return caught.value


@pytest.fixture
def lone_account(tenant: Tenant) -> Account:
    """An account without any UPS behind it."""
    return save_account(tenant.id, make_details())


def test_token_is_fetched_once_and_kept_sealed(account: Account, ups_sandbox: UpsSandbox) -> None:
    before = timezone.now()

    first = tokens_of(account).token()
    second = tokens_of(account).token()

    assert first == second
    assert token_calls(ups_sandbox) == 1
    row = again(account)
    assert row.token_renew_at is not None
    assert row.token_expires_at is not None
    assert abs((row.token_renew_at - before).total_seconds() - 3599 * 0.8) < 5
    assert abs((row.token_expires_at - before).total_seconds() - 3599) < 5
    assert row.token_refreshing_until is None
    with connection.cursor() as cursor, tenant_context(account.tenant_id):
        cursor.execute("SELECT token, client_secret FROM ups_account WHERE id = %s", [account.pk])
        stored = repr([bytes(column) for column in cursor.fetchone()])
    assert first.reveal() not in stored
    assert "secret-of-the-tenant" not in stored


@pytest.mark.django_db(transaction=True)
def test_twenty_cold_threads_make_one_token_call(account: Account, ups_sandbox: UpsSandbox) -> None:
    start = threading.Barrier(20)

    def fetch(_: int) -> str:
        start.wait()
        try:
            return tokens_of(account).token().reveal()
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        found = set(pool.map(fetch, range(20)))

    assert len(found) == 1
    assert token_calls(ups_sandbox) == 1
    assert again(account).token_calls == 1


def test_token_past_its_renewal_is_replaced(account: Account, ups_sandbox: UpsSandbox) -> None:
    first = tokens_of(account).token()
    change(account, token_renew_at=timezone.now() - timedelta(seconds=1))

    second = tokens_of(account).token()

    assert first != second
    assert token_calls(ups_sandbox) == 2


def test_old_token_is_used_while_somebody_else_renews_it(account: Account, ups_sandbox: UpsSandbox) -> None:
    first = tokens_of(account).token()
    change(
        account,
        token_renew_at=timezone.now() - timedelta(seconds=1),
        token_refreshing_until=timezone.now() + timedelta(seconds=20),
    )

    assert tokens_of(account).token() == first
    assert token_calls(ups_sandbox) == 1


def test_marker_of_a_dead_process_passes(account: Account, ups_sandbox: UpsSandbox) -> None:
    change(account, token_refreshing_until=timezone.now() - timedelta(seconds=1))

    tokens_of(account).token()

    assert token_calls(ups_sandbox) == 1


def test_waiting_for_another_process_ends(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ups.credentials._WAIT_SECONDS", 0.0)
    change(account, token_refreshing_until=timezone.now() + timedelta(seconds=20))

    with pytest.raises(UpsUnavailable) as caught:
        tokens_of(account).token()

    assert caught.value.retry_after_seconds == 2


def test_dropped_token_is_not_handed_out_again(account: Account, ups_sandbox: UpsSandbox) -> None:
    tokens = tokens_of(account)
    first = tokens.token()

    tokens.drop(first)

    assert again(account).token is None
    assert tokens.token() != first
    assert token_calls(ups_sandbox) == 2


def test_loser_does_not_drop_the_token_of_the_winner(account: Account, ups_sandbox: UpsSandbox) -> None:
    slow, fast = tokens_of(account), tokens_of(account)
    old = slow.token()
    assert fast.token() == old
    fast.drop(old)
    new = fast.token()

    slow.drop(old)

    assert slow.token() == new
    assert token_calls(ups_sandbox) == 2


def test_forty_calls_a_day_and_no_more(account: Account, ups_sandbox: UpsSandbox) -> None:
    at = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    change(account, token_calls=40, token_calls_date=at.date())

    with pytest.raises(UpsUnavailable) as caught:
        tokens_of(account, now=lambda: at).token()

    assert caught.value.retry_after_seconds == 3 * 3600
    assert token_calls(ups_sandbox) == 0

    tokens_of(account, now=lambda: at + timedelta(hours=3)).token()
    assert (again(account).token_calls, token_calls(ups_sandbox)) == (1, 1)


def test_check_of_a_person_has_ten_calls_more(account: Account, ups_sandbox: UpsSandbox) -> None:
    today = timezone.now().astimezone(UTC).date()
    change(account, token_calls=49, token_calls_date=today)

    tokens_of(account, for_check=True).token()
    change(account, token=None, token_renew_at=None, token_expires_at=None)
    with pytest.raises(UpsUnavailable):
        tokens_of(account, for_check=True).token()

    assert token_calls(ups_sandbox) == 1


@pytest.mark.parametrize("answer", [WRONG, http_answer(400, error_body("10401", "ClientId is Invalid"))])
def test_wrong_secret_stops_the_account_and_is_recorded(lone_account: Account, answer: bytes) -> None:
    error = failing(lone_account, answer)

    assert isinstance(error, UpsCredentialRefused)
    row = again(lone_account)
    assert row.stopped_at is not None
    assert row.stopped_reason == error.message
    with tenant_context(row.tenant_id):
        assert Event.objects.filter(subject=row.code, kind=Event.Kind.DISCONNECTED).count() == 1


def test_stopped_account_calls_nobody(lone_account: Account) -> None:
    failing(lone_account, WRONG)

    with raw_server() as server, pytest.raises(UpsCredentialRefused):
        tokens_of(lone_account, url=server.url).token()

    assert server.requests == []


def test_doubtful_refusal_pauses_first_and_stops_the_second_time(lone_account: Account) -> None:
    first = failing(lone_account, DOUBTFUL)
    assert isinstance(first, UpsUnavailable)
    assert first.retry_after_seconds == 60
    assert again(lone_account).is_usable

    change(lone_account, token_paused_until=None)
    assert isinstance(failing(lone_account, DOUBTFUL), UpsCredentialRefused)
    assert not again(lone_account).is_usable


def test_blocked_app_is_told_apart(lone_account: Account) -> None:
    error = failing(lone_account, http_answer(403, error_body("10403", "Blocked")), for_check=True)

    assert isinstance(error, UpsAccountBlocked)


def test_pauses_grow_to_an_hour(lone_account: Account) -> None:
    pauses = []
    for _ in range(8):
        change(lone_account, token_paused_until=None)
        error = failing(lone_account, http_answer(429, error_body("10429")))
        assert isinstance(error, UpsUnavailable)
        pauses.append(error.retry_after_seconds)

    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert again(lone_account).is_usable


def test_during_a_pause_nobody_is_called(lone_account: Account) -> None:
    failing(lone_account, http_answer(429, error_body("10429")))

    with raw_server() as server, pytest.raises(UpsUnavailable) as caught:
        tokens_of(lone_account, url=server.url).token()

    assert server.requests == []
    assert 55 <= (caught.value.retry_after_seconds or 0) <= 60


@pytest.mark.parametrize(
    "answer",
    [
        None,
        http_answer(500, b"<html>"),
        http_answer(200, b"<html>"),
        http_answer(200, b'{"access_token": "", "expires_in": "1"}'),
        http_answer(200, b'{"access_token": "x", "expires_in": "soon"}'),
        http_answer(400, error_body("10400")),
    ],
)
def test_everything_else_is_tried_again_later(lone_account: Account, answer: bytes | None) -> None:
    error = failing(lone_account, answer)

    assert isinstance(error, UpsUnavailable)
    row = again(lone_account)
    assert (row.is_usable, row.token, row.token_refreshing_until) == (True, None, None)


def test_token_of_old_credentials_is_not_kept(lone_account: Account) -> None:
    with raw_server(http_answer(200, TOKEN_BODY)) as server:
        tokens = tokens_of(lone_account, url=server.url, observe=lambda _: change(lone_account, token_generation=7))

        with pytest.raises(UpsUnavailable):
            tokens.token()

    assert again(lone_account).token is None


def test_token_copied_from_another_account_is_refused(lone_account: Account) -> None:
    change(
        lone_account,
        token=seal("stolen", owner="another", purpose=TOKEN),
        token_renew_at=timezone.now() + timedelta(hours=1),
        token_expires_at=timezone.now() + timedelta(hours=1),
    )

    with pytest.raises(WrongOwner):
        tokens_of(lone_account)


def test_call_is_told_without_secret_or_token(lone_account: Account) -> None:
    calls: list[OutsideCall] = []
    with raw_server(http_answer(200, TOKEN_BODY)) as server:
        token = tokens_of(lone_account, url=server.url, observe=calls.append).token()

    assert token == Secret("fresh")
    (call,) = calls
    assert (call.operation, call.route, call.status) == ("token", "/security/v1/oauth/token", 200)
    assert "fresh" not in repr(call)
    assert b"grant_type=client_credentials" in server.requests[0]
