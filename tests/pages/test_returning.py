"""The page that brings goods back: what is chosen, the price, and one label for one confirmation."""

from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from syncjobs.actions import previewing
from syncjobs.actions.previewing import Look, Outcome
from syncjobs.actions.returns import plan_return
from syncjobs.models import Attempt, Delivery, PartyAddress, Preview, SyncJob
from syncjobs.personal import erasure
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
CHOICE = {"1-comes_back": "on", "1-weight": "1.5"}


def page_of(desk: Desk, delivery: Delivery) -> str:
    return reverse("syncjobs:return", args=[desk.tenant.code, delivery.code])


def price(desk: Desk) -> Preview:
    """What a worker does with the only preview there is."""
    with tenant_context(desk.tenant.id):
        preview = Preview.objects.select_related("delivery__connection").get()
        made = plan_return(preview)
        found = Look(
            outcome=Outcome.SHIP,
            service="UPS Standard",
            price=Decimal("12.34"),
            currency="EUR",
            is_negotiated=True,
            content_hash=made.content_hash,
        )
        previewing.finish(preview, found, at=timezone.now())
    return preview


def returns(desk: Desk) -> list[Delivery]:
    with tenant_context(desk.tenant.id):
        return list(Delivery.objects.filter(return_of__isnull=False).order_by("pk"))


def asked(client: Client, desk: Desk, delivery: Delivery) -> str:
    """The page with the price, after it was asked for."""
    answer = client.post(page_of(desk, delivery), CHOICE | {"act": "look"})
    assert answer.status_code == 302
    price(desk)
    return str(answer["Location"])


def test_a_return_is_chosen_priced_and_ordered_once(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery, client = scene.make_shipped(desk, parcels=2), as_user(cast.owner)

    here = asked(client, desk, delivery)
    shown = client.get(here).content.decode()
    confirmed = dict(parse_qsl(urlsplit(here).query)) | {"act": "confirm"}
    first = client.post(page_of(desk, delivery), confirmed)
    second = client.post(page_of(desk, delivery), confirmed)

    (back,) = returns(desk)
    with tenant_context(desk.tenant.id):
        attempt = Attempt.objects.get(delivery=back)
        jobs = list(SyncJob.objects.filter(subject=back.code).values_list("kind", flat=True))
    assert "Make the return label for 12.34 EUR" in shown
    assert first["Location"] == second["Location"] == reverse("syncjobs:delivery", args=[desk.tenant.code, back.code])
    assert (attempt.quoted_amount, attempt.packages, jobs) == (Decimal("12.34"), 1, ["ship"])
    assert "This brings goods of delivery" in client.get(first["Location"]).content.decode()
    assert (
        "Coming back"
        in client.get(reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code])).content.decode()
    )


def test_the_page_waits_for_the_price_and_then_shows_it_alone(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery, client = scene.make_shipped(desk), as_user(cast.owner)
    here = str(client.post(page_of(desk, delivery), CHOICE | {"act": "look"})["Location"])
    htmx = {"HX-Request": "true"}

    before = client.get(here, headers=htmx)
    price(desk)
    after = client.get(here, headers=htmx).content.decode()

    assert before.status_code == 204
    assert "12.34 EUR" in after
    assert "<html" not in after


def test_another_weight_than_the_priced_one_is_not_ordered(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery, client = scene.make_shipped(desk), as_user(cast.owner)
    confirmed = dict(parse_qsl(urlsplit(asked(client, desk, delivery)).query)) | {"act": "confirm"}

    answer = client.post(page_of(desk, delivery), confirmed | {"1-weight": "20"}, follow=True)

    assert "no longer what the price was asked for" in answer.content.decode()
    assert returns(desk) == []


def test_without_a_choice_or_a_weight_nothing_is_asked_for(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery, client = scene.make_shipped(desk), as_user(cast.owner)

    empty = client.post(page_of(desk, delivery), {"act": "look"})
    unweighed = client.post(page_of(desk, delivery), {"1-comes_back": "on", "1-weight": "", "act": "look"})

    assert "Choose at least one parcel." in empty.content.decode()
    assert "Fill in what it weighs." in unweighed.content.decode()
    with tenant_context(desk.tenant.id):
        assert not Preview.objects.exists()


def test_who_may_only_look_orders_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery, client = scene.make_shipped(desk), as_user(cast.viewer)

    looks = client.get(page_of(desk, delivery))
    presses = client.post(page_of(desk, delivery), CHOICE | {"act": "look"})

    assert (looks.status_code, presses.status_code) == (200, 403)
    with tenant_context(desk.tenant.id):
        assert not Preview.objects.exists()


def test_the_page_makes_few_statements(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery, client = scene.make_shipped(desk, parcels=3), as_user(cast.owner)
    here = asked(client, desk, delivery)

    with CaptureQueriesContext(connection) as taken:
        client.get(here)

    # a test runs in a transaction of its own, within which each context is a savepoint and set back
    made = [row["sql"] for row in taken if "SAVEPOINT" not in row["sql"] and "'', true)" not in row["sql"]]
    assert len(made) <= 12, "\n".join(one[:150] for one in made)


def test_erasing_the_customer_of_a_delivery_erases_her_from_its_returns(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    delivery, client = scene.make_shipped(desk), as_user(cast.owner)
    here = asked(client, desk, delivery)
    client.post(page_of(desk, delivery), dict(parse_qsl(urlsplit(here).query)) | {"act": "confirm"})
    (back,) = returns(desk)

    with tenant_context(desk.tenant.id):
        with pytest.raises(erasure.NotErasable):
            erasure.erase(desk.tenant.id, [delivery.code], at=timezone.now())
        Delivery.objects.update(state=Delivery.State.CLOSED)
        Attempt.objects.filter(delivery=back).update(state=Attempt.State.CANCELLED)
        erased = erasure.erase(desk.tenant.id, [delivery.code], at=timezone.now())
        left = PartyAddress.objects.filter(erased_at=None).count()

    assert (erased.deliveries, left) == (2, 0)
