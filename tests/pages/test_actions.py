"""The pages of a delivery's actions: each says what it comes to, a viewer changes nothing, what is asked is kept."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from syncjobs.actions import previewing
from syncjobs.actions.previewing import Look, Outcome
from syncjobs.models import Attempt, Delivery, Parcel, Preview, SyncJob
from tenants.context import tenant_context
from tenants.models import Role
from tests.factories import Cast, make_member
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.security.digests import digest

pytestmark = pytest.mark.django_db
S = Delivery.State
PAGES = ("cancel", "void", "void_parcels", "ship_again", "replay")
STATEMENTS = 12


@pytest.fixture
def operator(cast: Cast, as_user: SignIn) -> Client:
    return as_user(make_member(cast.tenant, Role.OPERATOR))


def url(name: str, delivery: Delivery, desk: Desk) -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code, delivery.code])


def now(delivery: Delivery) -> Delivery:
    with tenant_context(delivery.tenant_id):
        return Delivery.objects.get(pk=delivery.pk)


def jobs(delivery: Delivery) -> list[str]:
    with tenant_context(delivery.tenant_id):
        return sorted(SyncJob.objects.filter(subject=delivery.code, state="due").values_list("kind", flat=True))


def counted(taken: CaptureQueriesContext) -> int:
    """A test runs in a transaction of its own, within which each context is a savepoint and set back."""
    return sum("SAVEPOINT" not in row["sql"] and "'', true)" not in row["sql"] for row in taken)


def finish(delivery: Delivery, *, price: str | None = "11.20", outcome: Outcome = Outcome.SHIP) -> Preview:
    """What a worker would have found."""
    with tenant_context(delivery.tenant_id):
        preview = Preview.objects.get(delivery=delivery)
        look = Look(
            outcome=outcome,
            receiver=("Möbelhaus Lindner GmbH",),
            service="UPS Standard",
            price=Decimal(price) if price else None,
            currency="EUR" if price else "",
            no_price="" if price else "UPS cannot be reached now.",
            content_hash="a" * 64,
        )
        previewing.finish(preview, look, at=timezone.now())
    return preview


@pytest.mark.parametrize("name", PAGES)
def test_a_viewer_reads_what_would_happen_and_changes_nothing(
    cast: Cast, desk: Desk, as_user: SignIn, name: str
) -> None:
    delivery = scene.make_shipped(desk, parcels=2)
    client = as_user(cast.viewer)
    before = digest(desk.tenant.id)

    page, tried = client.get(url(name, delivery, desk)), client.post(url(name, delivery, desk), {"act": "look"})

    assert (page.status_code, tried.status_code) == (200, 403)
    assert 'type="submit"' not in page.content.decode().split("<main")[-1].split("</main")[0]
    assert digest(desk.tenant.id) == before


@pytest.mark.parametrize("name", PAGES)
def test_a_page_takes_few_statements(desk: Desk, operator: Client, name: str) -> None:
    delivery = scene.make_shipped(desk, parcels=2)

    with CaptureQueriesContext(connection) as taken:
        assert operator.get(url(name, delivery, desk)).status_code == 200

    assert counted(taken) <= STATEMENTS, [row["sql"] for row in taken]


def test_a_void_is_committed_before_ups_is_asked(desk: Desk, operator: Client) -> None:
    delivery = scene.make_shipped(desk)
    shipment = _shipment_code(delivery)

    missing = operator.post(url("void", delivery, desk), {"shipment": shipment})
    assert (missing.status_code, jobs(delivery)) == (200, [])
    assert "Choose what happens afterwards." in missing.content.decode()
    operator.post(url("void", delivery, desk), {"shipment": shipment, "then": "cancel", "reason": "Ordered twice."})

    with tenant_context(desk.tenant.id):
        attempt = Attempt.objects.get(delivery=delivery)
    assert (attempt.state, attempt.evidence["then"], jobs(delivery)) == ("voiding", "cancel", ["settle"])
    assert now(delivery).state == S.REPORTED
    again = operator.post(url("void", delivery, desk), {"shipment": shipment, "then": "again"})
    assert again.status_code == 200
    assert "UPS is being asked to void its shipment" in again.content.decode()


def test_a_further_shipment_is_shown_with_its_price_before_it_is_confirmed(desk: Desk, operator: Client) -> None:
    delivery = scene.make_shipped(desk, created_at=timezone.now() - timedelta(hours=1))
    page = url("ship_again", delivery, desk)
    operator.post(page, {"act": "look"})
    assert operator.get(page, headers={"HX-Request": "true"}).status_code == 204
    preview = finish(delivery)

    shown = operator.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "Ship again for 11.20 EUR" in shown
    assert now(delivery).state == S.REPORTED
    operator.post(page, {"act": "confirm", "preview": str(preview.code)})

    assert (now(delivery).state, now(delivery).shipment_no, jobs(delivery)) == (S.RECEIVED, 2, ["read"])
    operator.post(page, {"act": "confirm", "preview": str(preview.code)})
    assert now(delivery).shipment_no == 2


def test_without_a_price_the_button_says_so(desk: Desk, operator: Client) -> None:
    delivery = scene.make_shipped(desk)
    operator.post(url("ship_again", delivery, desk), {"act": "look"})
    finish(delivery, price=None)

    shown = operator.get(url("ship_again", delivery, desk)).content.decode()

    assert "Ship again without knowing the price" in shown
    assert "UPS cannot be reached now." in shown


def test_the_preview_of_another_delivery_buys_nothing(desk: Desk, operator: Client) -> None:
    delivery, other = scene.make_shipped(desk), scene.make_shipped(desk)
    operator.post(url("ship_again", other, desk), {"act": "look"})
    preview = finish(other)

    answer = operator.post(url("ship_again", delivery, desk), {"act": "confirm", "preview": str(preview.code)})

    assert answer.status_code == 302
    assert (now(delivery).state, now(other).state, jobs(delivery)) == (S.REPORTED, S.REPORTED, [])


def test_stopping_and_letting_go_on_takes_one_press_each(desk: Desk, operator: Client) -> None:
    delivery = scene.make_delivery(desk)

    operator.post(url("hold", delivery, desk), {"act": "hold"})
    held = now(delivery)
    operator.post(url("again", delivery, desk))
    assert (held.state, held.problems[0]["code"], jobs(delivery)) == (S.HOLD, "held_by_person", [])
    operator.post(url("hold", delivery, desk), {"act": "release"})

    assert jobs(delivery) == ["read"]


def test_many_are_looked_at_and_those_that_would_go_on_are_run(desk: Desk, operator: Client) -> None:
    held, fine = scene.make_held(desk), scene.make_shipped(desk)
    many = reverse("syncjobs:replay_many", args=[desk.tenant.code])
    asked = operator.post(many, {"delivery": [held.code, fine.code, uuid.uuid4(), "nonsense"]})
    with tenant_context(desk.tenant.id):
        rows = list(Preview.objects.order_by("delivery_id"))
        previewing.finish(rows[0], Look(outcome=Outcome.SHIP, content_hash="a" * 64), at=timezone.now())
        previewing.finish(rows[1], Look(outcome=Outcome.NOTHING, text="It is made."), at=timezone.now())

    with CaptureQueriesContext(connection) as taken:
        shown = operator.get(asked["Location"]).content.decode()
    operator.post(many, {"batch": str(rows[0].batch)})

    assert (len(rows), "Run 1 again" in shown, "Nothing to do" in shown) == (2, True, True)
    assert (jobs(held), jobs(fine)) == (["read"], [])
    assert counted(taken) <= STATEMENTS


def test_a_look_that_no_worker_ended_may_be_asked_for_again(desk: Desk, operator: Client) -> None:
    delivery = scene.make_held(desk)
    page = url("replay", delivery, desk)
    operator.post(page, {"act": "look"})
    operator.post(page, {"act": "look"})
    with tenant_context(desk.tenant.id):
        assert Preview.objects.count() == 1
        Preview.objects.update(asked_at=timezone.now() - timedelta(minutes=6))

    assert "did not come to its end" in operator.get(page).content.decode()
    operator.post(page, {"act": "look"})

    with tenant_context(desk.tenant.id):
        assert Preview.objects.count() == 2


def test_the_page_of_a_delivery_says_what_is_possible_and_why_the_rest_is_not(desk: Desk, operator: Client) -> None:
    delivery = scene.make_shipped(desk, parcels=2)
    with tenant_context(desk.tenant.id):
        Parcel.objects.update(milestone=Parcel.Milestone.PICKED_UP)

    shown = operator.get(url("delivery", delivery, desk)).content.decode()

    assert url("ship_again", delivery, desk) in shown
    assert url("void", delivery, desk) not in shown
    assert "UPS has scanned a parcel of it" in shown


def _shipment_code(delivery: Delivery) -> str:
    with tenant_context(delivery.tenant_id):
        return str(delivery.shipments.get().code)
