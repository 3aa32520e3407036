"""Mails about alarms when somebody cannot be reached: the others read each mail once, and she is tried for a day."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from pytest_django import Settings

from syncjobs.alarms import mails
from syncjobs.alarms.kinds import NATURES, AlarmKind
from syncjobs.models import Alarm, Delivery, SystemAlarm
from tenants.context import tenant_context
from tests.syncjobs.alarm_scene import TEAM, Picky, Scene, make_scene, taken_out, told_to
from tests.syncjobs.rows import make_delivery

K = AlarmKind
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OVER_QUOTA = 452


@pytest.fixture
def scene(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Scene:
    del db
    settings.OPERATOR_EMAILS = TEAM
    settings.EMAIL_BACKEND = f"{Picky.__module__}.{Picky.__qualname__}"
    monkeypatch.setattr(Picky, "code", OVER_QUOTA)
    monkeypatch.setattr(Picky, "refusals", 0)
    return make_scene()


@pytest.fixture
def manager(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> str:
    """Her mailbox is full; the owner's is not."""
    address = min(scene.told)
    monkeypatch.setattr(Picky, "refused", address)
    return address


@pytest.fixture
def owner(scene: Scene) -> str:
    return max(scene.told)


def pass_hours(scene: Scene, hours: int) -> None:
    """Mails are sent as they come due."""
    for _ in range(hours * 6):
        scene.at += 10 * MINUTE
        mails.send_due(clock=lambda: scene.at)


def test_who_was_reached_reads_it_once_while_anothers_mailbox_is_full_and_she_reads_it_once_later(
    scene: Scene, manager: str, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    pass_hours(scene, 8)
    while_full = taken_out()

    monkeypatch.setattr(Picky, "refused", "")
    pass_hours(scene, 20)

    assert (while_full, taken_out()) == ([owner], [manager])
    assert Picky.refusals == 1 + 8
    (row,) = scene.rows()
    assert (row.mail_due_at, row.mail_not_to, row.mail_tries_end_at) == (None, [], None)


def test_after_a_day_nobody_is_tried_any_more(
    scene: Scene, manager: str, owner: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    pass_hours(scene, 25)
    tries = Picky.refusals
    pass_hours(scene, 48)

    monkeypatch.setattr(Picky, "refused", "")
    pass_hours(scene, 2)

    assert (Picky.refusals, taken_out()) == (tries, [owner])
    assert tries == 1 + 24
    assert scene.rows()[0].mail_due_at is None
    assert manager not in caplog.text


def test_a_single_person_whose_mailbox_is_full_is_not_tried_for_more_than_a_day(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Picky, "refused", scene.other_owner.email)
    with tenant_context(scene.other.id):
        common = {"tenant": scene.other, "kind": K.REVIEW, "subject": scene.other.code}
        Alarm.objects.create(**common, raised_at=scene.at, mail_due_at=scene.at)

    pass_hours(scene, 26)

    with tenant_context(scene.other.id):
        row = Alarm.objects.get()
    assert (row.mail_due_at, row.mailed_at, taken_out()) == (None, None, [])


def test_that_it_is_over_is_read_once_as_well(scene: Scene, manager: str, owner: str) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    taken_out()

    scene.change_grant(needs_reconnect_at=None)
    scene.look(after=MINUTE)
    subject = mail.outbox[0].subject
    pass_hours(scene, 30)

    assert subject.startswith("It is over: ")
    assert (Picky.refusals, taken_out()) == (2 + 24, [owner])


def test_each_reads_what_is_new_to_her(scene: Scene, manager: str, owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    taken_out()

    monkeypatch.setattr(Picky, "refused", "")
    scene.at += 2 * HOUR
    make_delivery(scene.connection, state=Delivery.State.REVIEW)
    scene.look()

    bodies = {message.to[0]: str(message.body) for message in mail.outbox}
    told = {
        who: [kind for kind in (K.NEEDS_RECONNECT, K.REVIEW) if NATURES[kind].title in bodies[who]] for who in bodies
    }
    assert told == {manager: [K.NEEDS_RECONNECT, K.REVIEW], owner: [K.REVIEW]}


def test_who_was_reached_has_her_pause_though_another_was_not(scene: Scene, manager: str, owner: str) -> None:
    told: list[int] = []
    for _ in range(12):
        make_delivery(scene.connection, state=Delivery.State.REVIEW)
        scene.look(after=MINUTE)
        told.append(taken_out().count(owner))

    assert told == [1] + [0] * 11


def test_in_the_operating_team_too_each_reads_it_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picky, "refused", TEAM[0])
    scene.silent.add("beat")
    scene.look(after=4 * MINUTE)
    pass_hours(scene, 3)
    while_full = taken_out()
    noted = str(SystemAlarm.objects.get().mail_not_to)

    monkeypatch.setattr(Picky, "refused", "")
    pass_hours(scene, 3)

    assert (while_full, taken_out()) == ([TEAM[1]], [TEAM[0]])
    assert "@" not in noted


@pytest.mark.parametrize(
    ("error", "is_final"),
    [
        (smtplib.SMTPDataError(554, b"spam"), True),
        (smtplib.SMTPSenderRefused(550, b"not from you", "us@example.com"), True),
        (smtplib.SMTPDataError(451, b"later"), False),
        (smtplib.SMTPSenderRefused(421, b"busy", "us@example.com"), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
    ],
)
def test_a_final_answer_ends_the_tries_wherever_in_the_talk_it_comes(
    scene: Scene, manager: str, owner: str, monkeypatch: pytest.MonkeyPatch, *, error: Exception, is_final: bool
) -> None:
    monkeypatch.setattr(Picky, "error", error)
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    pass_hours(scene, 3)

    assert Picky.refusals == (1 if is_final else 1 + 3)
    assert taken_out() == [owner]
    assert (scene.rows()[0].mail_due_at is None) == is_final


def test_a_mail_server_that_is_gone_for_days_costs_no_mail(scene: Scene, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    pass_hours(scene, 50)

    settings.EMAIL_BACKEND = f"{Picky.__module__}.{Picky.__qualname__}"
    pass_hours(scene, 2)

    assert taken_out() == told_to(scene.told)
