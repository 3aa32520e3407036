"""What is left of a customer who leaves: nothing new begins, what is unknown is settled or given up, and names go."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.chain import verify
from audit.models import Event
from connector_site.lib.secrets import seal
from exact import consent_links
from exact.models import Connection, ConsentLink, Grant
from exact.offers import Answer
from syncjobs import engine, pieces, queue, ticks
from syncjobs.models import Attempt, Delivery, Parcel, PartyAddress, SyncJob
from syncjobs.parties import keep_party
from syncjobs.personal import closing
from syncjobs.steps.context import Step
from syncjobs.transitions import move_attempt
from tenants.context import tenant_context
from tenants.models import Role, Tenant
from tests.factories import make_cast, make_member, some_guid
from tests.pages import doubts, scene
from tests.pages.scene import Desk
from tests.pages.test_people_team import make_traces, traces
from tests.syncjobs.test_erasure import contents
from ups.models import Account

pytestmark = pytest.mark.django_db

A = Attempt.State


@pytest.fixture
def desk() -> Desk:
    return scene.make_desk(make_cast().tenant)


def close(desk: Desk, *, days_ago: float = 0) -> None:
    """Close the company, so long ago."""
    closing.close(actor="user", tenant_id=desk.tenant.id, needs_no_copy=True, at=timezone.now())
    closed_for(desk, days=days_ago)


def closed_for(desk: Desk, *, days: float) -> None:
    """Let it be so long ago that it was closed."""
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(closed_at=timezone.now() - timedelta(days=days))


def work(desk: Desk, *, kind: SyncJob.Kind = SyncJob.Kind.CLOSE) -> SyncJob:
    """Let a worker do this job of the company now, until nothing of it is due."""
    with tenant_context(desk.tenant.id):
        due = SyncJob.objects.filter(kind=kind, state=SyncJob.State.DUE)
        due.update(due_at=timezone.now() - timedelta(seconds=1))
    while jobs := [job for job in queue.claim([SyncJob.Queue.UPKEEP]) if job.tenant_id == desk.tenant.id]:
        for job in jobs:
            engine.run(job, Step(at=timezone.now()))
    with tenant_context(desk.tenant.id):
        return SyncJob.objects.filter(kind=kind).latest("pk")


def plan(desk: Desk) -> Delivery:
    """A delivery whose request was planned and not sent."""
    delivery = scene.make_delivery(desk)
    reference = str(some_guid())[:30]
    with tenant_context(desk.tenant.id):
        Attempt.objects.create(
            tenant=desk.tenant,
            delivery=delivery,
            account=desk.account,
            shipment_no=1,
            attempt_no=1,
            reference=reference,
            shipper_number=desk.account.shipper_number,
            environment="test",
            request=seal({}, owner=delivery.code, purpose=reference),
            request_hash="0" * 64,
            packages=1,
        )
    return delivery


def make_link(desk: Desk) -> str:
    """A link for the colleague who has the rights in Exact; its digest."""
    with tenant_context(desk.tenant.id):
        token = consent_links.make(tenant_id=desk.tenant.id, site="nl", made_by=some_guid(), at=timezone.now())
    return consent_links.digest_of(token.reveal())


def give(digest: str) -> Grant:
    """The colleague gives her permission by the link."""
    at = timezone.now()
    grant = Grant(site="nl", client_id="c", exact_user_id=some_guid(), consented_at=at, received_at=at)
    grant.sealed_tokens = seal({"access": "a", "refresh": "r"}, owner=grant.code, purpose="exact tokens")
    grant.save()
    route = consent_links.find(digest)
    assert route is not None
    answer = Answer(site="nl", user="Anna", offers=())
    assert consent_links.give(route, grant_id=grant.pk, answer=answer, at=at)
    return grant


def sent(desk: Desk) -> list[tuple[str, bool, bool]]:
    """Each request: its state, whether it is still there, whether it is looked at again."""
    with tenant_context(desk.tenant.id):
        rows = Attempt.objects.order_by("pk")
        return [(row.state, row.request is not None, row.due_at is not None) for row in rows]


def test_links_end_with_the_company_the_given_one_with_its_permission(desk: Desk) -> None:
    grant = give(make_link(desk))
    unused = make_link(desk)

    close(desk)

    grant.refresh_from_db()
    assert grant.sealed_tokens is None
    assert consent_links.find(unused) is None
    with tenant_context(desk.tenant.id):
        assert not ConsentLink.objects.filter(ended_at=None).exists()


def test_what_nobody_can_settle_is_given_up_after_three_days_with_its_request_and_all_that_was_said(desk: Desk) -> None:
    close(desk, days_ago=2.9)
    for make in (doubts.make_review, doubts.make_orphan, scene.make_sending, scene.make_doubtful):
        make(desk)
    with tenant_context(desk.tenant.id):
        queue.add(desk.tenant.id, SyncJob.Kind.SETTLE, some_guid(), due_at=timezone.now() + timedelta(hours=1))
    before = sent(desk)

    assert work(desk).last_error == "what was asked of UPS is not settled yet"
    assert sent(desk) == before
    closed_for(desk, days=3)

    assert work(desk).state == SyncJob.State.DONE
    assert {(is_there, is_due) for _, is_there, is_due in sent(desk)} == {(False, False)}
    assert [state for state, _, _ in sent(desk)].count(A.ABANDONED) == 4
    with tenant_context(desk.tenant.id):
        assert not Attempt.objects.exclude(evidence={}).exists()
        assert not SyncJob.objects.filter(kind=SyncJob.Kind.SETTLE).exists()
        assert Event.objects.get(details__what="everything erased").details["never_settled"] == 4
        assert verify(desk.tenant.id).broken_at is None


def test_one_that_is_looked_for_once_more_is_waited_for_and_the_database_keeps_its_request(desk: Desk) -> None:
    delivery = scene.make_doubtful(desk)
    attempt = doubts.attempt_of(delivery)
    with tenant_context(desk.tenant.id):
        move_attempt(attempt, to=A.ABSENT, changes={"due_at": timezone.now() + timedelta(hours=24)})
    close(desk)

    job = work(desk)

    assert (job.state, job.last_error) == (SyncJob.State.DUE, "what was asked of UPS is not settled yet")
    assert sent(desk) == [(A.ABSENT, True, True)]
    gone = {"request": None, "erased_at": timezone.now()}
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), tenant_context(desk.tenant.id):
        Attempt.objects.update(**gone)


def test_a_parcel_that_is_to_be_voided_is_waited_for_and_given_up_after_three_days(desk: Desk) -> None:
    delivery = scene.make_shipped(desk, parcels=2)
    with tenant_context(desk.tenant.id):
        asked, refused = Parcel.objects.order_by("position")
        Parcel.objects.filter(pk=asked.pk).update(void_asked_at=timezone.now())
        Parcel.objects.filter(pk=refused.pk).update(void_refusal="Hanna Lindner has signed for it.")
        queue.add(desk.tenant.id, SyncJob.Kind.VOID, delivery.code, due_at=timezone.now())
    close(desk, days_ago=2.9)

    assert work(desk).last_error == "what was asked of UPS is not settled yet"
    with tenant_context(desk.tenant.id):
        assert SyncJob.objects.filter(kind=SyncJob.Kind.VOID).exists()
        assert Account.objects.get().reveal_client_id() == "client-of-the-customer"
    closed_for(desk, days=3)

    assert work(desk).state == SyncJob.State.DONE
    with tenant_context(desk.tenant.id):
        assert not Parcel.objects.filter(void_asked_at__isnull=False).exists()
        assert not Parcel.objects.exclude(void_refusal="").exists()
        assert not SyncJob.objects.filter(kind=SyncJob.Kind.VOID).exists()
    assert ticks.turn_due().get("void") is None


def test_a_worker_that_had_begun_is_waited_for(desk: Desk) -> None:
    delivery = scene.make_delivery(desk)
    close(desk)
    with tenant_context(desk.tenant.id):
        at = timezone.now()
        reading = queue.add_claimed(desk.tenant.id, SyncJob.Kind.READ, delivery.code, at=at, correlation=None)
        assert reading is not None

    job = work(desk)

    assert (job.state, job.last_error) == (SyncJob.State.DUE, "work that was begun before is not over yet")
    with tenant_context(desk.tenant.id):
        assert Account.objects.get().reveal_client_id() == "client-of-the-customer"
        queue.finish(reading)
    assert work(desk).state == SyncJob.State.DONE


def test_what_came_after_the_closing_goes_the_next_night_and_the_trail_tells_of_it(desk: Desk) -> None:
    delivery = scene.make_delivery(desk)
    close(desk)
    assert work(desk).state == SyncJob.State.DONE
    with tenant_context(desk.tenant.id):
        keep_party(delivery, scene.RECEIVER, at=timezone.now())
        queue.add(desk.tenant.id, SyncJob.Kind.RETAIN, desk.tenant.code, due_at=timezone.now())

    work(desk, kind=SyncJob.Kind.RETAIN)

    with tenant_context(desk.tenant.id):
        assert not PartyAddress.objects.filter(sealed__isnull=False).exists()
        told = Event.objects.filter(details__what="erased after closing").values_list("details", flat=True)
        assert [one["kind"] for one in told] == ["addresses", "party addresses"]
        assert Event.objects.filter(details__what="everything erased").count() == 1


def test_the_work_is_ended_in_pieces_and_the_trail_is_written_last(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "AT_ONCE", 2)
    for _ in range(3):
        plan(desk)
    scene.make_shipped(desk, parcels=3)
    with tenant_context(desk.tenant.id):
        Parcel.objects.update(look_at=timezone.now())

    with CaptureQueriesContext(connection) as seen:
        closing.end_work(desk.tenant.id, at=timezone.now())

    with tenant_context(desk.tenant.id):
        assert Attempt.objects.filter(state=A.CANCELLED).count() == 3
        assert not Parcel.objects.filter(look_at__isnull=False).exists()
    transactions = " ; ".join(query["sql"] for query in seen).split("RELEASE SAVEPOINT")
    after_the_trail = [one.rpartition("audit_event")[2] for one in transactions if "INSERT INTO" in one]
    assert len(after_the_trail) == 2
    assert not any(word in rest for rest in after_the_trail for word in ("UPDATE", "DELETE"))


def test_what_members_kept_for_themselves_goes_with_the_company(desk: Desk) -> None:
    make_traces(desk.tenant, make_member(desk.tenant, Role.OPERATOR))

    close(desk)
    work(desk)

    assert traces(desk.tenant) == {"views": [], "turns": [], "news": (0, 0)}


def test_no_company_is_named_any_more(desk: Desk) -> None:
    scene.make_shipped(desk)
    before = contents(desk)
    close(desk)
    doubts.make_review(desk)
    closed_for(desk, days=3)

    assert work(desk).state == SyncJob.State.DONE

    names, left = ("voorbeeld", "main account", "expeditie"), contents(desk)
    assert [name for name in names if name not in before] == []
    assert [name for name in (*names, "lindner") if name in left] == []
    with tenant_context(desk.tenant.id):
        assert Connection.objects.get().division == 123456


def test_a_job_to_close_leaves_a_company_alone_that_was_not_closed(desk: Desk) -> None:
    scene.make_shipped(desk)
    before = contents(desk)
    with tenant_context(desk.tenant.id):
        queue.add(desk.tenant.id, SyncJob.Kind.CLOSE, desk.tenant.code, due_at=timezone.now())

    assert work(desk).state == SyncJob.State.DONE

    with tenant_context(desk.tenant.id):
        SyncJob.objects.all().delete()
    assert contents(desk) == before
