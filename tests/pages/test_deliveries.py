"""The list of deliveries, one delivery, and the work list."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from syncjobs.models import Delivery, SyncJob
from syncjobs.problems import Problem
from tenants.context import tenant_context
from tenants.models import Role, Tenant
from tests import factories
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


def list_url(desk: Desk, query: str = "") -> str:
    return reverse("syncjobs:deliveries", args=[desk.tenant.code]) + query


def page_of(desk: Desk, delivery: Delivery) -> str:
    return reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code])


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_shows_newest_first_with_state_and_number(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    older = scene.make_shipped(desk, created_at=timezone.now() - timedelta(hours=1))
    newer = scene.make_held(desk)

    page = text(as_user(cast.viewer), list_url(desk))

    assert page.index(newer.delivery_number) < page.index(older.delivery_number)
    assert "Needs fixing" in page
    assert "Number in Exact" in page
    assert older.written["tracking_number"] in page
    assert "Möbelhaus Lindner GmbH" in page


def test_a_new_customer_is_told_what_to_do_next(cast: Cast, as_user: SignIn) -> None:
    with tenant_context(cast.tenant.id):
        Tenant.objects.update(shipping_mode=Tenant.ShippingMode.OFF)

    page = text(as_user(cast.owner), reverse("syncjobs:deliveries", args=[cast.tenant.code]))

    assert "Connect Exact Online" in page
    assert "Connect UPS" in page
    assert "Choose a UPS service" in page


def test_a_state_can_be_chosen(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    shipped = scene.make_shipped(desk)
    held = scene.make_held(desk)

    page = text(as_user(cast.viewer), list_url(desk, "?state=todo"))

    assert held.delivery_number in page
    assert shipped.delivery_number not in page


@pytest.mark.parametrize("what", ["delivery", "order", "tracking"])
def test_a_delivery_is_found_by_each_of_its_numbers(cast: Cast, desk: Desk, as_user: SignIn, what: str) -> None:
    wanted = scene.make_shipped(desk)
    other = scene.make_delivery(desk, order="20249999")
    search = {
        "delivery": wanted.delivery_number,
        "order": wanted.order_numbers,
        "tracking": wanted.written["tracking_number"],
    }[what]

    page = text(as_user(cast.viewer), list_url(desk, f"?q={search}"))

    assert page_of(desk, wanted) in page
    assert page_of(desk, other) not in page


def test_a_search_without_result_says_so(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_shipped(desk)

    assert "Nothing found" in text(as_user(cast.viewer), list_url(desk, "?q=no-such-number"))


def test_the_live_part_is_the_table_alone(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_delivery(desk)

    part = as_user(cast.viewer).get(list_url(desk), headers={"HX-Request": "true"}).content.decode()

    assert delivery.delivery_number in part
    assert "<html" not in part


def test_one_delivery_shows_parcels_story_and_what_was_written(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk, parcels=2)

    page = text(as_user(cast.viewer), page_of(desk, delivery))

    assert "2 parcels" in page
    assert f'href="https://www.ups.com/track?tracknum={delivery.written["tracking_number"]}"' in page
    assert "Königsallee 92a" in page
    assert "9.87 EUR" in page
    assert "Written to Exact Online" in page
    assert "UPS made the shipment" in page
    assert "Exact Online: goods deliveries" in page


def test_times_are_shown_in_the_time_zone_of_the_company(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    moment = timezone.now().replace(year=2026, month=7, day=1, hour=12, minute=34, second=0)
    delivery = scene.make_delivery(desk, created_at=moment)

    assert "1 July 2026, 14:34" in text(as_user(cast.viewer), page_of(desk, delivery))


def test_a_hold_says_what_is_wrong_and_where_to_fix_it(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)

    page = text(as_user(cast.owner), page_of(desk, held))

    assert "Item LAMP-22 has no weight." in page
    assert "Where to fix it: Exact Online, item LAMP-22" in page
    assert "Check again" in page


def test_a_viewer_gets_no_button(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)

    page = text(as_user(cast.viewer), page_of(desk, held))

    assert "An operator, manager or owner can have it checked again." in page
    assert reverse("syncjobs:again", args=[desk.tenant.code, held.code]) not in page


def test_an_outsider_sees_neither_list_nor_delivery(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)
    client = as_user(cast.outsider)

    assert client.get(list_url(desk)).status_code == 404
    assert client.get(page_of(desk, delivery)).status_code == 404


def test_nobody_signed_in_is_asked_to_sign_in(cast: Cast, desk: Desk, client: Client) -> None:
    del cast

    answer = client.get(list_url(desk))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_a_live_part_after_signing_out_loads_the_whole_page_anew(cast: Cast, desk: Desk, client: Client) -> None:
    del cast

    answer = client.get(list_url(desk), headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (204, "true", b"")


def test_the_work_list_holds_what_waits_oldest_first(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    doubtful = scene.make_doubtful(desk, created_at=timezone.now() - timedelta(minutes=35))
    held = scene.make_held(desk, created_at=timezone.now() - timedelta(minutes=39))
    shipped = scene.make_shipped(desk)

    answer = as_user(cast.owner).get(reverse("syncjobs:work", args=[desk.tenant.code]))

    assert [line.item.subject.code for line in answer.context["lines"]] == [held.code, doubtful.code]
    page = answer.content.decode()
    assert "It is not known yet whether UPS made this shipment." in page
    assert shipped.delivery_number not in page
    assert '<span class="count">2<' in page


def test_an_empty_work_list_says_so(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_shipped(desk)

    assert "Nothing to do" in text(as_user(cast.viewer), reverse("syncjobs:work", args=[desk.tenant.code]))


def jobs(desk: Desk) -> list[tuple[str, uuid.UUID]]:
    with tenant_context(desk.tenant.id):
        return [(job.kind, job.subject) for job in SyncJob.objects.filter(tenant=desk.tenant)]


def asked(desk: Desk) -> list[str]:
    with tenant_context(desk.tenant.id):
        return [event.actor for event in Event.objects.filter(tenant=desk.tenant, kind=Event.Kind.ASKED)]


def press(client: Client, desk: Desk, delivery: Delivery, **sent: str) -> int:
    answer = client.post(reverse("syncjobs:again", args=[desk.tenant.code, delivery.code]), sent)
    return answer.status_code


def test_check_again_asks_for_one_read_and_names_the_person(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)

    assert press(as_user(cast.owner), desk, held, next="work") == 302

    assert jobs(desk) == [("read", held.code)]
    assert asked(desk) == [f"user:{cast.owner.code}"]


def test_an_operator_may_check_again(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    operator = factories.make_member(cast.tenant, Role.OPERATOR)

    assert press(as_user(operator), desk, held) == 302

    assert jobs(desk) == [("read", held.code)]


def test_a_viewer_may_not_check_again_and_nothing_happens(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)

    answer = as_user(cast.viewer).post(reverse("syncjobs:again", args=[desk.tenant.code, held.code]))

    assert answer.status_code == 403
    assert "Not for your role" in answer.content.decode()
    assert jobs(desk) == []
    assert asked(desk) == []


def test_an_outsider_may_not_check_again_and_nothing_happens(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)

    assert press(as_user(cast.outsider), desk, held) == 404

    assert jobs(desk) == []
    assert asked(desk) == []


def test_looking_at_the_button_address_does_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)

    client, address = as_user(cast.owner), reverse("syncjobs:again", args=[desk.tenant.code, held.code])
    by_browser = client.get(address, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    by_program = client.get(address, headers={"accept": "*/*"})
    wrong_way_round = client.post(
        reverse("syncjobs:delivery", args=[desk.tenant.code, held.code]), headers={"accept": "text/html"}
    )

    assert [(answer.status_code, answer["Allow"]) for answer in (by_browser, by_program)] == [(405, "POST")] * 2
    assert "This address only takes what a button sends." in by_browser.content.decode()
    assert [wrong_way_round.status_code, by_program.content, wrong_way_round.content] == [405, b"", b""]
    assert jobs(desk) == []


@pytest.mark.parametrize("make", [scene.make_shipped, scene.make_doubtful])
def test_what_may_exist_at_ups_is_not_run_again(cast: Cast, desk: Desk, as_user: SignIn, make: scene.Make) -> None:
    delivery = make(desk)
    client = as_user(cast.owner)

    assert press(client, desk, delivery) == 302

    assert jobs(desk) == []
    assert "notice-ask" in text(client, page_of(desk, delivery))  # the message after the button


def test_a_skipped_delivery_can_be_looked_at_again(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    problem = Problem(code="has_tracking_number", text="It already had a tracking number when we first saw it.")
    skipped = scene.make_stopped(desk, Delivery.State.SKIPPED, problem)
    client = as_user(cast.owner)
    assert "Check again" in text(client, page_of(desk, skipped))

    press(client, desk, skipped)

    assert jobs(desk) == [("read", skipped.code)]


def test_a_problem_that_is_fixed_here_links_to_the_place(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    skipped = scene.make_skipped(desk)

    page = text(as_user(cast.viewer), page_of(desk, skipped))

    rules = reverse("syncjobs:rules", args=[desk.tenant.code])
    assert f'Where to fix it: <a href="{rules}">Shipping rules</a>' in page


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("UpsUnavailable", "UPS could not be reached; it is tried again"),
        ("120202", "UPS answered with code 120202"),
        ("KeyError", "A technical problem; it is tried again"),
    ],
)
def test_a_failure_is_told_in_plain_words(cast: Cast, desk: Desk, as_user: SignIn, why: str, words: str) -> None:
    delivery = scene.make_delivery(desk)
    failure = Happening(
        kind=Event.Kind.FAILED, subject_kind="delivery", subject=delivery.code, details={"step": "ship", "why": why}
    )
    with tenant_context(desk.tenant.id):
        happenings(desk.tenant.id, [failure])

    page = text(as_user(cast.viewer), page_of(desk, delivery))

    assert words in page
    assert (why in page) is why.isdigit()
