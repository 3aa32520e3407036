"""Where UPS fetches a token for its pushes, as HTTP sees it: a secret is taken or refused, and nothing else is told."""

import itertools
import logging
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from connector_site.lib import rate_limit
from syncjobs import hook_counts
from syncjobs.views.hooks import CLIENT_RULE, TOKEN_FORM_BYTES, TOKEN_RULE
from tests.syncjobs.pushdoor import PushDoor, make_push_door, push_body
from ups import alerts
from ups.alerts import TOKEN_PATH, TOKEN_SECONDS

pytestmark = pytest.mark.django_db

NOBODY_LISTENS = "redis://127.0.0.1:1/0"
FORM = "application/x-www-form-urlencoded"
_addresses = itertools.count(1)


@pytest.fixture
def door() -> PushDoor:
    return make_push_door()


@pytest.fixture
def address() -> str:
    """An address that has asked for nothing yet."""
    number = next(_addresses)
    rate_limit.forget()
    return f"10.{timezone.now().microsecond % 256}.{number // 256}.{number % 256}"


def pair_of(door: PushDoor) -> tuple[str, str]:
    """The client id and secret that the customer entered in UPS's portal."""
    values = alerts.portal_values(door.account)
    return values.client_id, values.client_secret.reveal()


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode()}


def in_form(client_id: str, client_secret: str) -> dict[str, str]:
    return {"client_id": client_id, "client_secret": client_secret}


def ask(address: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
    """Ask for a token as UPS does."""
    fields = {"grant_type": "client_credentials", **form}
    return Client(REMOTE_ADDR=address).post(TOKEN_PATH, fields, headers=headers or {})


def shown(answer: HttpResponse) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer tells."""
    return answer.status_code, answer.content, dict(answer.headers)


@pytest.mark.parametrize(
    "send",
    [
        lambda address, *pair: ask(address, basic(*pair)),
        lambda address, *pair: ask(address, {}, **in_form(*pair)),
    ],
    ids=["basic", "form"],
)
def test_the_right_pair_gets_a_token_that_opens_the_door_for_pushes(
    door: PushDoor, address: str, send: Callable[..., Any]
) -> None:
    answer = send(address, *pair_of(door))

    token = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert (token["token_type"], token["expires_in"]) == ("Bearer", TOKEN_SECONDS)
    assert door.post(push_body(door.number), Authorization=f"Bearer {token['access_token']}") == 200
    assert len(door.receipts()) == 1
    assert answer.cookies == {}


def test_an_unknown_id_and_a_wrong_secret_get_the_same_answer(door: PushDoor, address: str) -> None:
    client_id, client_secret = pair_of(door)
    before = hook_counts.counted(hook_counts.REFUSED, at=timezone.now())
    assert door.counted(hook_counts.REFUSED) == 0

    wrong = ask(address, client_id=client_id, client_secret="wrong")
    unknown = ask(address, client_id="0" * 32, client_secret=client_secret)

    assert shown(wrong) == shown(unknown)
    assert (wrong.status_code, wrong.content) == (401, b'{"error": "invalid_client"}')
    assert hook_counts.counted(hook_counts.REFUSED, at=timezone.now()) == before + 1
    assert door.counted(hook_counts.REFUSED) == 1
    assert door.is_untouched()


def test_the_secret_of_another_tenant_opens_nothing(door: PushDoor, address: str) -> None:
    _, secret_of_another = pair_of(make_push_door("Ander Bedrijf BV"))

    assert ask(address, client_id=pair_of(door)[0], client_secret=secret_of_another).status_code == 401


def test_a_replaced_secret_gets_no_token_any_more(door: PushDoor, address: str) -> None:
    client_id, old = pair_of(door)
    alerts.rotate_client_secret(door.account)

    assert ask(address, client_id=client_id, client_secret=old).status_code == 401
    assert ask(address, client_id=client_id, client_secret=pair_of(door)[1]).status_code == 200


@pytest.mark.parametrize(
    ("client_id", "client_secret"), [("", ""), ("\0", "\0"), ("x" * 1500, "y" * 1500), ("ö", "\ud83d"), ("id:", ":")]
)
def test_a_pair_of_nonsense_is_refused(door: PushDoor, address: str, client_id: str, client_secret: str) -> None:
    sent = client_secret.encode(errors="surrogatepass").decode("latin-1")

    assert ask(address, client_id=client_id, client_secret=sent).status_code == 401
    assert door.is_untouched()


@pytest.mark.parametrize(
    "authorization", ["Basic", "Basic ", "Basic ???", "Basic w7Y", "Basic /w==", "Digest x", "x" * 4000]
)
def test_a_header_that_says_nothing_is_refused(address: str, authorization: str) -> None:
    assert ask(address, {"Authorization": authorization}).status_code == 401


@pytest.mark.parametrize("grant", ["", "password", "authorization_code", "client_credentials "])
def test_another_grant_is_not_supported(door: PushDoor, address: str, grant: str) -> None:
    client_id, client_secret = pair_of(door)

    answer = ask(address, client_id=client_id, client_secret=client_secret, grant_type=grant)

    assert (answer.status_code, answer.content) == (400, b'{"error": "unsupported_grant_type"}')


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", FORM, 400),
        (b"{", "application/json", 400),
        (b"\x00\xff%%%", FORM, 400),
        (b"a&" * 2000, FORM, 400),
        (b"no boundary", "multipart/form-data", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (b"x" * (TOKEN_FORM_BYTES + 1), FORM, 413),
    ],
)
def test_what_is_no_such_form_is_refused(address: str, body: bytes, content_type: str, status: int) -> None:
    answer = Client(REMOTE_ADDR=address).post(TOKEN_PATH, body, content_type=content_type)

    assert answer.status_code == status
    assert answer.cookies == {}


def test_a_length_that_is_no_number_is_no_length(address: str) -> None:
    answer = Client(REMOTE_ADDR=address).post(TOKEN_PATH, b"", content_type=FORM, CONTENT_LENGTH="many")

    assert answer.status_code == 400


def test_looking_at_the_address_is_not_allowed(address: str) -> None:
    assert Client(REMOTE_ADDR=address).get(TOKEN_PATH).status_code == 405


def test_who_tries_secrets_is_told_to_wait_and_the_right_pair_is_not(door: PushDoor, address: str) -> None:
    client_id, client_secret = pair_of(door)
    tried = [ask(address, client_id=client_id, client_secret="wrong").status_code for _ in range(TOKEN_RULE.requests)]

    refused = ask(address, client_id=client_id, client_secret="wrong")
    right = ask(address, client_id=client_id, client_secret=client_secret)

    assert tried == [401] * TOKEN_RULE.requests
    assert (refused.status_code, refused.content) == (429, b'{"error": "slow_down"}')
    assert 0 < int(refused.headers["Retry-After"]) <= TOKEN_RULE.seconds
    assert right.status_code == 200
    assert door.counted(hook_counts.REFUSED) == TOKEN_RULE.requests


def test_secrets_of_one_client_tried_from_many_addresses_are_limited_together(door: PushDoor, address: str) -> None:
    client_id = pair_of(door)[0]
    network = address.rpartition(".")[0]

    tried = [
        ask(f"{network}.{place}", client_id=client_id, client_secret="wrong").status_code
        for place in range(CLIENT_RULE.requests + 1)
    ]

    assert tried == [401] * CLIENT_RULE.requests + [429]
    assert ask(f"{network}.99", client_id="0" * 32, client_secret="wrong").status_code == 401


def test_tokens_without_number_are_given_to_the_right_pair(door: PushDoor, address: str) -> None:
    client_id, client_secret = pair_of(door)

    assert {
        ask(address, client_id=client_id, client_secret=client_secret).status_code
        for _ in range(TOKEN_RULE.requests + 5)
    } == {200}


def test_another_grant_asked_for_too_often_is_told_to_wait(address: str) -> None:
    asked = [ask(address, grant_type="password").status_code for _ in range(TOKEN_RULE.requests + 1)]

    assert asked == [400] * TOKEN_RULE.requests + [429]


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_without_the_database_there_is_no_token_for_the_moment(
    door: PushDoor, address: str, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(**_: object) -> None:
        raise error("the server is gone")

    monkeypatch.setattr(alerts, "issue_token", away)

    answer = ask(address, client_id="id", client_secret="secret")

    assert (answer.status_code, answer.content) == (503, b"")


def test_without_redis_tokens_are_given_all_the_same(door: PushDoor, address: str, settings: Settings) -> None:
    client_id, client_secret = pair_of(door)
    settings.REDIS_URL = NOBODY_LISTENS

    assert ask(address, client_id=client_id, client_secret=client_secret).status_code == 200
    assert ask(address, client_id=client_id, client_secret="wrong").status_code == 401


def test_neither_secret_nor_token_is_logged(door: PushDoor, address: str, caplog: pytest.LogCaptureFixture) -> None:
    client_id, client_secret = pair_of(door)

    with caplog.at_level(logging.DEBUG):
        answer = ask(address, basic(client_id, client_secret))
        ask(address, client_id=client_id, client_secret="a-wrong-secret")

    assert not [
        word for word in (client_secret, answer.json()["access_token"], "a-wrong-secret") if word in caplog.text
    ]
