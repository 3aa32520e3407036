"""The way of parcels on our own pages: one delivery, the list, the work list, and the story."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from audit.record import acting, happenings
from syncjobs import story
from syncjobs.models import Delivery, Parcel, Shipment
from syncjobs.problems import Problem
from syncjobs.transitions import delivery_event, move
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups.models import AlertSubscription

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 20
"""Those of the session, the person and the wall included."""
LIVE = {"HX-Request": "true"}


@pytest.fixture
def viewer(cast: Cast, as_user: SignIn) -> Client:
    return as_user(cast.viewer)


def url(desk: Desk, delivery: Delivery, name: str = "delivery") -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code, delivery.code])


def page_of(client: Client, desk: Desk, delivery: Delivery) -> str:
    return client.get(url(desk, delivery)).content.decode()


def listed(client: Client, desk: Desk, choice: str) -> str:
    return client.get(reverse("syncjobs:deliveries", args=[desk.tenant.code]), {"state": choice}).content.decode()


def seen(page: str) -> str:
    return page.split("?seen=")[1][:16]


def test_each_parcel_shows_where_it_is_and_everything_ups_told(desk: Desk, viewer: Client) -> None:
    page = page_of(viewer, desk, travels.make_travelling(desk))

    assert "Held at customs" in page
    assert page.count("zone unknown") == 2
    assert page.count("Track Alert, Tracking") == 7
    assert page.count("Quantum View") == 1
    assert "DÜSSELDORF, DE" in page
    assert page.index("Out For Delivery Today") < page.index("Departed from Facility") < page.index("Pickup Scan")


def test_a_claim_of_delivery_is_shown_as_being_checked(desk: Desk, viewer: Client) -> None:
    delivery = scene.make_shipped(desk)
    (parcel,) = travels.parcels_of(delivery)
    travels.make_event(parcel, "delivered", told="DELIVERED", sources=("push",))
    travels.stand(parcel, "in_transit", claim_at=timezone.now())

    page = page_of(viewer, desk, delivery)

    assert "being checked" in page
    assert "It counts once UPS confirms it" in page
    assert "Proof of delivery" not in page


def test_how_a_parcel_is_followed_is_told_with_the_reason(desk: Desk, viewer: Client) -> None:
    delivery = scene.make_shipped(desk, parcels=3)
    told, refused, unasked = travels.parcels_of(delivery)
    ends_at = timezone.now() + timedelta(days=9)
    with tenant_context(desk.tenant.id):
        Parcel.objects.update(look_at=timezone.now() + timedelta(hours=2))
        common = {"tenant": desk.tenant, "account": desk.account}
        AlertSubscription.objects.create(
            **common, tracking_number=told.tracking_number, state="active", expires_at=ends_at
        )
        AlertSubscription.objects.create(
            **common, tracking_number=refused.tracking_number, state="refused", problem="Not a number of UPS."
        )

    page = page_of(viewer, desk, delivery)

    parts = page.split('<article class="card-body parcel"')[1:]
    assert "UPS tells us of it by itself" in parts[0]
    assert "renewed before that" in parts[0]
    assert "UPS does not tell us by itself: Not a number of UPS." in parts[1]
    assert "UPS is asked when 6 hours pass without news." in parts[1]
    assert "UPS does not tell us of it by itself." in parts[2]
    assert unasked.tracking_number in parts[2]


def test_of_a_parcel_that_is_no_longer_followed_nothing_else_is_said(desk: Desk, viewer: Client) -> None:
    delivery = scene.make_shipped(desk)
    (parcel,) = travels.parcels_of(delivery)
    travels.stand(parcel, "in_transit", attention=Parcel.Attention.STOPPED, look_at=None)
    with tenant_context(desk.tenant.id):
        AlertSubscription.objects.create(
            tenant=desk.tenant,
            account=desk.account,
            tracking_number=parcel.tracking_number,
            state="active",
            expires_at=timezone.now() + timedelta(days=9),
        )

    page = page_of(viewer, desk, delivery)

    assert "It is not followed any more" in page
    assert "by itself" not in page.split('class="live-note')[1].split("</p>")[0]
    assert "renewed before that" not in page


def test_the_receivers_page_is_linked(desk: Desk, viewer: Client) -> None:
    delivery = scene.make_shipped(desk)

    page = page_of(viewer, desk, delivery)

    assert f'href="{travels.receivers_address(delivery)}"' in page


def test_an_open_page_is_told_when_nothing_has_changed(desk: Desk, viewer: Client) -> None:
    delivery = travels.make_travelling(desk)
    mark = seen(page_of(viewer, desk, delivery))

    with CaptureQueriesContext(connection) as asked:
        unchanged = viewer.get(url(desk, delivery), {"seen": mark}, headers=LIVE)
    travels.make_event(travels.parcels_of(delivery)[0], "", told="Late scan")
    changed = viewer.get(url(desk, delivery), {"seen": mark}, headers=LIVE)

    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert len(asked) <= MOST_STATEMENTS
    assert changed.status_code == 200
    assert "Late scan" in changed.content.decode()
    assert seen(changed.content.decode()) != mark


@pytest.mark.parametrize(
    "columns",
    [
        {"milestone": "delivered"},
        {"attention": "silent"},
        {"claim_at": timezone.now()},
        {"look_at": timezone.now()},
        {"looked_at": timezone.now()},
    ],
)
def test_whatever_changes_about_a_parcel_is_noticed(desk: Desk, viewer: Client, columns: dict[str, Any]) -> None:
    delivery = travels.make_travelling(desk)
    mark = seen(page_of(viewer, desk, delivery))
    with tenant_context(desk.tenant.id):
        Parcel.objects.filter(pk=travels.parcels_of(delivery)[0].pk).update(**columns)

    assert viewer.get(url(desk, delivery), {"seen": mark}, headers=LIVE).status_code == 200


def test_a_finished_delivery_asks_for_nothing_any_more(desk: Desk, viewer: Client) -> None:
    delivery = travels.make_delivered(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.CLOSED)

    assert "hx-get" not in page_of(viewer, desk, delivery).split('id="delivery"')[1]


def test_the_proof_can_be_downloaded_once_everything_was_delivered(desk: Desk, viewer: Client) -> None:
    delivered, travelling = travels.make_delivered(desk), travels.make_travelling(desk)

    answer = viewer.get(url(desk, delivered, "proof"))

    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert url(desk, delivered, "proof") in page_of(viewer, desk, delivered)
    assert viewer.get(url(desk, travelling, "proof")).status_code == 404


def test_the_milestone_stands_beside_the_state_in_the_list(desk: Desk, viewer: Client) -> None:
    travels.make_travelling(desk)

    page = listed(viewer, desk, "")

    assert '<span class="state state-good">On the way</span> <span class="state state-stop">Exception</span>' in page


def test_the_filters_find_the_way_the_exceptions_and_the_delivered(desk: Desk, viewer: Client) -> None:
    travelling, delivered = travels.make_travelling(desk), travels.make_delivered(desk)
    silent, held = travels.make_silent(desk), scene.make_held(desk)
    found = {
        choice: [
            delivery.delivery_number in listed(viewer, desk, choice)
            for delivery in (travelling, delivered, silent, held)
        ]
        for choice in ("way", "exceptions", "delivered")
    }

    assert found == {
        "way": [True, False, True, False],
        "exceptions": [True, False, False, False],
        "delivered": [False, True, False, False],
    }


def test_a_parcel_that_calls_for_attention_stands_in_the_work_list(desk: Desk, viewer: Client) -> None:
    silent = travels.make_silent(desk)
    travels.make_delivered(desk)

    page = viewer.get(reverse("syncjobs:work", args=[desk.tenant.code])).content.decode()

    assert page.count("<article") == 1
    assert f"Delivery {silent.delivery_number}" in page
    assert "UPS has told nothing of this parcel for days" in page
    assert "Ask UPS where it is" in page
    assert '<span class="count">1' in page


@pytest.mark.parametrize(("days", "count"), [(73, 1), (75, 0)])
def test_a_parcel_that_is_no_longer_followed_leaves_the_work_list_after_two_weeks(
    desk: Desk, viewer: Client, days: int, count: int
) -> None:
    delivery = scene.make_shipped(desk)
    travels.stand(travels.parcels_of(delivery)[0], "in_transit", attention=Parcel.Attention.STOPPED)
    with tenant_context(desk.tenant.id):
        Shipment.objects.update(created_at=timezone.now() - timedelta(days=days))

    page = viewer.get(reverse("syncjobs:work", args=[desk.tenant.code])).content.decode()

    assert page.count("<article") == count
    assert page.count('<span class="count">1') == 2 * count


@pytest.mark.parametrize("attention", Parcel.Attention.values)
def test_every_call_for_attention_says_what_to_do(desk: Desk, viewer: Client, attention: str) -> None:
    delivery = scene.make_shipped(desk)
    travels.stand(travels.parcels_of(delivery)[0], "in_transit", attention=attention)

    page = page_of(viewer, desk, delivery)

    assert page.count('class="notice notice-ask') == 1


@pytest.mark.parametrize(
    ("kind", "details", "words"),
    [
        (
            Event.Kind.CHANGED,
            {"what": "milestone", "parcel": "1Z1", "from": "picked_up", "to": "exception", "reason": "customs"},
            ("Delivery exception: held at customs", "1Z1"),
        ),
        (
            Event.Kind.CHANGED,
            {"what": "milestone", "parcel": "1Z1", "to": "in_transit", "attention": "silent"},
            ("In transit", "1Z1 · UPS has told nothing for long"),
        ),
        (
            Event.Kind.CHANGED,
            {"what": "events", "count": 3, "sources": ["push"]},
            ("UPS told of the parcels", "3 events"),
        ),
        (
            Event.Kind.CHANGED,
            {"what": "alert missing", "parcel": "1Z1", "why": "Refused."},
            ("UPS does not tell of this parcel by itself; it is asked instead", "1Z1 · Refused."),
        ),
        (Event.Kind.CHANGED, {"what": "something new", "numbers": 7}, ("Something new", "")),
        (
            Event.Kind.CHANGED,
            {"what": "alerts silent"},
            ("UPS took our subscriptions but tells us nothing; it is asked more often instead", ""),
        ),
        (Event.Kind.CHANGED, {"what": "alerts heard"}, ("UPS tells us of the parcels by itself again", "")),
        (
            Event.Kind.CHANGED,
            {"what": "another problem", "problems": [{"code": "voided_at_ups"}, {"code": "lost"}, {"code": "lost"}]},
            (
                "UPS's news made it another matter",
                "The shipment was voided at UPS · UPS reports it as lost or destroyed",
            ),
        ),
        (
            Event.Kind.WROTE,
            {"to": "goods delivery", "linked": "x"},
            ("The proof of delivery was linked to the goods delivery in Exact Online", ""),
        ),
        (
            Event.Kind.FAILED,
            {"step": "status", "why": "line_refused"},
            (
                "Writing the status to Exact Online did not work",
                "Exact Online did not take our line; the reason stands beside it",
            ),
        ),
        (
            Event.Kind.WROTE,
            {"to": "goods delivery", "milestone": "picked_up", "numbers": ["1Z1", "1Z2"]},
            ("Status “Picked up” written to the goods delivery in Exact Online", "1Z1, 1Z2"),
        ),
        (
            Event.Kind.WROTE,
            {"to": "documents", "document": "x"},
            ("The proof of delivery was stored in Exact Online", ""),
        ),
        (
            Event.Kind.FAILED,
            {"step": "look", "why": "250002", "text": "The API product Tracking is not added to your app."},
            ("Asking UPS where the parcels are did not work", "The API product Tracking is not added to your app."),
        ),
        (
            Event.Kind.FAILED,
            {"step": "proof", "why": "not_filed"},
            (
                "Storing the proof of delivery did not work",
                "The proof of delivery could not be stored; the reason stands beside it",
            ),
        ),
    ],
)
def test_the_story_tells_what_happened_in_plain_words(
    desk: Desk, kind: Event.Kind, details: dict[str, Any], words: tuple[str, str]
) -> None:
    delivery = scene.make_delivery(desk)
    with acting("worker"), tenant_context(desk.tenant.id):
        happenings(desk.tenant.id, [delivery_event(delivery, kind, details=details)])
        newest = story.story_of(delivery, story.events_of(desk.tenant.id, delivery))[0]

    assert (newest.words, newest.more) == words


def test_the_story_says_why_ups_stopped_a_delivery(desk: Desk) -> None:
    delivery = scene.make_shipped(desk)
    with acting("worker"), tenant_context(desk.tenant.id):
        move(delivery, to=Delivery.State.REVIEW, at=timezone.now(), problems=[Problem(code="voided_at_ups", text="x")])
        newest = story.story_of(delivery, story.events_of(desk.tenant.id, delivery))[0]

    assert (newest.words, newest.more) == ("Stopped: a person must decide", "The shipment was voided at UPS")
