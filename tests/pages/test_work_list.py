"""The work list: proofs that are not in Exact, UPS accounts whose news does not come, and what it says when empty."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exact.models import Connection, Grant
from syncjobs.doubts import notices
from syncjobs.models import Delivery, Finding, Reconciliation, Reporting, SyncJob
from syncjobs.reconciling.kinds import FindingKind
from syncjobs.reporting import GONE_FROM_EXACT, LINE_SHORTENED
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene, travels
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


@pytest.mark.parametrize("state", [Delivery.State.REPORTED, Delivery.State.IN_TRANSIT])
def test_what_exact_refused_to_have_put_right_is_listed_counted_and_written_again_at_a_button(
    cast: Cast, desk: Desk, as_user: SignIn, state: str
) -> None:
    delivery = unfiled(desk, state=state, proof_problem="Period is closed")
    shortened = unfiled(desk, state=state, proof_problem=f"{LINE_SHORTENED} Too long")
    client = as_user(cast.owner)

    listed, page = work_page(client, desk), text(client, page_of(desk, delivery))

    assert listed.count("<article") == listed.count("Write it again") == page.count("Write it again") == 1
    assert "Period is closed" in listed
    assert '<span class="count">1<' in listed
    assert "Write it again" not in text(client, page_of(desk, shortened))

    client.post(reverse("syncjobs:again", args=[desk.tenant.code, delivery.code]))

    with tenant_context(desk.tenant.id):
        assert {(job.kind, job.subject) for job in SyncJob.objects.all()} >= {("report", delivery.code)}


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


def lose_the_permission(desk: Desk) -> None:
    Grant.objects.update(needs_reconnect_at=timezone.now(), reconnect_reason="ended")


def disconnect(desk: Desk) -> None:
    with tenant_context(desk.tenant.id):
        Connection.objects.update(disconnected_at=timezone.now(), grant=None)


def test_where_the_permission_has_ended_the_list_says_what_waits(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    for _ in range(2):
        scene.make_delivery(desk)
    lose_the_permission(desk)

    page = work_page(as_user(cast.owner), desk)

    assert "Nothing to do" not in page
    assert "Every delivery goes by itself" not in page
    assert page.count("<article") == 1
    assert "2 deliveries wait for that; nothing of it is lost." in page
    assert "Connect it again on the page Exact Online" in page


def test_where_no_company_is_connected_and_nothing_waits_it_is_told(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_shipped(desk)
    disconnect(desk)

    page = work_page(as_user(cast.owner), desk)

    assert "<h2>Exact Online is not connected</h2>" in page
    assert "New deliveries do not come in until it is connected." in page


def test_where_something_differs_an_empty_list_leads_to_the_comparison(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    common = {"tenant": desk.tenant, "connection": desk.connection}
    with tenant_context(desk.tenant.id):
        run = Reconciliation.objects.create(**common, since_at=timezone.now())
        Finding.objects.create(
            **common, reconciliation=run, kind=FindingKind.FOREIGN_NUMBER, subject=uuid.uuid4(), found_at=run.began_at
        )

    page = work_page(as_user(cast.owner), desk)

    assert "Nothing to do" not in page
    assert "One difference between Exact Online, UPS and our records is open in the comparison." in page
    with tenant_context(desk.tenant.id):
        Finding.objects.update(resolved_at=timezone.now(), resolution=Finding.Resolution.BY_ITSELF)
    assert "Nothing to do" in work_page(as_user(cast.owner), desk)


def test_a_call_that_takes_longer_than_usual_is_told_on_the_page_that_is_open(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = scene.make_sending(desk, created_at=timezone.now() - timedelta(seconds=20))
    client, url = as_user(cast.owner), page_of(desk, delivery)
    at_first = text(client, url)
    part = f"{url}?seen={re.findall(r'seen=([0-9a-f]+)', at_first)[0]}"
    unchanged = client.get(part, headers={"HX-Request": "true"}).status_code
    monkeypatch.setattr(notices, "SLOW_AFTER", timedelta(seconds=10))

    later = client.get(part, headers={"HX-Request": "true"}).content.decode()

    assert "The label is being made." in at_first
    assert unchanged == 204
    assert "UPS takes longer than usual to answer." in later
    assert "The label is being made." not in later


def test_a_telephone_reaches_the_comparison_by_the_bar(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    page = work_page(as_user(cast.viewer), desk)

    assert 'href="#pages"' in page.split('class="frame-tabs"')[1]
    assert f'href="{reverse("syncjobs:reconciliation", args=[desk.tenant.code])}"' in page.split('id="pages"')[1]
