"""The work list: proofs that are not in Exact, and UPS accounts whose news does not come."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from syncjobs.models import Delivery, Reporting, SyncJob
from syncjobs.reporting import GONE_FROM_EXACT
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups.models import Account, QuantumViewFeed

pytestmark = pytest.mark.django_db


def page_of(desk: Desk, delivery: Delivery) -> str:
    return reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code])


def text(client: Client, url: str) -> str:
    return client.get(url).content.decode()


UNFILED = "The proof of delivery could not be filed in Exact Online: no right."


def unfiled(desk: Desk, **changes: Any) -> Delivery:
    """A delivery that was closed although its proof could not be filed."""
    delivery = travels.make_delivered(desk)
    columns = {"state": Delivery.State.CLOSED, "proof_problem": UNFILED, "changed_at": timezone.now()}
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(**(columns | changes))
    return delivery


def work_page(client: Client, desk: Desk) -> str:
    return text(client, reverse("syncjobs:work", args=[desk.tenant.code]))


@pytest.mark.parametrize("state", [Delivery.State.CLOSED, Delivery.State.DELIVERED])
def test_a_proof_that_could_not_be_filed_waits_in_the_work_list_and_is_filed_at_a_button(
    cast: Cast, desk: Desk, as_user: SignIn, state: str
) -> None:
    delivery = unfiled(desk, state=state)
    client = as_user(cast.owner)

    listed, page = work_page(client, desk), text(client, page_of(desk, delivery))

    assert listed.count("<article") == listed.count("File the proof again") == 1
    assert UNFILED in listed
    assert page.count("File the proof again") == 1

    client.post(reverse("syncjobs:again", args=[desk.tenant.code, delivery.code]))

    with tenant_context(desk.tenant.id):
        assert [(job.kind, job.subject) for job in SyncJob.objects.all()] == [("proof", delivery.code)]


@pytest.mark.parametrize(
    "changes",
    [
        {"exact_document_id": uuid.uuid4(), "proof_problem": "Our line is shorter than usual."},
        {"proof_problem": GONE_FROM_EXACT},
        {"changed_at": timezone.now() - timedelta(days=31)},
    ],
    ids=["filed", "gone", "long ago"],
)
def test_what_nobody_can_mend_any_more_does_not_wait(
    cast: Cast, desk: Desk, as_user: SignIn, changes: dict[str, Any]
) -> None:
    unfiled(desk, **changes)

    assert "Nothing to do" in work_page(as_user(cast.owner), desk)


def test_where_no_proof_is_wanted_none_is_missing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = unfiled(desk)
    with tenant_context(desk.tenant.id):
        Reporting.objects.create(tenant=desk.tenant, connection=desk.connection, writes_proof=False)

    client = as_user(cast.owner)

    assert "Nothing to do" in work_page(client, desk)
    assert "File the proof again" not in text(client, page_of(desk, delivery))


def test_a_troubled_ups_account_stands_in_the_work_list_once_with_the_way_to_its_page(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    at = timezone.now()
    with tenant_context(desk.tenant.id):
        Account.objects.update(tracking_problem="The app lacks Tracking.", tracking_problem_at=at, alert_silent_at=at)
        QuantumViewFeed.objects.create(
            tenant=desk.tenant, account=desk.account, name="Outbound", problem="UPS knows no such name.", problem_at=at
        )

    page = work_page(as_user(cast.viewer), desk)

    assert page.count("<article") == 1
    assert f'href="{reverse("ups:tracking", args=[desk.tenant.code, desk.account.code])}"' in page
    assert "The app lacks Tracking." in page
    assert "UPS took our subscriptions but tells us nothing" in page
    assert "Quantum View “Outbound”: UPS knows no such name." in page
    assert '<span class="count">1<' in page


@pytest.mark.parametrize(
    "columns",
    [{"alert_problem": "The app lacks Track Alert."}, {"alert_silent_at": timezone.now()}, {"tracking_problem": "No."}],
)
def test_each_trouble_of_a_ups_account_is_told(
    cast: Cast, desk: Desk, as_user: SignIn, columns: dict[str, Any]
) -> None:
    with tenant_context(desk.tenant.id):
        Account.objects.update(**columns)

    page = work_page(as_user(cast.viewer), desk)

    assert page.count("<article") == page.count('<div class="problem">') == 1
