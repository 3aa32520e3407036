"""Doubtful shipments on the work list and on the page of their delivery: told, and a person called only when needed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from syncjobs.doubts.settling import Reason
from syncjobs.doubts.words import WHY
from syncjobs.models import Delivery
from tests.factories import Cast
from tests.pages import doubts, scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


def review_of(delivery: Delivery, desk: Desk) -> str:
    return reverse("syncjobs:review", args=[desk.tenant.code, delivery.code])


def test_a_fresh_doubt_is_told_on_its_page_and_nobody_is_called(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_doubtful(desk, created_at=timezone.now() - timedelta(minutes=25))
    client = as_user(cast.owner)

    shown = client.get(reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code])).content.decode()
    work = client.get(reverse("syncjobs:work", args=[desk.tenant.code])).content.decode()

    assert "Checking with UPS" in shown
    assert "you need not do anything" in shown
    assert "nothing is paid twice" in shown
    assert "UPS is being asked now." in shown
    assert "Nothing to do" in work
    assert "<form" not in client.get(review_of(delivery, desk)).content.decode()


@pytest.mark.parametrize("minutes", [31, 600])
def test_a_long_doubt_stands_in_the_work_list_without_a_button(
    cast: Cast, desk: Desk, as_user: SignIn, minutes: int
) -> None:
    scene.make_doubtful(desk, created_at=timezone.now() - timedelta(minutes=minutes))

    work = as_user(cast.owner).get(reverse("syncjobs:work", args=[desk.tenant.code])).content.decode()

    assert work.count("<article") == 1
    assert "It takes longer than usual" in work
    assert "Decide<" not in work


@pytest.mark.parametrize(
    "make", [doubts.make_review, doubts.make_orphan, doubts.make_void_refused, doubts.make_deleted_after_label]
)
def test_each_case_has_one_way_to_the_page_from_the_work_list_and_from_the_delivery(
    cast: Cast, desk: Desk, as_user: SignIn, make: Callable[[Desk], Delivery]
) -> None:
    delivery = make(desk)
    client, decide = as_user(cast.owner), review_of(delivery, desk)

    work = client.get(reverse("syncjobs:work", args=[desk.tenant.code])).content.decode()
    shown = client.get(reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code])).content.decode()

    assert work.count("<article") == work.count(f'href="{decide}">Decide') == 1
    assert shown.count(f'href="{decide}">Decide') == 1


@pytest.mark.parametrize("reason", [Reason.PLACEHOLDER, Reason.ACCOUNT])
def test_nobody_is_told_that_ups_is_asked_where_it_cannot_be(
    cast: Cast, desk: Desk, as_user: SignIn, reason: Reason
) -> None:
    delivery = doubts.make_review(desk, reason)

    shown = as_user(cast.owner).get(review_of(delivery, desk)).content.decode()

    assert WHY[reason].replace("'", "&#x27;") in shown
    assert "UPS is asked again" not in shown
    assert "UPS is being asked now" not in shown
