"""Pages about personal data: periods, erasing, the copy, and closing a company for good."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from exact.models import Connection, MasterRecord
from syncjobs import engine, pieces, queue
from syncjobs.models import Attempt, Delivery, Label, PartyAddress, ShippingRule, SyncJob
from syncjobs.personal import closing, exporting
from syncjobs.steps.context import Step
from tenants.access import tenants_of
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant
from tests.factories import Cast, make_member, sign_in
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups.models import Account

pytestmark = pytest.mark.django_db


def url(desk: Desk, name: str, *parts: object) -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code, *parts])


def closed(desk: Desk) -> Delivery:
    delivery = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.CLOSED)
    return delivery


def work(*, at_most: int = 5) -> None:
    """Let a worker do what is due."""
    for _ in range(at_most):
        for job in queue.claim([SyncJob.Queue.UPKEEP]):
            engine.run(job, Step(at=timezone.now()))


def chosen(page: str) -> list[str]:
    return re.findall(r'name="delivery" value="([0-9a-f-]{36})"', page)


def test_periods_are_saved_within_their_limits(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    owner = as_user(cast.owner)
    entered = {"label_days": "30", "party_days": "90", "receipt_days": "14", "audit_months": "36"}

    wrong = owner.post(url(desk, "personal"), entered | {"label_days": "3"})
    right = owner.post(url(desk, "personal"), entered, follow=True)

    assert "is-invalid" in wrong.content.decode()
    assert "Saved." in right.content.decode()
    with tenant_context(desk.tenant.id):
        tenant = Tenant.objects.get(pk=desk.tenant.pk)
        assert (tenant.label_days, tenant.party_days, tenant.receipt_days, tenant.audit_months) == (30, 90, 14, 36)
        assert Event.objects.filter(details__fields__contains=["label_days"]).count() == 1
    assert as_user(cast.viewer).post(url(desk, "personal"), entered).status_code == 403


def test_a_receiver_is_looked_for_seen_and_erased_and_the_pages_say_so(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    mine, on_its_way = closed(desk), scene.make_shipped(desk)
    owner = as_user(cast.owner)

    found = owner.post(url(desk, "erase"), {"step": "search", "asked": "Lindner"}).content.decode()
    asked = owner.post(url(desk, "erase"), {"step": "look", "delivery": [str(mine.code)]}).content.decode()
    with tenant_context(desk.tenant.id):
        assert PartyAddress.objects.filter(erased_at=None).count() == 2, "looking erases nothing"
    done = owner.post(url(desk, "erase"), {"step": "confirm", "delivery": chosen(asked)}, follow=True)

    assert set(chosen(found)) == {str(mine.code), str(on_its_way.code)}
    assert "It is not finished: its address is still needed." in found
    assert "Who 1 delivery went to is erased." in done.content.decode()
    page = owner.get(reverse("syncjobs:delivery", args=[desk.tenant.code, mine.code])).content.decode()
    assert "The address was deleted on" in page
    assert "The label was deleted on" in page
    assert "Address deleted" in owner.get(url(desk, "deliveries")).content.decode()
    with tenant_context(desk.tenant.id):
        label = Label.objects.get(parcel__shipment__delivery=mine)
    for address in (
        url(desk, "labels_pdf", mine.code),
        url(desk, "label_pdf", label.code),
        url(desk, "label_original", label.code),
    ):
        assert "was deleted and cannot be printed" in owner.get(address, follow=True).content.decode()
    refused = owner.post(url(desk, "erase"), {"step": "confirm", "delivery": [str(on_its_way.code)]})
    assert refused.status_code == 409
    with tenant_context(desk.tenant.id):
        assert PartyAddress.objects.get(delivery=on_its_way).sealed is not None


def test_a_copy_is_made_and_taken_by_a_manager_whose_second_factor_is_fresh(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    scene.make_shipped(desk)
    manager = make_member(desk.tenant, Role.MANAGER)
    client = as_user(manager)

    asked = client.post(url(desk, "export"), follow=True).content.decode()
    work()
    page = client.get(url(desk, "personal")).content.decode()
    address = re.search(r'href="([^"]+\.zip)"', page)
    assert address is not None
    answer = client.get(address[1])
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]

    assert "Being made" in asked
    assert "no-store" in answer.headers["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert "README.txt" in packed.namelist()
    with tenant_context(desk.tenant.id):
        told = list(Event.objects.filter(subject_kind="export").order_by("sequence").values_list("details", flat=True))
    assert [one["what"] for one in told] == ["copy asked for", "copy made", "copy taken"]
    assert as_user(cast.viewer).get(address[1]).status_code == 403
    stale = client.session
    stale["account_authentication_methods"] = [{"method": "mfa", "at": 0, "type": "totp"}]
    stale.save()
    assert client.get(address[1]).status_code == 302


def close(client: Client, desk: Desk, step: str, **entered: str) -> HttpResponse:
    answer = client.post(
        url(desk, "close"), {"step": step, "name": desk.tenant.name, "needs_no_copy": "on"} | entered, follow=True
    )
    return HttpResponse(answer.content, status=answer.status_code)


def test_closing_needs_the_name_and_a_copy_or_the_word_that_none_is_needed(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    owner = as_user(cast.owner)

    wrong = close(owner, desk, "confirm", name="Another name").content.decode()
    without = close(owner, desk, "confirm", needs_no_copy="").content.decode()
    asked = close(owner, desk, "check").content.decode()

    assert "This is not the name of the company." in wrong
    assert "Have a copy made first" in without
    assert "Close for good" in asked
    manager = make_member(desk.tenant, Role.MANAGER)
    assert close(as_user(manager), desk, "confirm").status_code == 403
    with tenant_context(desk.tenant.id):
        assert Tenant.objects.get(pk=desk.tenant.pk).closed_at is None
        assert Membership.objects.count() == 3


def test_closing_waits_for_what_is_unknown_at_ups(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_doubtful(desk)
    owner = as_user(cast.owner)

    page = owner.get(url(desk, "close")).content.decode()
    refused = close(owner, desk, "confirm")

    assert "It is not known yet what became of 1 shipment at UPS." in page
    assert refused.status_code == 409
    with tenant_context(desk.tenant.id):
        assert Tenant.objects.get(pk=desk.tenant.pk).closed_at is None
        assert not SyncJob.objects.filter(kind=SyncJob.Kind.CLOSE).exists()


def test_a_closed_company_lets_nobody_in_and_everything_of_it_goes(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "AT_ONCE", 1)
    closed(desk)
    travelling = scene.make_shipped(desk)
    owner = as_user(cast.owner)

    done = close(owner, desk, "confirm")
    assert done.status_code == 200
    assert owner.get(url(desk, "deliveries")).status_code == 404
    work()

    assert {address for message in mail.outbox for address in message.to} >= {cast.owner.email, cast.viewer.email}
    assert tenants_of(cast.owner) == []
    with tenant_context(desk.tenant.id):
        tenant = Tenant.objects.get(pk=desk.tenant.pk)
        assert (tenant.name, tenant.shipping_mode) == (closing.CLOSED_NAME, "off")
        assert tenant.closed_at is not None
        assert SyncJob.objects.get(kind=SyncJob.Kind.CLOSE).state == SyncJob.State.DONE
        gone = (PartyAddress, MasterRecord, ShippingRule, Membership)
        assert [model.__name__ for model in gone if model.objects.exists()] == []
        assert not Label.objects.filter(content__isnull=False).exists()
        assert not Attempt.objects.filter(request__isnull=False).exists()
        connection = Connection.objects.get(pk=desk.connection.pk)
        assert (connection.is_live, connection.grant_id) == (False, None)
        account = Account.objects.get()
        assert (account.reveal_client_id(), account.open_client_secret().reveal(), account.token) == ("", "", None)
        assert account.alert_hook_code != desk.account.alert_hook_code
        assert Delivery.objects.filter(pk=travelling.pk).exists(), "its row stays for the audit trail"
        assert Event.objects.filter(details__what="everything erased").count() == 1


def test_a_late_doubt_keeps_the_credentials_until_it_is_settled(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    assert close(as_user(cast.owner), desk, "confirm").status_code == 200
    scene.make_doubtful(desk)

    work(at_most=1)

    with tenant_context(desk.tenant.id):
        assert Account.objects.get().reveal_client_id() == "client-of-the-customer"
        job = SyncJob.objects.get(kind=SyncJob.Kind.CLOSE)
        assert (job.state, job.last_error) == (SyncJob.State.DUE, "what was asked of UPS is not settled yet")
        assert closing.waits(desk.tenant.id, at=timezone.now())
        assert not closing.waits(desk.tenant.id, at=timezone.now() + closing.WAITS_FOR + timedelta(minutes=1))
        assert exporting.under_way(desk.tenant.id) is None
    assert sign_in(Client(), cast.owner).get(url(desk, "close")).status_code == 404
