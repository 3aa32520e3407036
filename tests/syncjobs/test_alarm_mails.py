"""Mails about alarms: at least once, one for many, and no more often than people can read."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.mail.message import EmailMessage, EmailMultiAlternatives
from django.urls import reverse
from pytest_django import Settings

from exact.models import Connection
from syncjobs.alarms import mails
from syncjobs.alarms.kinds import NATURES, AlarmKind
from syncjobs.alarms.notices import SHOWN_OF_A_KIND
from syncjobs.alarms.raising import Wrong, open_alarms, raise_system_alarm
from syncjobs.models import Alarm, Delivery, SystemAlarm
from tenants.context import tenant_context
from tenants.models import Membership, User
from tests.syncjobs.alarm_scene import TEAM, Picky, Scene, make_scene, some_code, taken_out, told_to
from tests.syncjobs.rows import make_delivery
from tests.syncjobs.threads import at_once

K = AlarmKind
MINUTE = timedelta(minutes=1)


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
        Alarm.objects.update(mailed_at=None, mail_due_at=scene.at + mails.CLAIMED_FOR)

    scene.look(after=MINUTE)
    too_early = taken_out()
    scene.look(after=mails.CLAIMED_FOR)

    assert (too_early, taken_out()) == ([], told_to(scene.told))


def test_an_address_that_is_refused_keeps_the_mail_from_nobody_else(
    scene: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = f"{Picky.__module__}.{Picky.__qualname__}"
    monkeypatch.setattr(Picky, "refused", min(scene.told))
    scene.change_grant(needs_reconnect_at=scene.at)

    scene.look()
    scene.look(after=mails.SOME_LEFT_PAUSE)

    assert taken_out() == [max(scene.told)]


def test_an_address_that_is_not_taken_now_is_tried_again_later_and_not_each_minute(
    scene: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = f"{Picky.__module__}.{Picky.__qualname__}"
    monkeypatch.setattr(Picky, "refused", max(scene.told))
    monkeypatch.setattr(Picky, "code", 452)
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.look()
    scene.look(after=6 * MINUTE)
    assert taken_out() == [min(scene.told)]

    monkeypatch.setattr(Picky, "refused", "")
    scene.look(after=mails.SOME_LEFT_PAUSE)
    scene.look(after=mails.SOME_LEFT_PAUSE)

    assert taken_out() == [max(scene.told)]


@pytest.mark.parametrize(
    "address", ["no address", "two@one.test, b@one.test", "a@b\nBcc: c@d.test", "x@" + "ü" * 70 + ".test"]
)
def test_what_is_no_address_keeps_the_mail_from_nobody_and_is_not_tried_again(
    scene: Scene, settings: Settings, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    User.objects.filter(email=min(scene.told)).update(email=address)
    settings.OPERATOR_EMAILS = [address, *TEAM]
    scene.change_grant(needs_reconnect_at=scene.at)
    scene.silent.add("beat")
    scene.look(after=4 * MINUTE)
    scene.look(after=mails.SOME_LEFT_PAUSE)

    assert taken_out() == told_to([max(scene.told)], TEAM)
    assert {row.mail_due_at for row in [*scene.rows(), *SystemAlarm.objects.all()]} == {None}
    assert address not in caplog.text


class Slow(EmailBackend):
    """Takes its time for each mail, and counts how often it was called."""

    calls = 0
    pass_time: Callable[[], None]

    def open(self) -> bool:
        type(self).calls += 1
        return True

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        type(self).pass_time()
        sent: int = super().send_messages(messages)
        return sent


def both_companies_need(scene: Scene) -> None:
    """Something of theirs is to be mailed."""
    for tenant in (scene.tenant, scene.other):
        with tenant_context(tenant.id):
            open_alarms(tenant.id, [Wrong(kind=K.NEEDS_RECONNECT, subject=some_code())], at=scene.at)


def test_a_mail_is_claimed_when_it_is_begun_however_long_those_before_it_took(
    scene: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = f"{Slow.__module__}.{Slow.__qualname__}"
    both_companies_need(scene)
    just_claimed: list[int] = []

    def pass_time() -> None:
        for tenant in (scene.tenant, scene.other):
            with tenant_context(tenant.id):
                claims = Alarm.objects.filter(mail_due_at=scene.at + mails.CLAIMED_FOR)
                just_claimed.append(claims.count())
        scene.at += mails.CLAIMED_FOR / 2

    monkeypatch.setattr(Slow, "pass_time", pass_time, raising=False)

    sent = mails.send_due(clock=lambda: scene.at)

    assert (sent, sum(just_claimed)) == (len(scene.told) + 1, 2)


def test_one_call_to_the_mail_server_serves_all_recipients_of_a_mail(
    scene: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = f"{Slow.__module__}.{Slow.__qualname__}"
    monkeypatch.setattr(Slow, "pass_time", lambda: None, raising=False)
    monkeypatch.setattr(Slow, "calls", 0)
    both_companies_need(scene)

    mails.send_due(clock=lambda: scene.at)

    assert Slow.calls == 2


def test_a_slow_mail_server_is_not_given_another_mail_after_a_while(
    scene: Scene, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = f"{Slow.__module__}.{Slow.__qualname__}"
    monkeypatch.setattr(Slow, "pass_time", lambda: None, raising=False)
    monkeypatch.setattr(mails, "SENDING_SECONDS", 0.0)
    both_companies_need(scene)

    assert mails.send_due(clock=lambda: scene.at) == 0

    monkeypatch.setattr(mails, "SENDING_SECONDS", 20.0)
    assert mails.send_due(clock=lambda: scene.at) == len(scene.told) + 1


def test_a_mail_shows_some_of_a_kind_and_says_how_many_more(scene: Scene) -> None:
    with tenant_context(scene.tenant.id):
        wrong = [Wrong(kind=K.ORPHAN, subject=some_code()) for _ in range(SHOWN_OF_A_KIND + 5)]
        open_alarms(scene.tenant.id, wrong, at=scene.at)
        open_alarms(scene.tenant.id, [Wrong(kind=K.REVIEW, subject=some_code())], at=scene.at)

    mails.send_due(clock=lambda: scene.at)

    message = mail.outbox[0]
    assert str(message.body).count(NATURES[K.ORPHAN].title) == SHOWN_OF_A_KIND + 1
    assert f"{NATURES[K.ORPHAN].title}: and 5 more\n{NATURES[K.ORPHAN].advice}" in str(message.body)
    assert "(and 25 more)" in message.subject


def test_the_operating_team_too_reads_some_of_a_kind(scene: Scene) -> None:
    for number in range(SHOWN_OF_A_KIND + 5):
        raise_system_alarm(K.TOKEN_STALE, f"grant {number}", at=scene.at)

    mails.send_due(clock=lambda: scene.at)

    body = str(mail.outbox[0].body)
    assert body.count("subject grant") == SHOWN_OF_A_KIND
    assert f"{NATURES[K.TOKEN_STALE].title}: and 5 more" in body


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

    sent = at_once(*[lambda: mails.send_due(clock=lambda: scene.at)] * 4)

    assert sum(sent) == len(scene.told)
    assert taken_out() == told_to(scene.told)
