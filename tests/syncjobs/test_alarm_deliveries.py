"""News of deliveries that stopped: one of each company that counts them, mailed to those who asked for it."""

from datetime import timedelta

import pytest
from django.core import mail

from syncjobs.alarms.kinds import AlarmKind
from syncjobs.alarms.news import Choice, choose
from syncjobs.alarms.news_kinds import NewsKind
from syncjobs.models import Delivery, NewsChoice
from tenants.context import tenant_context
from tenants.models import Membership, Role
from tests.syncjobs.alarm_scene import Scene, make_scene, taken_out, told_to
from tests.syncjobs.rows import make_delivery

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def scene(db: None) -> Scene:
    del db
    return make_scene()


def hold(scene: Scene, problem: str = "weight_missing") -> Delivery:
    held = make_delivery(scene.connection, state=Delivery.State.HOLD)
    scene.change(held, changed_at=scene.at, problems=[{"code": problem}])
    return held


def ask_to_be_mailed(scene: Scene) -> str:
    with tenant_context(scene.tenant.id):
        owner = Membership.objects.select_related("user").get(tenant=scene.tenant, role=Role.OWNER).user
        choose(scene.tenant.id, owner.pk, {NewsKind.HELD: Choice(mail=NewsChoice.Mail.AT_ONCE)})
    return str(owner.email)


def test_who_asks_for_it_is_mailed_of_held_deliveries_and_again_when_another_joins_them(scene: Scene) -> None:
    asked = ask_to_be_mailed(scene)
    for _ in range(3):
        hold(scene)

    scene.look(after=6 * MINUTE)
    body = str(mail.outbox[0].body)
    first = taken_out()
    scene.look(after=HOUR)
    second = taken_out()
    hold(scene)
    scene.look(after=6 * MINUTE)

    assert "Deliveries have to be put right before they can be shipped: 3 deliveries" in body
    assert (first, second, taken_out()) == (told_to([asked]), [], told_to([asked]))


@pytest.mark.parametrize("problem", ["approval", "held_by_person"])
def test_what_a_person_holds_back_is_no_news(scene: Scene, problem: str) -> None:
    ask_to_be_mailed(scene)
    hold(scene, problem)

    scene.look(after=HOUR)

    assert (scene.open_kinds(), taken_out()) == (set(), [])


def test_one_delivery_that_leaves_keeps_the_news_until_the_last_is_put_right(scene: Scene) -> None:
    first, second = hold(scene), hold(scene)
    scene.look(after=6 * MINUTE)
    scene.change(first, state=Delivery.State.READY)
    scene.look(after=MINUTE)
    still = [(row.kind, row.details["deliveries"]) for row in scene.rows() if row.cleared_at is None]

    scene.change(second, state=Delivery.State.READY)
    scene.look(after=MINUTE)

    assert still == [(AlarmKind.HELD, 1)]
    assert scene.open_kinds() == set()
