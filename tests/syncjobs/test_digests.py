"""How each member is mailed: at once, once a day at 8:00 by the company's clock, or never; the mail of the day once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from syncjobs.alarms import digests, mails
from syncjobs.alarms.kinds import AlarmKind
from syncjobs.alarms.news import Choice, choose
from syncjobs.alarms.news_kinds import NewsKind
from syncjobs.alarms.raising import NEWEST, Wrong, clear, open_alarms
from syncjobs.models import Alarm, NewsChoice, NewsMark
from tenants.context import tenant_context
from tenants.models import Membership, Tenant, User
from tests.syncjobs.alarm_scene import Scene, make_scene
from tests.syncjobs.threads import at_once

pytestmark = pytest.mark.django_db
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EIGHT = datetime(2026, 3, 24, 8, 0, tzinfo=AMSTERDAM)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
K, Mail = AlarmKind, NewsChoice.Mail


@pytest.fixture
def scene(db: None) -> Scene:
    del db
    return make_scene()


def person(scene: Scene, role: str) -> User:
    with tenant_context(scene.tenant.id):
        return Membership.objects.select_related("user").get(role=role).user


def wants(scene: Scene, who: User, mail_at: NewsChoice.Mail, *kinds: NewsKind) -> None:
    with tenant_context(scene.tenant.id):
        choose(scene.tenant.id, who.pk, {kind: Choice(mail=mail_at) for kind in kinds or tuple(NewsKind)})


def happens(scene: Scene, kind: AlarmKind, *, at: datetime, newest: datetime | None = None) -> None:
    details = {NEWEST: newest, "count": 1} if newest else {}
    with tenant_context(scene.tenant.id):
        open_alarms(scene.tenant.id, [Wrong(kind=kind, subject=scene.connection.code, details=details)], at=at)


def send(at: datetime) -> int:
    return digests.send_due(clock=lambda: at)


def sent() -> list[tuple[str, str]]:
    return [(message.to[0], str(message.subject)) for message in mail.outbox]


def test_the_mail_of_the_day_tells_at_eight_what_is_open_and_nothing_twice(scene: Scene) -> None:
    viewer = person(scene, "viewer")
    wants(scene, viewer, Mail.DIGEST)
    happens(scene, K.DAY_BUDGET, at=EIGHT - 2 * HOUR)
    happens(scene, K.HOOKS_SILENT, at=EIGHT - HOUR)

    counts = [send(EIGHT - HOUR / 60), send(EIGHT + 7 * HOUR / 60), send(EIGHT + HOUR), send(EIGHT + DAY)]

    assert counts == [0, 1, 0, 0]
    assert sent() == [(viewer.email, "2 things are open - Voorbeeld Groothandel BV")]
    body = str(mail.outbox[0].body)
    assert "Most of the day's calls to Exact Online are used" in body
    assert "Exact Online does not tell us of new deliveries" in body
    assert f"/t/{scene.tenant.code}/news/choices/" in body


def test_what_happens_between_two_mails_stands_in_the_next_one_alone_and_what_is_over_in_none(scene: Scene) -> None:
    wants(scene, person(scene, "viewer"), Mail.DIGEST)
    happens(scene, K.DAY_BUDGET, at=EIGHT - HOUR)
    happens(scene, K.BREAKER_OPEN, at=EIGHT - HOUR)
    send(EIGHT + HOUR)
    happens(scene, K.HOOKS_SILENT, at=EIGHT + HOUR / 2)
    happens(scene, K.TOKEN_20_DAYS, at=EIGHT + 2 * HOUR)
    with tenant_context(scene.tenant.id):
        clear(Alarm.objects.filter(kind=K.TOKEN_20_DAYS), K.TOKEN_20_DAYS, at=EIGHT + 3 * HOUR)

    send(EIGHT + DAY)

    first, second = (str(message.body) for message in mail.outbox)
    assert "Exact Online refuses calls" in first
    assert "One thing is open" in str(mail.outbox[1].subject)
    assert "does not tell us of new deliveries" in second
    assert "refuses calls" not in second
    assert "20 days" not in second


def test_several_things_of_one_kind_stand_in_the_next_mail_though_one_more_came_after_its_moment(scene: Scene) -> None:
    wants(scene, person(scene, "viewer"), Mail.DIGEST)
    send(EIGHT)
    happens(scene, K.HELD, at=EIGHT + 7 * HOUR, newest=EIGHT + 7 * HOUR)
    happens(scene, K.HELD, at=EIGHT + DAY + HOUR, newest=EIGHT + DAY + HOUR)

    counts = [send(EIGHT + DAY + 2 * HOUR), send(EIGHT + 2 * DAY), send(EIGHT + 3 * DAY)]

    assert counts == [1, 1, 0]


def test_when_nothing_is_open_none_is_sent_and_what_comes_later_waits_for_tomorrow(scene: Scene) -> None:
    wants(scene, person(scene, "viewer"), Mail.DIGEST)

    assert send(EIGHT) == 0
    happens(scene, K.DAY_BUDGET, at=EIGHT + HOUR)
    assert send(EIGHT + 2 * HOUR) == 0
    assert send(EIGHT + DAY) == 1


def test_each_reads_it_in_her_own_language_and_by_the_companys_clock(scene: Scene) -> None:
    viewer, operator = person(scene, "viewer"), person(scene, "operator")
    User.objects.filter(pk=viewer.pk).update(language="nl")
    for who in (viewer, operator):
        wants(scene, who, Mail.DIGEST)
    with tenant_context(scene.tenant.id):
        Tenant.objects.filter(pk=scene.tenant.pk).update(time_zone="America/New_York")
    happens(scene, K.DAY_BUDGET, at=EIGHT)

    assert send(EIGHT) == 0
    assert send(EIGHT + 5 * HOUR) == 2
    languages = {
        message.to[0]: str(message.alternatives[0][0]).split('lang="')[1][:2]
        for message in mail.outbox
        if isinstance(message, EmailMultiAlternatives)
    }
    assert languages == {viewer.email: "nl", operator.email: "en"}


def test_who_left_is_sent_none(scene: Scene) -> None:
    viewer = person(scene, "viewer")
    wants(scene, viewer, Mail.DIGEST)
    happens(scene, K.DAY_BUDGET, at=EIGHT - HOUR)
    with tenant_context(scene.tenant.id):
        Membership.objects.filter(user=viewer).delete()

    assert send(EIGHT) == 0
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_send_one(scene: Scene) -> None:
    wants(scene, person(scene, "viewer"), Mail.DIGEST)
    happens(scene, K.DAY_BUDGET, at=EIGHT - HOUR)

    counts = at_once(*[lambda: send(EIGHT)] * 4)

    assert sum(counts) == len(mail.outbox) == 1
    with tenant_context(scene.tenant.id):
        assert NewsMark.objects.get().digest_date == EIGHT.date()


def test_at_once_tells_those_alone_who_want_it_so_of_each_kind(scene: Scene) -> None:
    owner, manager, operator = (person(scene, role) for role in ("owner", "manager", "operator"))
    wants(scene, owner, Mail.NEVER, NewsKind.BUDGET)
    wants(scene, manager, Mail.DIGEST)
    wants(scene, operator, Mail.AT_ONCE, NewsKind.BUDGET)
    happens(scene, K.DAY_BUDGET, at=scene.at)
    happens(scene, K.HOOKS_SILENT, at=scene.at)

    mails.send_due(clock=lambda: scene.at)

    told = {message.to[0]: str(message.subject).split(" (")[0].split(" - ")[0] for message in mail.outbox}
    assert told == {
        owner.email: "Exact Online does not tell us of new deliveries",
        operator.email: "Most of the day's calls to Exact Online are used",
    }
    with tenant_context(scene.tenant.id):
        assert set(Alarm.objects.values_list("mail_due_at", flat=True)) == {None}


def test_what_nobody_wants_at_once_is_done_with_and_tells_no_end(scene: Scene) -> None:
    for role in ("owner", "manager"):
        wants(scene, person(scene, role), Mail.NEVER)
    happens(scene, K.NEEDS_RECONNECT, at=scene.at)

    mails.send_due(clock=lambda: scene.at)
    with tenant_context(scene.tenant.id):
        clear(Alarm.objects.all(), K.NEEDS_RECONNECT, at=scene.at + HOUR)
    mails.send_due(clock=lambda: scene.at + HOUR)

    assert mail.outbox == []
    with tenant_context(scene.tenant.id):
        assert Alarm.objects.filter(mail_due_at=None, mailed_at=None).count() == 1
