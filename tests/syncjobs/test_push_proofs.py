"""What proves that UPS sent a push: its headers alone. All else is refused unread, and refused callers are limited."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from connector_site.lib.hanging_up import HANG_UP
from syncjobs import hook_counts
from syncjobs.tracking.pushes import Proof
from syncjobs.views.hooks import REFUSED_RULE
from tests.syncjobs.pushdoor import PushDoor, make_push_door, push_body
from ups import alerts
from ups.alerts import PREVIOUS_ACCEPTED_DAYS, TOKEN_SECONDS
from ups.track_alert import MAX_BODY_BYTES

pytestmark = pytest.mark.django_db

PREVIOUS = timedelta(days=PREVIOUS_ACCEPTED_DAYS)
TOKEN = timedelta(seconds=TOKEN_SECONDS)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def door() -> PushDoor:
    return make_push_door()


def renewed(door: PushDoor, *, ago: timedelta) -> str:
    """The credential that was replaced so long ago."""
    old = door.credential
    assert alerts.rotate_credential(door.account, at=timezone.now() - ago)
    assert door.credential != old
    return old


def new_secret(door: PushDoor) -> str:
    """A token given out before the client secret was replaced."""
    old = door.token()
    alerts.rotate_client_secret(door.account)
    return old


GOOD_PROOFS: dict[str, Callable[[PushDoor], dict[str, str]]] = {
    "the credential": lambda door: {"credential": door.credential},
    "the old credential, in its last minute": lambda door: {"credential": renewed(door, ago=PREVIOUS - MINUTE)},
    "a token": lambda door: {"Authorization": f"Bearer {door.token()}"},
    "a token, in small letters": lambda door: {"Authorization": f"bearer {door.token()}"},
    "a token and our client id": lambda door: {
        "Authorization": f"Bearer {door.token()}",
        "x-api-key": alerts.portal_values(door.account).client_id,
    },
    "a token in its last minute": lambda door: {
        "Authorization": f"Bearer {door.token(at=timezone.now() - TOKEN + MINUTE)}"
    },
}
BAD_PROOFS: dict[str, Callable[[PushDoor], dict[str, str]]] = {
    "none": lambda _door: {},
    "an empty credential": lambda _door: {"credential": ""},
    "a wrong credential": lambda _door: {"credential": "b64-random-48-bytes"},
    "the digest we keep": lambda door: {"credential": door.account.alert_credential_digest},
    "the credential of another tenant": lambda _door: {"credential": make_push_door("Ander Bedrijf BV").credential},
    "the old credential, after its time": lambda door: {"credential": renewed(door, ago=PREVIOUS)},
    "the credential where a token belongs": lambda door: {"Authorization": f"Bearer {door.credential}"},
    "a token where the credential belongs": lambda door: {"credential": door.token()},
    "the word alone": lambda _door: {"Authorization": "Bearer"},
    "another scheme": lambda door: {"Authorization": f"Basic {door.token()}"},
    "a token after its time": lambda door: {"Authorization": f"Bearer {door.token(at=timezone.now() - TOKEN)}"},
    "the token of another tenant": lambda _door: {
        "Authorization": f"Bearer {make_push_door('Ander Bedrijf BV').token()}"
    },
    "a token from before the secret was replaced": lambda door: {"Authorization": f"Bearer {new_secret(door)}"},
    "a token that was tampered with": lambda door: {"Authorization": f"Bearer {door.token()}x"},
    "a token with another client id": lambda door: {
        "Authorization": f"Bearer {door.token()}",
        "x-api-key": alerts.portal_values(make_push_door("Ander Bedrijf BV").account).client_id,
    },
    "our client id alone": lambda door: {"x-api-key": alerts.portal_values(door.account).client_id},
    "letters of no alphabet": lambda _door: {"credential": "\udcff\udc00", "Authorization": "Bearer \udcff"},
}


@pytest.mark.parametrize("proof", GOOD_PROOFS.values(), ids=GOOD_PROOFS)
def test_what_proves_itself_is_stored(door: PushDoor, proof: Callable[[PushDoor], dict[str, str]]) -> None:
    assert door.post(push_body(door.number), **proof(door)) == 200

    assert [row.dead_letter for row in door.receipts()] == [""]
    assert door.counted(hook_counts.REFUSED) == 0


@pytest.mark.parametrize("proof", BAD_PROOFS.values(), ids=BAD_PROOFS)
def test_what_does_not_prove_itself_is_counted_and_leaves_nothing(
    door: PushDoor, proof: Callable[[PushDoor], dict[str, str]]
) -> None:
    assert door.post(push_body(door.number), **proof(door)) == 401

    assert door.is_untouched()
    assert door.counted(hook_counts.REFUSED) == 1


@pytest.fixture
def _unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpRequest, "read", lambda *_: pytest.fail("the body was read"))


@pytest.mark.usefixtures("_unreadable")
@pytest.mark.parametrize("proof", BAD_PROOFS.values(), ids=BAD_PROOFS)
def test_nothing_is_read_of_what_does_not_prove_itself(
    door: PushDoor, proof: Callable[[PushDoor], dict[str, str]]
) -> None:
    assert door.post(push_body(door.number), **proof(door)) == 401


@pytest.mark.usefixtures("_unreadable")
def test_what_is_announced_as_too_large_is_not_read(door: PushDoor) -> None:
    assert door.post(b" " * (MAX_BODY_BYTES + 1), credential=door.credential) == 413


def test_only_a_refused_call_ends_its_connection(door: PushDoor) -> None:
    path, body, credential = door.path, push_body(door.number), door.credential
    good, bad, stray = (
        Client().post(address, body, content_type="application/json", headers={"credential": word})
        for address, word in ((path, credential), (path, "wrong"), (f"/hooks/ups/{uuid.uuid4()}", credential))
    )

    assert [answer.status_code for answer in (good, bad, stray)] == [200, 401, 404]
    assert [HANG_UP in answer.wsgi_request.META for answer in (good, bad, stray)] == [False, True, True]


def test_an_address_refused_too_often_is_told_to_wait_and_not_logged_and_its_good_pushes_are_stored(
    door: PushDoor, caplog: pytest.LogCaptureFixture
) -> None:
    flood = [door.post(b"{}", credential="wrong") for _ in range(REFUSED_RULE.requests + 5)]

    assert flood == [401] * REFUSED_RULE.requests + [429] * 5
    assert (
        len([record for record in caplog.records if record.name == "syncjobs.tracking.pushes"]) == REFUSED_RULE.requests
    )
    assert door.counted(hook_counts.REFUSED) == REFUSED_RULE.requests
    assert door.push() == 200
    assert replace(door, caller="192.0.2.1").post(b"{}", credential="wrong") == 401


def test_unknown_addresses_are_limited_likewise(door: PushDoor) -> None:
    stray = [
        Client(REMOTE_ADDR=door.caller).post(f"/hooks/ups/{uuid.uuid4()}", b"{}", content_type="application/json")
        for _ in range(REFUSED_RULE.requests + 1)
    ]

    assert {answer.status_code for answer in stray[:-1]} == {404}
    assert stray[-1].status_code == 429
    assert 0 < int(stray[-1].headers["Retry-After"]) <= REFUSED_RULE.seconds


def test_what_proves_a_push_does_not_print() -> None:
    proof = Proof(credential="one-secret", authorization="Bearer another-secret", api_key="third-secret")

    assert "secret" not in repr(proof)


def test_an_unknown_address_is_counted_and_tells_nothing(door: PushDoor) -> None:
    before = hook_counts.counted(hook_counts.UNKNOWN_ADDRESS, at=timezone.now())

    answer = Client().post(
        f"/hooks/ups/{uuid.uuid4()}",
        push_body(door.number),
        content_type="application/json",
        headers={"credential": door.credential},
    )

    assert (answer.status_code, answer.content) == (404, b"")
    assert hook_counts.counted(hook_counts.UNKNOWN_ADDRESS, at=timezone.now()) == before + 1
    assert door.is_untouched()
