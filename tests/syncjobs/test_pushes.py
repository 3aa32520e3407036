"""What comes in at the door for UPS's pushes: stored once, encrypted; or refused with nothing stored."""

import json
import logging
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DataError, InterfaceError, OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from syncjobs import engine, hook_counts
from syncjobs.models import Receipt, SyncJob, TrackingEvent
from syncjobs.raw_messages import pushed
from syncjobs.tracking.pushes import NUMBER_NOT_KNOWN
from tenants.context import tenant_context
from tests.owner import nothing_can_be_written
from tests.syncjobs.pushdoor import PHOTO, PushDoor, make_push_door, push_body
from tests.syncjobs.rows import ALL_QUEUES
from tests.syncjobs.threads import at_once
from ups import alerts
from ups.track_alert import MAX_BODY_BYTES

pytestmark = pytest.mark.django_db

NOBODY_LISTENS = "redis://127.0.0.1:1/0"
MINUTE = timedelta(minutes=1)
FIVE_MEGABYTES = 5_000_000


@pytest.fixture
def door() -> PushDoor:
    return make_push_door()


def test_a_push_is_kept_byte_for_byte_and_asks_for_one_look_at_its_delivery(door: PushDoor) -> None:
    body = push_body(door.number)

    assert door.post(body, credential=door.credential) == 200

    (stored,) = door.receipts()
    assert (pushed(stored), bytes(stored.body)) == (body, b"")
    assert (stored.source, stored.action, stored.subject) == ("ups", "I", door.delivery.code)
    assert (stored.repeats, stored.dead_letter, stored.applied_at) == (0, "", None)
    assert door.jobs() == [("events", "due")]


def test_what_is_at_rest_names_neither_parcel_nor_receiver(door: PushDoor) -> None:
    door.push(receivedBy="DE BOER")

    with tenant_context(door.account.tenant_id), connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(r)::text, convert_from(sealed_body, 'LATIN1') FROM syncjobs_receipt r")
        ((row, sealed),) = cursor.fetchall()
    assert not [word for word in (door.number, "DE BOER", "GRONINGEN") if word in row + sealed]


def test_a_push_that_comes_again_is_counted_and_asks_for_nothing_more(door: PushDoor) -> None:
    assert [door.push() for _ in range(3)] == [200] * 3

    assert [row.repeats for row in door.receipts()] == [2]
    assert door.jobs() == [("events", "due")]


def test_a_push_that_comes_again_after_it_was_taken_in_wakes_nobody(door: PushDoor) -> None:
    door.push()
    with tenant_context(door.account.tenant_id):
        SyncJob.objects.update(state="done")

    assert door.push() == 200

    assert door.jobs() == [("events", "done")]


def test_many_pushes_about_one_delivery_are_one_job(door: PushDoor) -> None:
    assert [door.push(gmtActivityTime=f"08150{second}") for second in range(5)] == [200] * 5

    assert len(door.receipts()) == 5
    assert door.jobs() == [("events", "due")]


def test_a_push_while_its_delivery_is_worked_on_asks_for_another_look(door: PushDoor) -> None:
    door.push()
    with tenant_context(door.account.tenant_id):
        SyncJob.objects.update(state="running", lease_until=timezone.now() + MINUTE)

    door.push(gmtActivityTime="091500")

    with tenant_context(door.account.tenant_id):
        assert SyncJob.objects.get().wanted_again_at is not None


@pytest.mark.parametrize("number", ["1Z999AA10123456784", "x", "'; DROP TABLE parcel; --"])
def test_a_number_that_nobody_knows_is_answered_and_kept_as_a_dead_letter(door: PushDoor, number: str) -> None:
    assert door.push(trackingNumber=number) == 200

    assert [(row.dead_letter, row.subject) for row in door.receipts()] == [(NUMBER_NOT_KNOWN, None)]
    assert door.jobs() == []


def test_a_number_of_another_tenants_moves_nothing_there(door: PushDoor) -> None:
    other = make_push_door("Ander Bedrijf BV")

    assert door.push(trackingNumber=other.number) == 200

    assert [(row.dead_letter, row.subject) for row in door.receipts()] == [(NUMBER_NOT_KNOWN, None)]
    assert door.jobs() == []
    assert other.is_untouched()


def test_a_blank_before_the_number_and_small_letters_are_forgiven(door: PushDoor) -> None:
    assert door.push(trackingNumber=f" {door.number.lower()} ") == 200

    assert door.jobs() == [("events", "due")]


def test_a_photo_of_five_megabytes_is_taken_and_not_kept(door: PushDoor) -> None:
    photo = (PHOTO * (FIVE_MEGABYTES // len(PHOTO) + 1))[:FIVE_MEGABYTES]

    assert door.push(deliveryPhoto=photo) == 200

    (stored,) = door.receipts()
    assert json.loads(pushed(stored)) == json.loads(push_body(door.number))
    assert door.jobs() == [("events", "due")]


def test_the_largest_body_is_read_and_one_byte_more_is_not(door: PushDoor) -> None:
    blank = b" " * (MAX_BODY_BYTES - len(push_body(door.number)))

    assert door.post(push_body(door.number) + blank + b" ", credential=door.credential) == 413
    assert door.is_untouched()
    assert door.post(push_body(door.number) + blank, credential=door.credential) == 200


def nested(depth: int, more: bytes = b"") -> bytes:
    """An object so deep that nothing of ours could write it down again."""
    return b'{"trackingNumber":"1ZA1B2C36800000001","x":' + b"[" * depth + b"]" * depth + more + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"1ZA1B2C36800000001"',
        b"\x00",
        b"\xff\xfe{}",
        b"{}",
        b'{"trackingNumber": ""}',
        b'{"trackingNumber": null}',
        b'{"trackingNumber": {}}',
        b'{"trackingNumber": "' + b"1" * 35 + b'"}',
        b"[" * 100_000,
        nested(300),
        nested(300, b',"deliveryPhoto":"/9j/"'),
        nested(900, b',"n":"\\u0000"'),
        b"trackingNumber=1ZA1B2C36800000001",
    ],
    ids=lambda body: repr(body)[:40],
)
def test_what_is_no_push_is_counted_and_leaves_nothing(door: PushDoor, body: bytes) -> None:
    assert door.post(body, credential=door.credential) == 400

    assert door.is_untouched()
    assert door.counted(hook_counts.NOT_UNDERSTOOD) == 1


EMPTY: dict[str, Any] = {
    "localActivityDate": "",
    "localActivityTime": "",
    "activityLocation": {"city": "", "stateProvince": "", "postalCode": "", "country": ""},
    "activityStatus": {"type": "", "code": "", "description": "", "descriptionCode": ""},
    "gmtActivityDate": "",
    "gmtActivityTime": "",
    "gmtOffset": "",
}


@pytest.mark.parametrize(
    "changes",
    [
        EMPTY,
        dict.fromkeys(EMPTY, None),
        dict.fromkeys(EMPTY, ""),
        {name: [] for name in EMPTY},
        {"gmtActivityDate": "99999999", "gmtActivityTime": "999999", "gmtOffset": "+99.99"},
        {"activityStatus": {"type": "T" * 300, "code": "C" * 300, "description": "D" * 3000}},
        {"activityStatus": {"type": "I\x00", "code": "\x00", "description": "\x00\x00"}},
        {"activityLocation": {"city": "GRON\x00INGEN", "country": "\x00"}},
        {"new\x00field": {"of": ["the", {"future": 1e308}]}},
        {"activityStatus": {"type": 7, "code": 11, "descriptionCode": 11}},
    ],
    ids=lambda changes: repr(changes)[:40],
)
def test_an_odd_push_is_stored_taken_in_and_moves_nothing_out_of_its_way(
    door: PushDoor, changes: dict[str, object]
) -> None:
    assert door.push(**changes) == 200
    assert door.push() == 200

    assert engine.work([SyncJob.Queue.TRACK]) >= 1

    assert door.jobs()[0] == ("events", "done")
    with tenant_context(door.account.tenant_id):
        assert not Receipt.objects.filter(applied_at=None).exists()
        assert TrackingEvent.objects.filter(milestone="out_for_delivery").count() == 1


def test_a_number_with_a_nul_inside_is_read_without_it(door: PushDoor) -> None:
    assert door.push(trackingNumber=f"{door.number[:9]}\x00{door.number[9:]}") == 200

    assert door.jobs() == [("events", "due")]


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_posting_is_allowed(door: PushDoor, method: str) -> None:
    assert getattr(Client(), method)(door.path, headers={"credential": door.credential}).status_code == 405

    assert door.is_untouched()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, DataError])
def test_without_the_database_the_push_is_not_said_to_be_stored(
    door: PushDoor, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(**_: object) -> int:
        raise error("the server is gone")

    monkeypatch.setattr("syncjobs.views.hooks.accept", away)

    assert door.push() == 503


def test_a_database_that_can_only_be_read_is_not_said_to_have_stored_the_push(door: PushDoor) -> None:
    with nothing_can_be_written():
        refused = door.push()

    assert (refused, door.is_untouched()) == (503, True)
    assert door.push() == 200
    assert len(door.receipts()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_since_its_last_use_loses_no_push(door: PushDoor) -> None:
    credential = door.credential
    connection.connection.close()

    assert door.post(push_body(door.number), credential=credential) == 200

    assert [row.repeats for row in door.receipts()] == [0]


@pytest.mark.django_db(transaction=True)
def test_without_redis_a_push_is_stored_and_taken_in_by_the_next_sweep(door: PushDoor, settings: Settings) -> None:
    settings.REDIS_URL = NOBODY_LISTENS

    assert door.push() == 200
    assert door.post(push_body(door.number), credential="wrong") == 401
    assert engine.work([SyncJob.Queue.TRACK]) >= 1

    with tenant_context(door.account.tenant_id):
        assert [event.milestone for event in TrackingEvent.objects.all()] == ["out_for_delivery"]


def test_no_secret_and_no_word_of_a_push_is_logged(door: PushDoor, caplog: pytest.LogCaptureFixture) -> None:
    values, token = alerts.portal_values(door.account), door.token()
    wrong = "a-wrong-credential-of-somebody"

    with caplog.at_level(logging.DEBUG):
        door.push(receivedBy="DE BOER")
        door.post(push_body(door.number), credential=wrong)
        door.post(push_body(door.number), Authorization=f"Bearer {token}")
        door.post(push_body(door.number, receivedBy="DE BOER")[:-1], credential=door.credential)

    assert [record.message for record in caplog.records if record.name == "syncjobs.tracking.pushes"] == [
        "A push without a valid credential was refused"
    ]
    secrets = (door.credential, values.client_secret.reveal(), token, wrong)
    assert not [word for word in (*secrets, door.number, "DE BOER", "GRONINGEN") if word in caplog.text]


@pytest.mark.django_db(transaction=True)
def test_the_same_push_eight_times_at_once_is_one_row_and_one_job(door: PushDoor) -> None:
    body, credential = push_body(door.number), door.credential

    answers = at_once(*[partial(door.post, body, credential=credential)] * 8)

    assert answers == [200] * 8
    assert [row.repeats for row in door.receipts()] == [7]
    assert door.jobs() == [("events", "due")]


@pytest.mark.django_db(transaction=True)
def test_pushes_that_come_while_others_are_taken_in_are_not_lost(door: PushDoor) -> None:
    credential = door.credential
    bodies = [push_body(door.number, gmtActivityTime=f"0815{second:02}") for second in range(8)]
    door.push()

    at_once(*(partial(door.post, body, credential=credential) for body in bodies), partial(engine.work, ALL_QUEUES))
    engine.work(ALL_QUEUES)

    with tenant_context(door.account.tenant_id):
        assert Receipt.objects.exclude(applied_at=None).count() == 8
        assert TrackingEvent.objects.count() == 8
    assert {state for kind, state in door.jobs() if kind == "events"} == {"done"}
