"""What the page "To do" tells of alarms, and to whom."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from syncjobs.alarms.kinds import AlarmKind
from syncjobs.alarms.raising import Wrong, clear, open_alarms
from syncjobs.attention.waiting import PAGE_SIZE
from syncjobs.models import Alarm, Attempt
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

K = AlarmKind
pytestmark = pytest.mark.django_db


def work_page(client: Client, desk: Desk) -> str:
    return client.get(reverse("syncjobs:work", args=[desk.tenant.code])).content.decode()


def tell(desk: Desk, kind: AlarmKind, *subjects: uuid.UUID, details: dict[str, object] | None = None) -> None:
    wrong = [Wrong(kind=kind, subject=subject, details=details or {}) for subject in subjects]
    with tenant_context(desk.tenant.id):
        open_alarms(desk.tenant.id, wrong, at=timezone.now())


def test_an_open_alarm_stands_there_once_with_what_to_do_and_the_way_there_until_it_is_over(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    tell(desk, K.ACCOUNT_STOPPED, desk.account.code)
    client = as_user(cast.viewer)

    page = work_page(client, desk)

    assert page.count("<article") == 1
    assert "UPS accepts nothing from us any more." in page
    assert (
        f'href="{reverse("ups:account", args=[desk.tenant.code, desk.account.code])}">UPS account Main account</a>'
        in page
    )
    assert '<span class="count">1<' in page

    with tenant_context(desk.tenant.id):
        clear(Alarm.objects.all(), K.ACCOUNT_STOPPED, at=timezone.now())

    assert "Nothing to do" in work_page(client, desk)


def test_an_orphan_leads_to_its_delivery(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        attempt = Attempt.objects.get(delivery=delivery)
    tell(desk, K.ORPHAN, attempt.code)

    page = work_page(as_user(cast.owner), desk)

    url = reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code])
    assert f'href="{url}">Delivery {delivery.delivery_number}</a>' in page


def test_what_the_page_tells_of_anyway_is_not_told_twice(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_held(desk)
    for kind in (K.REVIEW, K.IN_DOUBT, K.NEEDS_RECONNECT):
        tell(desk, kind, delivery.code)

    page = work_page(as_user(cast.owner), desk)

    assert page.count("<article") == 1
    assert '<span class="count">1<' in page


def test_many_differences_of_the_nightly_comparison_are_one_line(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    tell(desk, K.FINDING, desk.connection.code, details={"findings": 3})

    page = work_page(as_user(cast.owner), desk)

    assert page.count("<article") == 1
    assert f'href="{reverse("syncjobs:reconciliation", args=[desk.tenant.code])}">3 differences' in page
    assert '<span class="count">1<' in page


def test_of_many_the_page_shows_some_and_the_urgent_ones_first(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    tell(desk, K.DAY_BUDGET, desk.connection.code)
    tell(desk, K.ORPHAN, *(uuid.uuid4() for _ in range(26)))
    client = as_user(cast.owner)

    first = work_page(client, desk)
    more = re.findall(r'href="([^"]*after=[^"]*)"', first)[0].replace("&amp;", "&")
    second = client.get(more).content.decode()

    assert (first.count("<article"), second.count("<article")) == (PAGE_SIZE, 2)
    assert "Most of the day" not in first
    assert second.index("UPS made a shipment after all") < second.index("Most of the day")
    assert '<span class="count">27<' in first


def test_another_company_sees_nothing_of_it(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    other = scene.make_desk(cast.other_tenant, division=654321)
    tell(desk, K.DAY_BUDGET, desk.connection.code)

    assert "Nothing to do" in work_page(as_user(cast.outsider), other)
