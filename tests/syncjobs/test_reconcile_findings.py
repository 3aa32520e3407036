"""Findings as rows: found again, gone, dismissed, repaired; and what a repair asks for, once, while it is true."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from exact.models import Connection
from syncjobs.models import Attempt, Delivery, Finding, Manifest, Parcel, Reconciliation, Shipment, SyncJob
from syncjobs.reconciling import our_side, repairs, runs
from syncjobs.reconciling.comparing import Difference
from syncjobs.reconciling.kinds import NEED_EXACT, FindingKind, Repair
from syncjobs.reconciling.sides import ExactSide
from syncjobs.transitions import move_attempt
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.syncjobs import rows
from ups.models import Account

pytestmark = pytest.mark.django_db
K = FindingKind
D = Delivery.State
R = Finding.Resolution
ACTOR = "user:00000000-0000-0000-0000-000000000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A connected customer."""

    tenant: Tenant
    connection: Connection
    account: Account


@pytest.fixture
def firm() -> Firm:
    tenant = make_tenant()
    return Firm(tenant=tenant, connection=rows.make_connection(tenant), account=rows.make_account(tenant.id))


def run(firm: Firm, *differences: Difference, unsure: frozenset[FindingKind] = frozenset()) -> None:
    """One comparison that found this."""
    at = timezone.now()
    with tenant_context(firm.tenant.id):
        begun = runs.begin(firm.connection, since_at=at, at=at)
        runs.keep(begun, differences, unsure=unsure, at=at)
        Reconciliation.objects.filter(pk=begun.pk).update(ended_at=at)


def state_of(firm: Firm) -> list[tuple[str, str]]:
    with tenant_context(firm.tenant.id):
        return list(Finding.objects.order_by("pk").values_list("kind", "resolution"))


def difference(kind: FindingKind = K.FOREIGN_NUMBER, subject: uuid.UUID | None = None, **details: Any) -> Difference:
    return Difference(kind=kind, subject=subject or uuid.uuid4(), details=details)


def only(firm: Firm) -> Finding:
    with tenant_context(firm.tenant.id):
        return Finding.objects.get(resolved_at=None)


def jobs(firm: Firm) -> list[tuple[str, uuid.UUID]]:
    with tenant_context(firm.tenant.id):
        return list(SyncJob.objects.order_by("pk").values_list("kind", "subject"))


def events(firm: Firm) -> list[tuple[str, str]]:
    with tenant_context(firm.tenant.id):
        return [(row.actor, row.kind) for row in Event.objects.filter(details__has_key="finding").order_by("sequence")]


def press(firm: Firm) -> None:
    repairs.repair(actor=ACTOR, tenant_id=firm.tenant.id, finding_code=only(firm).code, at=timezone.now())


def test_a_difference_found_again_stays_the_same_finding_with_its_newest_facts(firm: Firm) -> None:
    first = difference(shown="DHL-1")
    run(firm, first)
    before = only(firm)

    run(firm, difference(subject=first.subject, shown="DHL-2"))

    after = only(firm)
    assert (after.pk, after.found_at, after.details) == (before.pk, before.found_at, {"shown": "DHL-2"})
    assert after.seen_at > before.seen_at


def test_what_is_gone_ends_by_itself_or_as_repaired(firm: Firm) -> None:
    delivery = rows.make_delivery(firm.connection, state=D.SKIPPED)
    run(firm, difference(K.OUTDATED, delivery.code))
    press(firm)
    run(firm, difference(K.FOREIGN_NUMBER))
    run(firm)

    assert state_of(firm) == [("outdated", R.REPAIRED), ("foreign_number", R.BY_ITSELF)]


def test_a_run_that_could_not_read_all_of_exact_ends_nothing_that_only_exact_can_tell(firm: Firm) -> None:
    run(firm, difference(K.FOREIGN_NUMBER), difference(K.STUCK))

    run(firm, unsure=NEED_EXACT)

    assert state_of(firm) == [("foreign_number", ""), ("stuck", R.BY_ITSELF)]


def test_what_was_repaired_by_itself_and_is_found_again_is_counted_for_our_team(firm: Firm) -> None:
    delivery = rows.make_delivery(firm.connection, state=D.RECEIVED)
    found = difference(K.STUCK, delivery.code)
    run(firm, found)
    at = timezone.now()
    with tenant_context(firm.tenant.id):
        begun = runs.begin(firm.connection, since_at=at, at=at)
        before = runs.keep(begun, [found], at=at)
    press(firm)
    with tenant_context(firm.tenant.id):
        after = runs.keep(begun, [found], at=at)

    assert (before.unmended, after.unmended) == (0, 1)
    assert after.to_repair == (only(firm).code,)


def test_a_run_of_one_company_ends_no_finding_of_another(firm: Firm) -> None:
    run(firm, difference())
    other = rows.make_connection(firm.tenant, division=654321)

    run(Firm(tenant=firm.tenant, connection=other, account=firm.account))

    assert state_of(firm) == [("foreign_number", "")]


def test_what_a_person_dismissed_comes_back_only_when_something_about_it_changes(firm: Firm) -> None:
    found = difference(shown="DHL-1")
    run(firm, found)
    repairs.dismiss(actor=ACTOR, tenant_id=firm.tenant.id, finding_code=only(firm).code, at=timezone.now())

    run(firm, found)
    assert state_of(firm) == [("foreign_number", R.DISMISSED)]

    run(firm, difference(subject=found.subject, shown="DHL-2"))
    assert state_of(firm) == [("foreign_number", R.DISMISSED), ("foreign_number", "")]
    assert events(firm) == [(ACTOR, "asked")]


def test_a_run_left_half_way_is_gone_on_with_and_an_old_one_is_replaced(firm: Firm) -> None:
    at = timezone.now()
    with tenant_context(firm.tenant.id):
        left = runs.begin(firm.connection, since_at=at, at=at)

        assert runs.begin(firm.connection, since_at=at, at=at + timedelta(hours=1)).pk == left.pk

        later = runs.begin(firm.connection, since_at=at, at=at + timedelta(hours=13))
        left.refresh_from_db()
        assert later.pk != left.pk
        assert left.problem == runs.NOT_ENDED


@pytest.mark.parametrize(
    ("kind", "state", "wanted"),
    [
        (K.OUTDATED, D.SKIPPED, "read"),
        (K.CANCELLED_BUT_THERE, D.CANCELLED, "read"),
        (K.GONE, D.REPORTED, "read"),
        (K.NOT_REPORTED, D.LABELLED, "report"),
        (K.NUMBER_MISSING, D.IN_TRANSIT, "report"),
        (K.STUCK, D.RECEIVED, "read"),
        (K.STUCK, D.READY, "ship"),
        (K.STUCK, D.SHIPPING, "settle"),
        (K.STUCK, D.LABELLED, "report"),
        (K.STUCK, D.DELIVERED, "proof"),
    ],
)
def test_a_repair_asks_for_the_work_that_looks_once_more_and_says_who_asked(
    firm: Firm, kind: FindingKind, state: D, wanted: str
) -> None:
    delivery = rows.make_delivery(firm.connection, state=state)
    run(firm, difference(kind, delivery.code))

    press(firm)

    assert jobs(firm) == [(wanted, delivery.code)]
    assert only(firm).repair_asked_at is not None
    assert events(firm) == [(ACTOR, "asked")]


def test_a_repair_pressed_twice_is_made_once(firm: Firm) -> None:
    delivery = rows.make_delivery(firm.connection, state=D.REPORTED)
    run(firm, difference(K.GONE, delivery.code))
    press(firm)

    with pytest.raises(repairs.NoLongerTrue, match="already"):
        press(firm)

    assert len(jobs(firm)) == len(events(firm)) == 1


@pytest.mark.parametrize(
    ("kind", "state", "columns"),
    [
        (K.OUTDATED, D.REPORTED, {}),
        (K.CANCELLED_BUT_THERE, D.READY, {}),
        (K.NOT_REPORTED, D.REPORTED, {}),
        (K.NUMBER_MISSING, D.HOLD, {}),
        (K.NUMBER_MISSING, D.REPORTED, {"exact_writes": 5}),
        (K.STUCK, D.HOLD, {}),
        (K.NOT_FOLLOWED, D.REPORTED, {}),
        (K.LONG_DOUBT, D.SHIPPING, {}),
        (K.FOREIGN_NUMBER, D.REPORTED, {}),
    ],
)
def test_a_repair_that_no_longer_fits_is_refused_and_nothing_happens(
    firm: Firm, kind: FindingKind, state: D, columns: dict[str, Any]
) -> None:
    delivery = rows.make_delivery(firm.connection, state=state)
    with tenant_context(firm.tenant.id):
        Delivery.objects.update(**columns) if columns else None
    run(firm, difference(kind, delivery.code))

    with pytest.raises(repairs.NoLongerTrue):
        press(firm)

    assert (jobs(firm), events(firm)) == ([], [])
    assert only(firm).repair_asked_at is None


def test_a_finding_that_is_over_is_neither_repaired_nor_dismissed(firm: Firm) -> None:
    delivery = rows.make_delivery(firm.connection, state=D.SKIPPED)
    run(firm, difference(K.OUTDATED, delivery.code))
    code = only(firm).code
    run(firm)

    for act in (repairs.repair, repairs.dismiss):
        with pytest.raises(repairs.NoLongerTrue):
            act(actor=ACTOR, tenant_id=firm.tenant.id, finding_code=code, at=timezone.now())

    assert (jobs(firm), events(firm)) == ([], [])


def test_another_customers_finding_does_not_exist(firm: Firm) -> None:
    delivery = rows.make_delivery(firm.connection, state=D.SKIPPED)
    run(firm, difference(K.OUTDATED, delivery.code))
    stranger = make_tenant("Ander Bedrijf BV")

    for act in (repairs.repair, repairs.dismiss):
        with pytest.raises(Finding.DoesNotExist):
            act(actor=ACTOR, tenant_id=stranger.id, finding_code=only(firm).code, at=timezone.now())

    assert jobs(firm) == []


def test_an_unknown_delivery_is_taken_in_once_as_a_notification_would(firm: Firm) -> None:
    entry_id = uuid.uuid4()
    run(firm, difference(K.UNKNOWN_DELIVERY, entry_id, booked_at=timezone.now().isoformat()))
    press(firm)

    with pytest.raises(repairs.NoLongerTrue, match="already"):
        press(firm)

    with tenant_context(firm.tenant.id):
        delivery = Delivery.objects.get(exact_entry_id=entry_id)
    assert delivery.state == D.RECEIVED
    assert jobs(firm) == [("read", delivery.code)]


def test_one_that_came_in_by_itself_meanwhile_is_not_taken_in_again(firm: Firm) -> None:
    delivery = rows.make_delivery(firm.connection)
    run(firm, difference(K.UNKNOWN_DELIVERY, delivery.exact_entry_id, booked_at=timezone.now().isoformat()))

    with pytest.raises(repairs.NoLongerTrue):
        press(firm)

    assert (jobs(firm), events(firm)) == ([], [])


def absent_attempt(firm: Firm, delivery: Delivery) -> Attempt:
    """A request that UPS twice did not know."""
    attempt = rows.make_attempt(delivery, firm.account)
    with tenant_context(firm.tenant.id):
        attempt.delivery = delivery
        at = timezone.now() - timedelta(hours=2)
        move_attempt(attempt, to=Attempt.State.SENDING, changes={"sent_at": at, "due_at": at})
        move_attempt(attempt, to=Attempt.State.IN_DOUBT, changes={"doubt_at": at, "due_at": at})
        move_attempt(attempt, to=Attempt.State.ABSENT, changes={"due_at": None})
    return attempt


def load(firm: Firm) -> Any:
    at = timezone.now()
    with tenant_context(firm.tenant.id):
        known = our_side.remembered(firm.connection)
        exact = ExactSide(read_at=at, shown={})
        return our_side.load(firm.connection, exact, known, since_at=at - timedelta(days=14), scanned=frozenset())


def test_an_orphan_is_recognised_by_its_manifest_and_ups_is_asked_about_that_request_alone(firm: Firm) -> None:
    delivery = rows.make_delivery(firm.connection, state=D.RECEIVED)
    attempt = absent_attempt(firm, delivery)
    with tenant_context(firm.tenant.id):
        manifest = Manifest.objects.create(
            tenant=firm.tenant, account=firm.account, tracking_number="1Z1", reference=attempt.reference
        )

    (seen,) = load(firm).manifests
    assert (seen.attempt_state, seen.delivery, seen.is_adopted) == ("absent", delivery.code, False)

    run(firm, difference(K.ORPHAN, manifest.code, delivery=str(delivery.code)))
    press(firm)

    with tenant_context(firm.tenant.id):
        attempt.refresh_from_db()
    assert attempt.state == Attempt.State.ABSENT
    assert attempt.due_at is not None
    assert jobs(firm) == [("settle", delivery.code)]


def test_forgotten_parcels_are_due_to_be_looked_at_after_the_repair(firm: Firm) -> None:
    delivery = rows.make_delivery(firm.connection, state=D.REPORTED)
    attempt = rows.make_attempt(delivery, firm.account)
    with tenant_context(firm.tenant.id):
        shipment = Shipment.objects.create(
            tenant=firm.tenant, attempt=attempt, delivery=delivery, ups_shipment_id="1Z0", service_code="11"
        )
        Parcel.objects.create(
            tenant=firm.tenant, shipment=shipment, position=1, tracking_number="1Z1", weight=1, weight_unit="KGS"
        )
    run(firm, difference(K.NOT_FOLLOWED, delivery.code))

    press(firm)

    with tenant_context(firm.tenant.id):
        assert Parcel.objects.get().look_at is not None
    assert jobs(firm) == [("look", delivery.code)]


def test_old_findings_keep_what_they_are_about_in_the_comparison(firm: Firm) -> None:
    closed = rows.make_delivery(firm.connection, state=D.CLOSED, age=timedelta(days=40))
    booked_at = timezone.now() - timedelta(days=30)
    unknown = uuid.uuid4()
    assert load(firm).deliveries == ()

    run(
        firm,
        difference(K.FOREIGN_NUMBER, closed.code),
        difference(K.UNKNOWN_DELIVERY, unknown, booked_at=booked_at.isoformat()),
    )

    with tenant_context(firm.tenant.id):
        known = our_side.remembered(firm.connection)
        keys = our_side.keys_to_ask(firm.connection, known, since_at=timezone.now())
    assert [one.code for one in load(firm).deliveries] == [closed.code]
    assert known.booked == {unknown: booked_at}
    assert keys == [unknown, closed.exact_entry_id]


def test_every_repair_has_a_hand() -> None:
    assert set(repairs._REPAIRS) == set(Repair)
