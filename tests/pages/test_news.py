"""The bell, what a person was told, and how she chooses to be told of it."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from syncjobs.alarms.kinds import NATURES, AlarmKind
from syncjobs.alarms.news_kinds import DAILY_WORK, NEWS_OF, TOPICS, WORDS, NewsKind
from syncjobs.alarms.raising import Wrong, clear, open_alarms
from syncjobs.models import Alarm, NewsChoice, NewsMark
from tenants.context import tenant_context
from tenants.models import Membership
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
K = AlarmKind


def address(name: str, desk: Desk) -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code])


def text(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def tell(desk: Desk, *kinds: AlarmKind) -> None:
    """The people have been there for a day when it happens."""
    with tenant_context(desk.tenant.id):
        Membership.objects.update(created_at=timezone.now() - timedelta(days=1))
        open_alarms(
            desk.tenant.id, [Wrong(kind=kind, subject=desk.connection.code) for kind in kinds], at=timezone.now()
        )


def unread(page: str) -> list[str]:
    return sorted(set(re.findall(r'<span class="count">([^<]+)<span class="visually-hidden"> not read yet', page)))


def send(client: Client, desk: Desk, **changes: str) -> None:
    form = {f"{kind}_mail": "never" for kind in NewsKind} | {f"{kind}_site": "on" for kind in NewsKind} | changes
    client.post(address("news_choices", desk), {name: value for name, value in form.items() if value})


def test_every_alarm_of_a_company_has_a_choice_with_words() -> None:
    assert {kind for kind, nature in NATURES.items() if nature.tells_tenant} == set(NEWS_OF)
    assert sorted(kind for topic in TOPICS for kind in topic.kinds) == sorted(NewsKind)
    assert set(WORDS) == set(NewsKind)


def test_the_bell_counts_what_was_not_read_until_it_is(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    tell(desk, K.DAY_BUDGET, K.HOOKS_SILENT)
    client = as_user(cast.viewer)

    page = text(client, address("news", desk))

    assert unread(page) == ["2"]
    assert page.count(">New<") == 2
    client.post(address("news", desk))
    after = text(client, address("news", desk))
    assert (unread(after), after.count(">New<")) == ([], 0)
    assert unread(text(as_user(cast.owner), address("work", desk))) == ["2"]


def test_what_was_told_before_she_came_is_no_news(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    tell(desk, K.DAY_BUDGET)
    with tenant_context(desk.tenant.id):
        Membership.objects.update(created_at=timezone.now())

    assert unread(text(as_user(cast.viewer), address("news", desk))) == []


def test_news_say_what_it_is_and_when_it_was_over(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    tell(desk, K.HOOKS_SILENT)
    with tenant_context(desk.tenant.id):
        clear(Alarm.objects.all(), K.HOOKS_SILENT, at=timezone.now())

    page = text(as_user(cast.viewer), address("news", desk))

    assert "Exact Online does not tell us of new deliveries" in page
    assert ">Over<" in page
    assert f'<a href="{reverse("exact:connection", args=[desk.tenant.code])}">Voorbeeld Groothandel BV</a>' in page


def test_what_she_does_not_want_on_the_site_is_neither_shown_nor_counted(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    tell(desk, K.DAY_BUDGET, K.TOKEN_20_DAYS)
    client = as_user(cast.viewer)

    send(client, desk, renewal_site="")

    page = text(client, address("news", desk))
    assert unread(page) == ["1"]
    assert "not renewed for 20 days" not in page


def chosen_mail(page: str) -> dict[str, str]:
    found = re.findall(r'name="(\w+)_mail".*?<option value="(\w+)" selected', page, re.DOTALL)
    return dict(found)


def test_choices_begin_as_the_role_has_it_and_are_kept_for_her_alone(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    owner, viewer = (
        chosen_mail(text(as_user(person), address("news_choices", desk))) for person in (cast.owner, cast.viewer)
    )

    send(as_user(cast.viewer), desk, review_mail="digest")

    assert owner == {kind: "never" if kind in DAILY_WORK else "at_once" for kind in NewsKind}
    assert viewer == dict.fromkeys(NewsKind, "never")
    with tenant_context(desk.tenant.id):
        kept = NewsChoice.objects.exclude(mail="never").values_list("user_id", "kind", "mail")
        assert list(kept) == [(cast.viewer.pk, "review", "digest")]


def test_pages_go_back_in_time_without_gap_or_repeat(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    at = timezone.now()
    with tenant_context(desk.tenant.id):
        Alarm.objects.bulk_create(
            Alarm(tenant=desk.tenant, kind=K.DAY_BUDGET, subject=uuid.uuid4(), raised_at=at, seen_at=at, cleared_at=at)
            for _ in range(30)
        )
    client = as_user(cast.viewer)

    first = client.get(address("news", desk))
    second = client.get(address("news", desk), {"before": first.context["page"].before})

    codes = [one.code for answer in (first, second) for one in answer.context["page"].news]
    assert (len(codes), len(set(codes))) == (30, 30)
    assert second.context["page"].before == ""


def test_the_page_takes_few_statements(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    tell(desk, K.DAY_BUDGET, K.HOOKS_SILENT)
    client = as_user(cast.viewer)

    with CaptureQueriesContext(connection) as asked:
        client.get(address("news", desk))

    assert len([one for one in asked if "SAVEPOINT" not in one["sql"]]) <= 14


def test_another_company_hears_nothing_of_it(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    tell(desk, K.DAY_BUDGET)
    client = as_user(cast.outsider)

    page = text(client, reverse("syncjobs:news", args=[cast.other_tenant.code]))

    assert (unread(page), "No news" in page) == ([], True)
    assert client.post(address("news", desk)).status_code == 404
    with tenant_context(desk.tenant.id):
        assert not NewsMark.objects.exists()
