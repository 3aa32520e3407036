"""Mails about alarms: at least once, one for many, and no more often than people can read."""

import smtplib
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.mail.message import EmailMessage, EmailMultiAlternatives
from django.urls import reverse
from pytest_django import Settings

from exact.models import Connection
from syncjobs import alarm_mails
from syncjobs.alarm_kinds import AlarmKind
from syncjobs.models import Alarm, Delivery, SystemAlarm
from tenants.context import tenant_context
from tenants.models import Membership, User
from tests.syncjobs.alarm_scene import TEAM, Scene, make_scene, taken_out, told_to
from tests.syncjobs.rows import make_delivery
from tests.syncjobs.threads import at_once

K = AlarmKind
MINUTE = timedelta(minutes=1)


class Picky(EmailBackend):
    """A mail server that refuses one address."""

    refused = ""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        for message in messages:
            if self.refused in message.to:
                raise smtplib.SMTPRecipientsRefused({self.refused: (550, b"no such person")})
        sent: int = super().send_messages(messages)
        return sent


@pytest.fixture
def scene(db: None, settings: Settings) -> Scene:
    del db
    settings.OPERATOR_EMAILS = TEAM
    return make_scene()


def in_review(scene: Scene, number: str) -> Delivery:
    delivery = make_delivery(scene.connection, state=Delivery.State.REVIEW)
    scene.change(delivery, delivery_number=number)
    return delivery


def test_one_mail_names_all_that_is_new_with_the_way_to_each(scene: Scene) -> None:
    deliveries = [in_review(scene, number) for number in ("60001", "60002")]
    scene.change(scene.connection, missed_hook_at=scene.at)

    scene.look()

    message = mail.outbox[0]
    assert isinstance(message, EmailMultiAlternatives)
    page = str(message.alternatives[0][0])
    assert len(mail.outbox) == len(scene.told)
    assert message.subject.endswith("(and 2 more) - Voorbeeld Groothandel BV")
    for delivery in deliveries:
        path = reverse("syncjobs:delivery", args=[scene.tenant.code, delivery.code])
        assert f"http://testserver{path}" in str(message.body)
        assert f'href="http://testserver{path}"' in page
    assert "A delivery needs a decision: Delivery 60001" in str(message.body)
    assert "Exact Online does not tell us of new deliveries: Voorbeeld" in page


def test_a_name_in_a_mail_is_text_and_cannot_break_its_head(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.change(scene.connection, division_name='<a href="//evil.test">Pay</a>\n')
    with tenant_context(scene.tenant.id):
        type(scene.tenant).objects.update(name="Two\nLines BV")

    scene.look()

    message = mail.outbox[0]
    assert isinstance(message, EmailMultiAlternatives)
    assert '<a href="//evil.test">' not in str(message.alternatives[0][0])
    assert message.subject == "The connection to Exact Online has ended - Two Lines BV"


def test_what_comes_a_moment_later_waits_so_that_a_bad_hour_fills_no_mailbox(scene: Scene) -> None:
    in_review(scene, "60001")
    scene.look()
    taken_out()
    told: list[int] = []
    for number in range(20):
        in_review(scene, f"6001{number}")
        scene.look(after=MINUTE)
        told.append(len(taken_out()))

    assert [minute for minute, count in enumerate(told, 1) if count] == [15]
    assert sum(told) == len(scene.told)


def test_what_is_urgent_does_not_wait(scene: Scene) -> None:
    in_review(scene, "60001")
    scene.look()
    taken_out()

    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look(after=MINUTE)

    assert taken_out() == told_to(scene.told)


def test_the_end_is_told_with_the_words_that_it_is_over(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    taken_out()

    scene.change_grant(needs_reconnect_at=None)
    scene.look(after=MINUTE)

    assert mail.outbox[0].subject == ("It is over: The connection to Exact Online has ended - Voorbeeld Groothandel BV")
    assert "You need not do anything." in str(mail.outbox[0].body)


def test_what_is_over_before_it_was_told_of_is_not_told_at_all(scene: Scene, settings: Settings) -> None:
    in_review(scene, "60001")
    scene.look()
    taken_out()
    second = in_review(scene, "60002")
    scene.look(after=MINUTE)

    scene.change(second, state=Delivery.State.CANCELLED)
    scene.look(after=20 * MINUTE)

    assert taken_out() == []


def test_without_a_mail_server_the_alarm_stays_and_the_mail_comes_later(scene: Scene, settings: Settings) -> None:
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    assert scene.open_kinds() == {K.NEEDS_RECONNECT}

    settings.EMAIL_BACKEND = working
    scene.look(after=MINUTE)
    at_first = taken_out()
    scene.look(after=5 * MINUTE)
    scene.look(after=5 * MINUTE)

    assert (at_first, taken_out()) == ([], told_to(scene.told))


def test_a_mail_that_a_dead_process_had_claimed_is_sent_by_another(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    taken_out()
    with tenant_context(scene.tenant.id):
        Alarm.objects.update(mailed_at=None, mail_due_at=scene.at + alarm_mails.CLAIMED_FOR)

    scene.look(after=MINUTE)
    too_early = taken_out()
    scene.look(after=alarm_mails.CLAIMED_FOR)

    assert (too_early, taken_out()) == ([], told_to(scene.told))


def test_an_address_that_is_refused_keeps_the_mail_from_nobody_else(scene: Scene, settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{Picky.__module__}.{Picky.__qualname__}"
    Picky.refused = min(scene.told)
    scene.change_grant(needs_reconnect_at=scene.at)

    scene.look()
    scene.look(after=6 * MINUTE)

    assert taken_out() == [max(scene.told)]


def test_who_left_or_may_not_sign_in_any_more_is_told_nothing(scene: Scene) -> None:
    owner, manager = sorted(scene.told)
    User.objects.filter(email=owner).update(is_active=False)
    with tenant_context(scene.tenant.id):
        Membership.objects.filter(user__email=manager).delete()
    scene.change_grant(needs_reconnect_at=scene.at)

    scene.look()

    assert taken_out() == []
    assert scene.open_kinds() == {K.NEEDS_RECONNECT}


def test_with_nobody_to_tell_the_alarm_stands_in_the_admin_alone(scene: Scene, settings: Settings) -> None:
    settings.OPERATOR_EMAILS = []
    scene.silent.add("beat")
    scene.look(after=4 * MINUTE)

    told = SystemAlarm.objects.get()
    assert (told.kind, told.mail_due_at, told.mailed_at) == (K.CLOCK_SILENT, None, None)


def test_the_operating_team_reads_whose_connection_it_is_and_no_name(scene: Scene) -> None:
    scene.change_grant(received_at=scene.at - timedelta(days=4))

    scene.look()

    body = str(mail.outbox[0].body)
    with tenant_context(scene.tenant.id):
        connection = Connection.objects.get()
    assert f"tenant {scene.tenant.id}, connection {connection.code}" in body
    assert "Voorbeeld" not in body


@pytest.mark.django_db(transaction=True)
def test_two_that_send_at_once_send_one_mail(scene: Scene) -> None:
    with tenant_context(scene.tenant.id):
        common = {"tenant": scene.tenant, "kind": K.NEEDS_RECONNECT, "subject": scene.connection.code}
        Alarm.objects.create(**common, raised_at=scene.at, mail_due_at=scene.at)

    sent = at_once(*[lambda: alarm_mails.send_due(at=scene.at)] * 4)

    assert sum(sent) == len(scene.told)
    assert taken_out() == told_to(scene.told)
