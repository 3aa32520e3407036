"""The page on which a customer sees how both connections are, and mends what can be mended."""

from datetime import timedelta
from typing import NoReturn

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from exact import repair
from exact.errors import ExactUnavailable
from exact.models import Breaker, Connection, Grant, WebhookSubscription
from syncjobs.models import SyncJob
from tenants.context import tenant_context
from tests.factories import Cast, some_guid
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups.models import Account, ProductCheck

pytestmark = pytest.mark.django_db


def test_it_shows_the_token_the_last_good_call_the_quota_and_each_product(
    desk: Desk, cast: Cast, as_user: SignIn
) -> None:
    at = timezone.now()
    with tenant_context(desk.tenant.id):
        connection = Connection.objects.get()
        account = Account.objects.defer("client_id").get()
        ProductCheck.objects.create(
            tenant=desk.tenant,
            account=account,
            product="tracking",
            outcome="not_added",
            problem="Add it.",
            checked_at=at,
        )
        details = [
            {"system": "exact", "status": 200},
            {"system": "exact", "status": 403},
            {"system": "ups", "status": 200},
        ]
        happenings(
            desk.tenant.id,
            [
                Happening(kind=Event.Kind.CALLED, subject_kind="exact_connection", subject=connection.code, details=one)
                for one in details
            ],
        )
        Breaker.objects.create(tenant=desk.tenant, connection=connection, endpoint="crm/Addresses", opened_at=at)

    text = as_user(cast.viewer).get(reverse("syncjobs:health", args=[desk.tenant.code])).content.decode()

    assert "5000 of 5000" in text
    assert "1; we stop at 5 of a kind" in text
    assert "crm/Addresses, until" in text
    assert "Add it." in text
    assert "Switch notifications on anew" not in text


def test_an_ended_permission_says_since_when_and_leads_to_connecting_again(
    desk: Desk, cast: Cast, as_user: SignIn
) -> None:
    Grant.objects.update(needs_reconnect_at=timezone.now())

    text = as_user(cast.owner).get(reverse("syncjobs:health", args=[desk.tenant.code])).content.decode()

    assert "has not accepted the permission since" in text
    assert reverse("exact:connection", args=[desk.tenant.code]) in text
    assert "Permission ended" in text


def test_work_that_has_waited_too_long_is_told(desk: Desk, cast: Cast, as_user: SignIn) -> None:
    with tenant_context(desk.tenant.id):
        SyncJob.objects.create(
            tenant=desk.tenant,
            kind=SyncJob.Kind.MASTER,
            queue=SyncJob.Queue.SYNC,
            subject=some_guid(),
            due_at=timezone.now() - timedelta(minutes=6),
        )

    text = as_user(cast.owner).get(reverse("syncjobs:health", args=[desk.tenant.code])).content.decode()

    assert "1 task has waited for more than five minutes." in text


def test_a_viewer_cannot_switch_notifications_on_anew(desk: Desk, cast: Cast, as_user: SignIn) -> None:
    with tenant_context(desk.tenant.id):
        before = list(WebhookSubscription.objects.values())

    answer = as_user(cast.viewer).post(reverse("syncjobs:resubscribe", args=[desk.tenant.code]))

    assert answer.status_code == 403
    with tenant_context(desk.tenant.id):
        assert list(WebhookSubscription.objects.values()) == before


def test_notifications_that_could_not_be_switched_on_anew_are_tried_again_by_themselves(
    desk: Desk, cast: Cast, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> NoReturn:
        raise ExactUnavailable("Exact Online could not be reached.")

    monkeypatch.setattr(repair, "resubscribe", away)

    as_user(cast.owner).post(reverse("syncjobs:resubscribe", args=[desk.tenant.code]))

    with tenant_context(desk.tenant.id):
        job = SyncJob.objects.get(kind=SyncJob.Kind.SUBSCRIBE)
    assert job.subject == desk.connection.code
    assert job.due_at <= timezone.now()
