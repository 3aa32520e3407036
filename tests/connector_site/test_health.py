"""What the health addresses say, and what they do not."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from connector_site import health
from syncjobs.alarms import troubles
from syncjobs.models import Heartbeat
from tests.owner import as_owner

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "staff"])


def sign(name: str, seconds_ago: float) -> None:
    seen_at = timezone.now() - timedelta(seconds=seconds_ago)
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": seen_at})


def tick(seconds_ago: float) -> None:
    """The clock ticked so long ago; every queue is served."""
    for name in troubles.SIGNS:
        sign(name, 1)
    sign(troubles.BEAT, seconds_ago)


def test_live_answers_without_asking_anybody(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_when_everything_answers(client: Client) -> None:
    tick(2)

    answer = client.get("/health/ready")

    told = answer.json()
    assert answer.status_code == 200
    assert told["checks"] == {"database": "ok", "broker": "ok", "migrations": "ok"}
    assert told["beat"]["late"] is False
    assert 2 <= told["beat"]["last_seen_seconds_ago"] < 10


def test_a_late_clock_is_told_but_takes_no_web_process_away(client: Client) -> None:
    tick(31)

    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["beat"]["late"] is True


def test_without_the_database_it_is_not_ready_and_says_why(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise health.NotReady("cannot be reached")

    monkeypatch.setattr(health, "_database", away)

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["checks"]["database"] == "cannot be reached"


def test_an_unreachable_broker_is_told_within_a_second(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    health._redis.cache_clear()

    answer = client.get("/health/ready")

    health._redis.cache_clear()
    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"] == "cannot be reached"
    assert "127.0.0.1" not in answer.content.decode()


def test_a_check_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    gate = threading.Event()

    def hang() -> None:
        gate.wait(10)

    outcome = health._outcome(hang)

    gate.set()
    assert outcome == "no answer within 0.05 s"


def test_missing_migrations_are_counted_until_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    health._waiting_migrations.cache_clear()
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda _self, _targets: [1, 2])
    with pytest.raises(health.NotReady, match="2 not applied"):
        health._migrations()

    monkeypatch.undo()
    health._migrations()

    assert health._waiting_migrations.cache_info().currsize == 1


def test_before_the_first_migrations_it_is_not_ready_and_says_what_to_do(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    health._waiting_migrations.cache_clear()
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda _self, _targets: [1, 2])
    as_owner("ALTER TABLE syncjobs_heartbeat RENAME TO syncjobs_heartbeat_to_come")
    try:
        ready, beat = client.get("/health/ready"), client.get("/health/beat")
    finally:
        as_owner("ALTER TABLE syncjobs_heartbeat_to_come RENAME TO syncjobs_heartbeat")

    assert (ready.status_code, beat.status_code) == (503, 503)
    assert ready.json()["checks"]["migrations"] == "2 not applied: run `python manage.py migrate`"
    assert ready.json()["beat"] == beat.json()["signs"] == "not known, the database does not tell"


def test_signs_of_life_that_take_too_long_are_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def hang() -> dict[str, object]:
        gate.wait(10)
        return {}

    monkeypatch.setattr(troubles, "last_seen", hang)

    ready, beat = client.get("/health/ready"), client.get("/health/beat")

    gate.set()
    assert ready.json()["beat"] == beat.json()["signs"] == "no answer within 1 s"
    assert (ready.status_code, beat.status_code) == (200, 503)


def test_the_clock_address_fails_after_three_missed_ticks(client: Client) -> None:
    tick(29)
    in_time = client.get("/health/beat").status_code
    tick(31)
    late = client.get("/health/beat").status_code
    Heartbeat.objects.filter(name=troubles.BEAT).delete()
    never = client.get("/health/beat").status_code

    assert (in_time, late, never) == (200, 503, 503)


def test_the_clock_address_fails_when_one_queue_is_not_served(client: Client) -> None:
    tick(1)
    sign("queue:track", 179)
    in_time = client.get("/health/beat")
    sign("queue:track", 181)
    late = client.get("/health/beat")

    assert (in_time.status_code, late.status_code) == (200, 503)
    assert [name for name, told in late.json()["queues"].items() if told["late"]] == ["queue:track"]
    assert late.json()["clock"]["late"] is False


def test_the_clock_address_fails_without_the_database_and_needs_no_broker(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    tick(1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    without_broker = client.get("/health/beat").status_code

    def away() -> None:
        raise health.NotReady("cannot be reached")

    monkeypatch.setattr(health, "_database", away)
    without_database = client.get("/health/beat")

    assert (without_broker, without_database.status_code) == (200, 503)
    assert without_database.json() == {"late": True, "database": "cannot be reached"}


def test_a_database_error_gives_no_details_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OperationalError("password for user secret")

    monkeypatch.setattr(health, "connections", {"default": type("Gone", (), {"cursor": staticmethod(broken)})()})
    monkeypatch.setattr(health, "_close_connections", lambda: None)

    assert health._outcome(health._database) == "cannot be reached"
