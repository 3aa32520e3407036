"""When something begins to be wrong, to the minute; looks that come twice, at once, or too early; the watchdog."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as live_settings
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection as database
from django.utils import timezone
from pytest_django import Settings

from exact.models import Breaker
from syncjobs.alarms import troubles
from syncjobs.alarms.kinds import NATURES, STEADY, AlarmKind
from syncjobs.alarms.raising import Wrong, clear, open_alarms
from syncjobs.alarms.watchdog import Watchdog
from syncjobs.models import Alarm, SystemAlarm
from tenants.context import tenant_context
from tests.owner import as_owner
from tests.syncjobs.alarm_scene import TEAM, Scene, make_scene, service_kinds, some_code, taken_out, told_to
from tests.syncjobs.rows import add
from tests.syncjobs.threads import at_once

K = AlarmKind
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LONG_WATCHED = timedelta(hours=1)
PATIENCE_SECONDS = 5.0


@pytest.fixture
def scene(db: None, settings: Settings) -> Scene:
    del db
    settings.OPERATOR_EMAILS = TEAM
    return make_scene()


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        (19.9, set()),
        (20, {K.TOKEN_20_DAYS}),
        (24.9, {K.TOKEN_20_DAYS}),
        (25, {K.TOKEN_25_DAYS}),
        (29, {K.TOKEN_28_DAYS}),
    ],
)
def test_the_customer_hears_of_an_old_token_at_each_age_alone(scene: Scene, days: float, kinds: set[K]) -> None:
    scene.change_grant(received_at=scene.at - days * DAY)

    scene.look()

    assert scene.open_kinds() == kinds


def test_a_token_that_grows_old_is_told_of_three_times_in_all(scene: Scene) -> None:
    scene.change_grant(received_at=scene.at - 19 * DAY)
    for _ in range(10):
        scene.look(after=DAY)

    assert [row.kind for row in scene.rows()] == [K.TOKEN_20_DAYS, K.TOKEN_25_DAYS, K.TOKEN_28_DAYS]
    mailed = taken_out()
    assert [mailed.count(person) for person in sorted(scene.told)] == [3, 3]


@pytest.mark.parametrize(("minutes", "kinds"), [(29.9, set()), (30, {K.IN_DOUBT})])
def test_a_doubt_is_told_of_after_thirty_minutes_of_the_settling_clock(
    scene: Scene, settings: Settings, minutes: float, kinds: set[K]
) -> None:
    settings.SETTLING_MINUTE_SECONDS = 1.0
    scene.attempt("in_doubt", doubt_at=scene.at - timedelta(seconds=minutes))

    scene.look()

    assert scene.open_kinds() == kinds


def test_an_orphan_that_was_voided_at_once_is_still_told_of_for_a_day(scene: Scene) -> None:
    scene.attempt("in_doubt", "absent", "orphan", "voiding", "voided", orphaned_at=scene.at)

    scene.look()
    told = scene.open_kinds()
    scene.look(after=DAY)

    assert (told, scene.open_kinds()) == ({K.ORPHAN}, set())


def test_a_company_that_was_disconnected_is_no_cause_for_alarm(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.change(scene.connection, disconnected_at=scene.at, missed_hook_at=scene.at)

    scene.look()

    assert (scene.open_kinds(), service_kinds()) == (set(), set())


@pytest.mark.parametrize(("minutes", "kinds"), [(4.9, set()), (5.1, {K.JOBS_LATE})])
def test_a_job_is_late_after_five_minutes(scene: Scene, minutes: float, kinds: set[K]) -> None:
    add(scene.tenant, due_at=scene.at - minutes * MINUTE)

    scene.look()

    assert service_kinds() == kinds


def test_a_service_that_just_started_is_not_called_silent_but_is_when_it_stays_so(scene: Scene) -> None:
    troubles.judge(at=scene.at, watching_since=scene.at - 2 * MINUTE)
    at_first = service_kinds()

    troubles.judge(at=scene.at + 2 * MINUTE, watching_since=scene.at - 2 * MINUTE)

    assert (at_first, service_kinds()) == (set(), {K.CLOCK_SILENT})


def test_queues_are_not_blamed_for_a_silent_clock_and_get_a_moment_when_it_is_back(scene: Scene) -> None:
    scene.look()
    scene.silent = set(troubles.SIGNS)
    scene.look(after=10 * MINUTE)
    while_silent = service_kinds()

    scene.silent = set(troubles.SIGNS) - {troubles.BEAT}
    scene.look(after=MINUTE)
    just_back = service_kinds()
    scene.look(after=2 * MINUTE)
    scene.look(after=MINUTE)

    assert (while_silent, just_back) == ({K.CLOCK_SILENT}, {K.CLOCK_SILENT})
    assert service_kinds() == {K.CANARY_LATE}
    late = SystemAlarm.objects.filter(kind=K.CANARY_LATE)
    assert {row.subject for row in late} == {"ship", "sync", "track", "upkeep"}


def test_a_watchdog_that_just_started_does_not_end_what_another_one_knows(scene: Scene) -> None:
    troubles.judge(at=scene.at, watching_since=scene.at - LONG_WATCHED)

    troubles.judge(at=scene.at + 10 * MINUTE, watching_since=scene.at + 9 * MINUTE)

    assert service_kinds() == {K.CLOCK_SILENT}


def test_an_alarm_of_the_service_that_comes_and_goes_is_one_alarm(scene: Scene) -> None:
    for _ in range(5):
        scene.silent = {"queue:ship"}
        scene.look(after=4 * MINUTE)
        scene.silent = set()
        scene.look(after=STEADY / 2)

    assert SystemAlarm.objects.count() == 1
    assert taken_out() == told_to(TEAM)


@pytest.mark.parametrize("kind", [K.HOOKS_SILENT, K.BREAKER_OPEN])
def test_an_alarm_of_a_customer_that_comes_and_goes_is_one_mail(scene: Scene, kind: K) -> None:
    for _ in range(5):
        trouble(scene, kind, begins=True)
        scene.look(after=NATURES[kind].clears_after or MINUTE)
        trouble(scene, kind, begins=False)
        scene.look(after=(NATURES[kind].clears_after or MINUTE) * 0.9)

    assert [row.cleared_at for row in scene.rows()] == [None]
    assert sorted(set(taken_out())) == sorted([*scene.told, *(TEAM if NATURES[kind].tells_operator else ())])

    scene.look(after=MINUTE * 7)
    assert scene.open_kinds() == set()


def trouble(scene: Scene, kind: K, *, begins: bool) -> None:
    """Notifications are missed, or a breaker opens; or that is over."""
    if kind == K.HOOKS_SILENT:
        scene.change(scene.connection, missed_hook_at=scene.at if begins else None)
        return
    with tenant_context(scene.tenant.id):
        Breaker.objects.update_or_create(
            tenant=scene.tenant,
            connection=scene.connection,
            endpoint="one",
            defaults={"opened_at": scene.at if begins else None},
        )


def test_an_open_alarm_is_noted_as_still_so_at_each_look(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    scene.look(after=DAY)

    (row,) = scene.rows()
    assert (row.raised_at, row.seen_at) == (scene.at - DAY, scene.at)


def test_what_only_a_newer_version_knows_is_left_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant_context(scene.tenant.id):
        Alarm.objects.create(tenant=scene.tenant, kind="of_tomorrow", subject=some_code(), mail_due_at=scene.at)
    SystemAlarm.objects.create(kind="of_tomorrow", mail_due_at=scene.at)
    renamed = troubles._TROUBLES.replace("SELECT kind,", "SELECT replace(kind, 'account_stopped', 'of_tomorrow'),")
    monkeypatch.setattr(troubles, "_TROUBLES", renamed)
    scene.change(scene.account, stopped_at=scene.at, stopped_reason="Refused.")
    scene.change_grant(needs_reconnect_at=scene.at)

    scene.look(after=DAY)

    assert [(row.kind, row.cleared_at) for row in scene.rows()] == [("of_tomorrow", None), (K.NEEDS_RECONNECT, None)]
    assert SystemAlarm.objects.get().cleared_at is None
    assert taken_out() == told_to(scene.told)


def test_the_first_check_of_the_audit_trails_is_awaited_from_the_first_look_on(scene: Scene) -> None:
    scene.silent = {troubles.AUDIT}
    scene.look()
    at_first = service_kinds()

    scene.look(after=troubles.AUDIT_AGE + MINUTE)

    assert (at_first, service_kinds()) == (set(), {K.AUDIT_LATE})


def test_after_a_standstill_the_missed_check_gets_a_moment_to_be_made(scene: Scene) -> None:
    scene.look()
    later = scene.at + 3 * DAY

    troubles.judge(at=later, watching_since=later)
    troubles.judge(at=later + 4 * MINUTE, watching_since=later)

    late = SystemAlarm.objects.get(kind=K.AUDIT_LATE)
    assert late.raised_at == later + 4 * MINUTE


def test_what_comes_again_after_its_end_is_told_again(scene: Scene) -> None:
    for moment in (scene.at, None, scene.at):
        scene.change_grant(needs_reconnect_at=moment)
        scene.look(after=MINUTE)

    assert [row.cleared_at is None for row in scene.rows()] == [False, True]
    assert len(taken_out()) == len(scene.told) * 3


def test_raising_twice_is_one_alarm_and_clearing_twice_is_one_end(scene: Scene) -> None:
    subject = some_code()
    with tenant_context(scene.tenant.id):
        for minute in range(2):
            details = {"n": minute, "since": f"{minute} o'clock"}
            wrong = [Wrong(kind=K.ORPHAN, subject=subject, details=details)]
            open_alarms(scene.tenant.id, wrong, at=scene.at + minute * MINUTE)
        ended = [clear(Alarm.objects.all(), K.ORPHAN, at=scene.at + minute * MINUTE) for minute in range(2, 4)]

    (row,) = scene.rows()
    assert ended == [1, 0]
    assert (row.kind, row.subject, row.details) == (K.ORPHAN, subject, {"n": 1, "since": "0 o'clock"})
    assert (row.raised_at, row.seen_at, row.cleared_at) == (scene.at, scene.at + MINUTE, scene.at + 2 * MINUTE)
    assert row.mail_due_at is None
    assert service_kinds() == set()


@pytest.mark.django_db(transaction=True)
def test_looks_at_the_same_moment_open_one_alarm_each(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    leave_no_signs: Callable[[], bool] = lambda: troubles.judge(at=scene.at, watching_since=scene.at - LONG_WATCHED)  # noqa: E731

    looked = at_once(*[leave_no_signs] * 4)

    assert any(looked)
    assert [row.kind for row in scene.rows()] == [K.NEEDS_RECONNECT]
    assert SystemAlarm.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_while_one_looks_another_leaves_it_alone(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [troubles._LOCK])

    looked = at_once(lambda: troubles.judge(at=scene.at, watching_since=scene.at))

    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [troubles._LOCK])
    assert (looked, scene.rows()) == ([False], [])


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it came true in time."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < ends:
        time.sleep(0.02)
    return condition()


@pytest.mark.django_db(transaction=True)
def test_the_watchdog_looks_by_itself_mails_and_goes_on_after_the_database_failed(scene: Scene) -> None:
    as_owner("ALTER FUNCTION syncjobs_alarmed_tenants() RENAME TO syncjobs_gone")
    watchdog = Watchdog(look_seconds=0.02)
    watchdog.start()
    try:
        scene.change_grant(needs_reconnect_at=timezone.now())
        assert not scene.rows()
        as_owner("ALTER FUNCTION syncjobs_gone() RENAME TO syncjobs_alarmed_tenants")

        assert eventually(lambda: any(row.mailed_at for row in scene.rows()))
    finally:
        watchdog.stop()
    assert taken_out() == told_to(scene.told)


@pytest.mark.django_db(transaction=True)
def test_the_watchdog_needs_no_broker_and_leaves_no_connection_open(scene: Scene, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    before = connections()
    watchdog = Watchdog(look_seconds=0.02)
    watchdog.start()
    scene.change_grant(needs_reconnect_at=timezone.now())

    seen = eventually(lambda: bool(scene.rows()))
    watchdog.stop()

    assert seen
    assert eventually(lambda: connections() == before)


class Stuck(EmailBackend):
    """A mail server that takes the call and says nothing until the gate opens."""

    gate = threading.Event()
    called = threading.Event()

    def open(self) -> bool:
        self.called.set()
        return self.gate.wait(2 * PATIENCE_SECONDS)


@pytest.mark.django_db(transaction=True)
def test_while_the_mail_server_hangs_the_watchdog_goes_on_looking(scene: Scene, settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{Stuck.__module__}.{Stuck.__qualname__}"
    scene.change_grant(needs_reconnect_at=timezone.now())
    watchdog = Watchdog(look_seconds=0.02)
    watchdog.start()
    try:
        assert Stuck.called.wait(PATIENCE_SECONDS)
        scene.change(scene.account, stopped_at=timezone.now(), stopped_reason="Refused.")

        assert eventually(lambda: scene.open_kinds() == {K.NEEDS_RECONNECT, K.ACCOUNT_STOPPED})
    finally:
        Stuck.gate.set()
        watchdog.stop()


def connections() -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        row = cursor.fetchone()
    return int(row[0])


def test_the_signs_of_life_that_are_awaited_are_those_that_are_asked_for() -> None:
    schedule: dict[str, dict[str, Any]] = live_settings.CELERY_BEAT_SCHEDULE

    asked = {f"queue:{one['options']['queue']}" for one in schedule.values() if one["task"] == "syncjobs.tasks.canary"}

    assert asked | {"beat"} == set(troubles.SIGNS)
