"""What each source is said to have told of a doubtful shipment: its own words, and nothing for one not asked."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from syncjobs.doubts import testimony
from syncjobs.models import Delivery, Manifest
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import doubts, scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups.models import QuantumViewFeed

pytestmark = pytest.mark.django_db


def page(client: Client, desk: Desk, delivery: Delivery) -> str:
    return client.get(reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code])).content.decode()


def source_of(delivery: Delivery, name: str) -> testimony.Told:
    """What the page shows of one source."""
    with tenant_context(delivery.tenant_id):
        found = testimony.sources_of(doubts.attempt_of(delivery), Delivery.objects.get(pk=delivery.pk))
    return next(told for told in found if told.source == name)


def read_quantum_view(desk: Desk, read_at: datetime | None) -> None:
    """The account has a subscription, read up to then."""
    with tenant_context(desk.tenant.id):
        QuantumViewFeed.objects.create(tenant=desk.tenant, account=desk.account, name="Outbound", read_at=read_at)


@pytest.mark.parametrize("name", ["UPS Label Recovery", "UPS Tracking"])
def test_a_source_that_was_not_asked_is_never_said_to_show_nothing(desk: Desk, name: str) -> None:
    delivery = scene.make_doubtful(desk)

    assert (source_of(delivery, name).said, source_of(delivery, name).at) == ("Not asked yet", None)


@pytest.mark.parametrize("said", ["it shows nothing with this reference", "could not be asked: UPS is away"])
def test_what_a_source_said_stands_in_its_own_words(desk: Desk, said: str) -> None:
    delivery = scene.make_doubtful(desk)
    doubts.note(delivery, "tracking", said, at=timezone.now())

    assert source_of(delivery, "UPS Tracking").said == said


@pytest.mark.parametrize(
    ("minutes_after", "said"),
    [
        (None, "Not read yet since the request was sent"),
        (-1, "Not read yet since the request was sent"),
        (1, "Nothing was announced under this reference so far"),
    ],
)
def test_quantum_view_shows_nothing_only_once_it_was_read_after_the_request(
    desk: Desk, minutes_after: int | None, said: str
) -> None:
    delivery = scene.make_doubtful(desk)
    sent_at = doubts.attempt_of(delivery).sent_at
    assert sent_at is not None
    read_at = sent_at + timedelta(minutes=minutes_after) if minutes_after else None
    read_quantum_view(desk, read_at)

    told = source_of(delivery, "UPS Quantum View")

    assert (told.said, told.at is None) == (said, minutes_after != 1)


def test_what_ups_announced_is_shown_at_once_though_nobody_has_looked_since(desk: Desk) -> None:
    delivery = scene.make_doubtful(desk)
    doubts.note(delivery, "manifest", "nothing was announced under this reference so far", at=timezone.now())
    with tenant_context(desk.tenant.id):
        Manifest.objects.create(
            tenant=desk.tenant,
            account=desk.account,
            tracking_number=doubts.NUMBERS[0],
            reference=doubts.attempt_of(delivery).reference,
        )

    told = source_of(delivery, "UPS Quantum View")

    assert (told.said, told.numbers) == ("It was announced under this reference", (doubts.NUMBERS[0],))


def test_a_sentence_of_ups_ends_with_one_full_stop(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_review(desk)
    doubts.note(delivery, "label_recovery", "UPS cannot answer at the moment.", at=timezone.now())

    shown = " ".join(page(as_user(cast.viewer), desk, delivery).split())

    assert "UPS cannot answer at the moment. UPS is asked again" in shown


def test_what_a_person_decided_is_no_word_of_a_source(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_several(desk)
    doubts.note(delivery, "person", "it was made: use it", at=timezone.now(), numbers=doubts.NUMBERS[:1])

    shown = page(as_user(cast.viewer), desk, delivery)

    assert "A person decided, " in shown
    assert "Last heard from Decision" not in shown
