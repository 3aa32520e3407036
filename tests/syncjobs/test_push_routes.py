"""A flood of pushes is proved without asking each time whose address it came to; nothing wrong gets in by that."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.syncjobs.pushdoor import PushDoor, make_push_door, push_body
from ups import alerts

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
