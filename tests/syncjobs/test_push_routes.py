"""A flood of pushes is proved without asking each time whose address it came to; nothing wrong gets in by that."""

import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syncjobs.tracking.pushes import ROUTE_KEPT_SECONDS
from tenants.context import tenant_context
from tests.syncjobs.pushdoor import PushDoor, make_push_door, push_body
from ups import alerts
from ups.models import Account

pytestmark = pytest.mark.django_db
OTHER_TIME = "111500"


@pytest.fixture
def door() -> PushDoor:
    """One at which UPS has just pushed."""
    door = make_push_door()
    assert door.push() == 200
    return door


def test_the_address_of_a_push_is_not_looked_up_again_at_once(door: PushDoor) -> None:
    credential = door.credential

    with CaptureQueriesContext(connection) as asked:
        assert door.post(push_body(door.number, gmtActivityTime=OTHER_TIME), credential=credential) == 200

    assert [query["sql"] for query in asked if "ups_alert_route" in query["sql"]] == []
    assert len(door.receipts()) == 2


def test_a_wrong_credential_is_refused_right_after_a_good_one(door: PushDoor) -> None:
    assert door.post(push_body(door.number, gmtActivityTime=OTHER_TIME), credential=door.credential + "x") == 401

    assert len(door.receipts()) == 1


def test_a_credential_is_taken_from_the_moment_it_is_renewed(door: PushDoor) -> None:
    assert alerts.rotate_credential(door.account, at=timezone.now())

    assert door.push(gmtActivityTime=OTHER_TIME) == 200

    assert len(door.receipts()) == 2


def test_a_token_ends_at_once_with_the_client_secret_it_came_of(door: PushDoor) -> None:
    token = door.token()
    assert door.post(push_body(door.number), authorization=f"Bearer {token}") == 200
    alerts.rotate_client_secret(door.account)

    assert door.post(push_body(door.number, gmtActivityTime=OTHER_TIME), authorization=f"Bearer {token}") == 401

    assert len(door.receipts()) == 1


def test_another_tenants_credential_opens_nothing_after_a_push_of_its_own(door: PushDoor) -> None:
    other = make_push_door("Andere BV")
    assert other.push() == 200

    assert door.post(push_body(door.number, gmtActivityTime=OTHER_TIME), credential=other.credential) == 401

    assert (len(door.receipts()), len(other.receipts())) == (1, 1)


def test_an_old_credential_ends_in_time_though_the_new_one_was_just_used(door: PushDoor) -> None:
    old = door.credential
    assert alerts.rotate_credential(door.account, at=timezone.now())
    assert door.push() == 200
    with tenant_context(door.account.tenant_id):
        Account.objects.update(alert_previous_until=timezone.now())

    assert door.post(push_body(door.number, gmtActivityTime=OTHER_TIME), credential=old) == 401

    assert len(door.receipts()) == 1


def test_a_leaked_address_is_nobodys_once_its_route_is_forgotten(
    door: PushDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaked, path = door.credential, door.path
    alerts.revoke(door.account, at=timezone.now())
    monkeypatch.setattr(
        "syncjobs.tracking.pushes.time.monotonic", lambda: time.monotonic_ns() / 1e9 + ROUTE_KEPT_SECONDS
    )

    answers = [
        Client().post(address, push_body(door.number), content_type="application/json", headers={"credential": leaked})
        for address in (path, door.path)
    ]

    assert [answer.status_code for answer in answers] == [404, 401]
    assert door.push() == 200
