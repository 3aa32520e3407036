"""What both doors for notifications promise alike, whoever knocks: Exact with a signature, UPS with a credential."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import Error, InterfaceError, OperationalError
from django.test import Client
from pytest_django import Settings

from exact.webhooks import MAX_BODY_BYTES
from syncjobs.models import Receipt, SyncJob
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.notifications import notification
from tests.syncjobs.pushdoor import make_push_door, push_body
from tests.syncjobs.rows import make_connection
from ups.track_alert import MAX_BODY_BYTES as MAX_PUSH_BYTES

pytestmark = pytest.mark.django_db

Knock = tuple[bytes, dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An address of one tenant's, and what comes to it: a body with its headers."""

    tenant_id: uuid.UUID
    folder: str
    code: uuid.UUID
    proven: Knock
    unproven: Knock
    forged: Knock
    most_bytes: int
    answers_from: str

    def post(self, knock: Knock, *, code: uuid.UUID | None = None) -> int:
        """Knock; the status of the answer, which is empty and sets no cookie."""
        body, headers = knock
        path = f"/hooks/{self.folder}/{code or self.code}"
        answer = Client().post(path, body, content_type="application/json", headers=headers)
        assert (answer.content, answer.cookies) == (b"", {})
        return answer.status_code

    def repeats(self) -> list[int]:
        """For each message that was stored, how often it came again."""
        with tenant_context(self.tenant_id):
            return list(Receipt.objects.values_list("repeats", flat=True))

    def jobs(self) -> int:
        """How many jobs it led to."""
        with tenant_context(self.tenant_id):
            return SyncJob.objects.count()


def exact_door(name: str = "Voorbeeld Groothandel BV", division: int = 123456) -> Door:
    connection = make_connection(make_tenant(name), division=division)
    key = uuid.uuid4()
    signed = notification(key=key, division=division)
    return Door(
        tenant_id=connection.tenant_id,
        folder="exact",
        code=connection.hook_code,
        proven=(signed, {}),
        unproven=(signed[: signed.rindex(b',"HashCode"')] + b"}", {}),
        forged=(notification(key=key, division=division, secret="another-secret"), {}),
        most_bytes=MAX_BODY_BYTES,
        answers_from="accept_exact",
    )


def ups_door(name: str = "Voorbeeld Groothandel BV", division: int = 0) -> Door:
    del division
    door = make_push_door(name)
    body = push_body(door.number)
    return Door(
        tenant_id=door.account.tenant_id,
        folder="ups",
        code=door.account.alert_hook_code,
        proven=(body, {"credential": door.credential}),
        unproven=(body, {}),
        forged=(body, {"credential": "b64-random-48-bytes"}),
        most_bytes=MAX_PUSH_BYTES,
        answers_from="accept",
    )


DoorMaker = Callable[..., Door]


@pytest.fixture(params=[exact_door, ups_door], ids=["exact", "ups"])
def make_door(request: pytest.FixtureRequest) -> DoorMaker:
    maker: DoorMaker = request.param
    return maker


@pytest.fixture
def door(make_door: DoorMaker) -> Door:
    return make_door()


def test_a_proven_message_is_stored_once_and_counted_when_it_comes_again(door: Door) -> None:
    assert [door.post(door.proven) for _ in range(3)] == [200] * 3

    assert (door.repeats(), door.jobs()) == ([2], 1)


@pytest.mark.parametrize("kind", ["unproven", "forged"])
def test_a_message_that_proves_nothing_is_refused_and_leaves_nothing(door: Door, kind: str) -> None:
    assert door.post(getattr(door, kind)) in {400, 401}

    assert (door.repeats(), door.jobs()) == ([], 0)


def test_a_message_of_another_tenant_moves_nothing_in_either(door: Door, make_door: DoorMaker) -> None:
    other = make_door("Ander Bedrijf BV", 654321)

    assert door.post(other.proven) in {200, 401}

    assert (door.jobs(), other.repeats(), other.jobs()) == (0, [], 0)


def test_an_address_of_nobodys_stores_nothing(door: Door) -> None:
    assert door.post(door.proven, code=uuid.uuid4()) in {200, 404}

    assert (door.repeats(), door.jobs()) == ([], 0)


def test_a_message_that_is_too_large_is_not_read(door: Door) -> None:
    body, headers = door.proven

    assert door.post((body + b" " * door.most_bytes, headers)) == 413

    assert (door.repeats(), door.jobs()) == ([], 0)


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\x00", b"\xff\xfe", b"[" * 60_000])
def test_a_body_that_nobody_can_read_is_refused(door: Door, body: bytes) -> None:
    assert door.post((body, door.proven[1])) in {400, 401}

    assert (door.repeats(), door.jobs()) == ([], 0)


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_posting_is_allowed(door: Door, method: str) -> None:
    answer = getattr(Client(), method)(f"/hooks/{door.folder}/{door.code}", headers=door.proven[1])

    assert (answer.status_code, door.repeats()) == (405, [])


@pytest.mark.parametrize("address", ["not-a-code", "00000000", "../admin", ""])
def test_an_address_that_is_none_is_not_found(door: Door, address: str) -> None:
    assert Client().post(f"/hooks/{door.folder}/{address}", b"{}", content_type="application/json").status_code == 404


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_without_the_database_nothing_is_said_to_be_stored(
    door: Door, monkeypatch: pytest.MonkeyPatch, error: type[Error]
) -> None:
    def away(**_: object) -> int:
        raise error("the server is gone")

    monkeypatch.setattr(f"syncjobs.views.hooks.{door.answers_from}", away)

    assert door.post(door.proven) == 503


@pytest.mark.django_db(transaction=True)
def test_without_redis_a_message_is_stored(door: Door, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert door.post(door.proven) == 200

    assert (door.repeats(), door.jobs()) == ([0], 1)
