"""One customer's rows that nothing can be made of keep the others, and the service, from no alarm and no mail."""

from datetime import timedelta

import pytest
from django.db import connection as database
from pytest_django import Settings

from syncjobs.alarms import mails
from syncjobs.alarms.kinds import AlarmKind
from syncjobs.alarms.raising import Wrong, open_alarms, raise_system_alarm, sparing_the_others
from syncjobs.models import Alarm
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.syncjobs.alarm_scene import TEAM, Scene, make_scene, service_kinds, some_code, taken_out, told_to
from tests.syncjobs.test_alarms import find_a_difference

K = AlarmKind
MINUTE = timedelta(minutes=1)
ODD = "Mars/Olympus"


@pytest.fixture
def scene(db: None, settings: Settings) -> Scene:
    del db
    settings.OPERATOR_EMAILS = TEAM
    return make_scene()


def set_time_zone(scene: Scene, name: str) -> None:
    with tenant_context(scene.tenant.id):
        Tenant.objects.filter(pk=scene.tenant.id).update(time_zone=name)


def both_companies_need(scene: Scene) -> None:
    """Ours first."""
    for tenant, minutes in ((scene.tenant, 2), (scene.other, 1)):
        with tenant_context(tenant.id):
            wrong = [Wrong(kind=K.NEEDS_RECONNECT, subject=some_code())]
            open_alarms(tenant.id, wrong, at=scene.at - minutes * MINUTE)


def test_a_letter_that_cannot_be_written_keeps_no_other_customer_from_hers(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    set_time_zone(scene, ODD)
    both_companies_need(scene)

    sent = mails.send_due(clock=lambda: scene.at)

    assert (sent, taken_out()) == (1, [scene.other_owner.email])
    assert f"tenant {scene.tenant.id} could not be seen to: ZoneInfoNotFoundError" in caplog.text
    assert ODD not in caplog.text


def test_it_is_tried_again_when_its_claim_ends_and_comes_once_it_can_be_written(scene: Scene) -> None:
    set_time_zone(scene, ODD)
    both_companies_need(scene)
    mails.send_due(clock=lambda: scene.at)
    taken_out()
    set_time_zone(scene, "Europe/Amsterdam")

    at_once = mails.send_due(clock=lambda: scene.at + MINUTE)
    later = mails.send_due(clock=lambda: scene.at + mails.CLAIMED_FOR)

    assert (at_once, later, taken_out()) == (0, 2, told_to(scene.told))


def test_a_letter_to_the_operating_team_that_cannot_be_written_keeps_no_customer_from_hers(scene: Scene) -> None:
    raise_system_alarm(K.CLOCK_SILENT, "", at=scene.at, details={"since": "no moment"})
    both_companies_need(scene)

    mails.send_due(clock=lambda: scene.at)

    assert taken_out() == told_to(scene.told, [scene.other_owner.email])


def test_a_customer_whose_alarms_cannot_be_settled_keeps_nobody_else_from_hers(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    find_a_difference(scene)
    with tenant_context(scene.tenant.id):
        common = {"tenant": scene.tenant, "kind": K.FINDING, "subject": scene.connection.code}
        Alarm.objects.create(**common, details={"newest": ODD}, mailed_at=scene.at)
    with tenant_context(scene.other.id):
        database.cursor().execute("UPDATE exact_connection SET missed_hook_at = now()")
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.silent.add("beat")

    scene.look(after=4 * MINUTE)

    assert scene.open_kinds() == {K.FINDING}
    assert scene.open_kinds(scene.other) == {K.HOOKS_SILENT}
    assert service_kinds() == {K.CLOCK_SILENT}
    assert taken_out() == told_to([scene.other_owner.email], TEAM)
    assert ODD not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_nobodys_own_failure(scene: Scene) -> None:
    database.close()

    with pytest.raises(ValueError, match="lost"), sparing_the_others(f"tenant {scene.tenant.id}"):
        raise ValueError("lost")
