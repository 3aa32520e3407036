"""What was found out in English long before is read in the language of whoever looks, on pages and in mails."""

import pytest
from django.core import mail
from django.urls import reverse

from audit.models import Event
from audit.record import acting, happenings
from syncjobs.models import Delivery
from syncjobs.problems import Problem
from syncjobs.tracking.courses import CORRECTED
from syncjobs.transitions import delivery_event
from tenants.context import tenant_context
from tenants.models import User
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.syncjobs.alarm_scene import make_scene
from tests.syncjobs.rows import make_delivery

pytestmark = pytest.mark.django_db
STOPPED = Problem(
    code=CORRECTED,
    text="UPS had reported parcel 1Z1 as delivered and has taken that back (“Held in depot”). "
    "The proof of delivery filed in Exact Online no longer holds.",
    where="Open a claim at UPS; then send the goods again, or credit the customer.",
)


def test_a_page_says_stored_problems_and_the_story_in_the_readers_language(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    delivery = scene.make_stopped(desk, Delivery.State.HOLD, STOPPED)
    with acting("worker"), tenant_context(desk.tenant.id):
        details = {"step": "proof", "why": "not_filed"}
        happenings(desk.tenant.id, [delivery_event(delivery, Event.Kind.FAILED, details=details)])
    User.objects.filter(pk=cast.owner.pk).update(language="nl")

    answer = as_user(cast.owner).get(reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code]))

    page = answer.content.decode()
    assert '<html lang="nl"' in page
    assert "UPS had pakket 1Z1 als afgeleverd gemeld en heeft dat teruggenomen (“Held in depot”)." in page
    assert "Het in Exact Online opgeslagen afleverbewijs klopt niet meer." in page
    assert "Dien een claim in bij UPS" in page
    assert "Het afleverbewijs opslaan lukte niet" in page
    assert "did not work" not in page


def test_each_reader_is_told_of_an_alarm_in_her_own_language() -> None:
    there = make_scene()
    readers = sorted(there.told)
    User.objects.filter(email=readers[0]).update(language="nl")
    delivery = make_delivery(there.connection, state=Delivery.State.REVIEW)
    there.change(delivery, delivery_number="60001")

    there.look()

    told = {message.to[0]: message for message in mail.outbox}
    assert set(told) == set(readers)
    dutch, english = told[readers[0]], told[readers[1]]
    assert dutch.subject == "Een levering vraagt om een beslissing - Voorbeeld Groothandel BV"
    assert "Levering 60001" in str(dutch.body)
    assert english.subject == "A delivery needs a decision - Voorbeeld Groothandel BV"
