"""Alarms about what the nightly comparison found: one of each company, mailed anew when more was found."""

from datetime import timedelta

import pytest
from django.core import mail
from pytest_django import Settings

from exact.models import Grant
from syncjobs.alarms.kinds import AlarmKind
from syncjobs.reconciling.kinds import SERIOUS, FindingKind
from tests.syncjobs.alarm_scene import TEAM, Scene, make_scene, taken_out, told_to
from tests.syncjobs.test_alarms import find_a_difference, run

K = AlarmKind
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def scene(db: None, settings: Settings) -> Scene:
    del db
    settings.OPERATOR_EMAILS = TEAM
    return make_scene()


def pass_time(scene: Scene, after: timedelta) -> None:
    """Meanwhile the permissions for Exact are renewed."""
    Grant.objects.update(received_at=scene.at + after)
    scene.look(after=after)


def test_many_differences_of_a_company_are_one_alarm_that_knows_how_many(scene: Scene) -> None:
    for _ in range(25):
        find_a_difference(scene)

    scene.look()

    (row,) = scene.rows()
    assert (row.kind, row.subject, row.details["findings"]) == (K.FINDING, scene.connection.code, 25)
    assert "The nightly comparison found differences: 25 differences" in str(mail.outbox[0].body)
    assert taken_out() == told_to(scene.told)


def test_a_difference_is_mailed_once_however_many_nights_it_stays(scene: Scene) -> None:
    find_a_difference(scene)
    scene.look()
    taken_out()

    for _ in range(10):
        run("UPDATE syncjobs_finding SET seen_at = now() WHERE tenant_id = %s", scene.tenant.id)
        pass_time(scene, DAY)

    assert taken_out() == []


def test_a_new_difference_is_mailed_though_nobody_has_seen_to_the_old_one(scene: Scene) -> None:
    find_a_difference(scene)
    scene.look()
    taken_out()

    pass_time(scene, 30 * DAY)
    find_a_difference(scene)
    scene.look(after=MINUTE)
    body = str(mail.outbox[0].body)
    first = taken_out()
    scene.look(after=HOUR)
    pass_time(scene, DAY)

    assert len(scene.rows()) == 1
    assert "The nightly comparison found differences: 2 differences" in body
    assert (first, taken_out()) == (told_to(scene.told), [])


def test_ten_new_differences_are_one_mail_and_those_of_the_next_minutes_wait_for_one_more(scene: Scene) -> None:
    find_a_difference(scene)
    scene.look()
    taken_out()
    scene.look(after=DAY)
    for _ in range(10):
        find_a_difference(scene)
    scene.look(after=MINUTE)
    burst = taken_out()
    told: list[int] = []
    for _ in range(10):
        find_a_difference(scene)
        scene.look(after=MINUTE)
        told.append(len(taken_out()))
    scene.look(after=10 * MINUTE)

    assert (burst, sum(told), taken_out()) == (told_to(scene.told), 0, told_to(scene.told))


def test_a_difference_found_before_the_alarm_knew_the_newest_is_not_mailed_again(scene: Scene) -> None:
    find_a_difference(scene)
    scene.look()
    taken_out()
    run("UPDATE syncjobs_alarm SET details = details - 'newest' WHERE tenant_id = %s", scene.tenant.id)

    scene.look(after=DAY)
    unchanged = taken_out()
    run("UPDATE syncjobs_alarm SET details = details - 'newest' WHERE tenant_id = %s", scene.tenant.id)
    find_a_difference(scene)
    scene.look(after=DAY)

    assert (unchanged, taken_out()) == ([], told_to(scene.told))


def test_a_difference_that_is_not_serious_is_no_alarm(scene: Scene) -> None:
    light = next(kind for kind in FindingKind if kind not in SERIOUS)
    find_a_difference(scene, light)

    scene.look()

    assert (scene.open_kinds(), taken_out()) == (set(), [])


def test_what_is_found_after_the_newest_was_settled_is_mailed_as_well(scene: Scene) -> None:
    find_a_difference(scene)
    pass_time(scene, DAY)
    find_a_difference(scene)
    pass_time(scene, DAY)
    taken_out()

    run(
        "UPDATE syncjobs_finding SET resolved_at = now() WHERE id = (SELECT max(id) FROM syncjobs_finding"
        " WHERE tenant_id = %s)",
        scene.tenant.id,
    )
    pass_time(scene, DAY)
    settled = taken_out()
    find_a_difference(scene)
    scene.look(after=MINUTE)

    assert (settled, taken_out()) == ([], told_to(scene.told))
