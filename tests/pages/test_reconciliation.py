"""The page of the comparison: what agrees, what does not, and who may do what about it."""

import uuid
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exact.models import Connection
from syncjobs.models import Delivery, Finding, Reconciliation, SyncJob
from syncjobs.reconciling.kinds import FindingKind
from syncjobs.reconciling.report import report_of
from tenants.context import tenant_context
from tenants.models import Role
from tests.factories import Cast, make_member
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
K = FindingKind


def make_run(desk: Desk, **changes: Any) -> Reconciliation:
    """A comparison that ended an hour ago."""
    at = timezone.now() - timedelta(hours=1)
    facts: dict[str, Any] = {
        "began_at": at,
        "ended_at": at + timedelta(seconds=20),
        "since_at": at - timedelta(days=14),
        "exact_deliveries": 214,
        "our_deliveries": 214,
        "shipments": 209,
    }
    with tenant_context(desk.tenant.id):
        return Reconciliation.objects.create(tenant=desk.tenant, connection=desk.connection, **(facts | changes))


def make_finding(desk: Desk, kind: FindingKind, run: Reconciliation, *, about: Delivery | None = None) -> Finding:
    """An open finding of that run."""
    details = {"number": "60012", "tracking": "1ZA1B2C36800000016", "shown": "DHL-1", "reference": "T01J"}
    with tenant_context(desk.tenant.id):
        return Finding.objects.create(
            tenant=desk.tenant,
            connection=desk.connection,
            reconciliation=run,
            kind=kind,
            subject=about.code if about else uuid.uuid4(),
            details=details | ({"delivery": str(about.code)} if about else {}),
            found_at=run.began_at,
            seen_at=run.began_at,
        )


def address(desk: Desk, name: str = "reconciliation", *parts: uuid.UUID) -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code, *parts])


def page(client: Client, desk: Desk) -> str:
    return client.get(address(desk)).content.decode()


def outcome(desk: Desk) -> tuple[list[str], list[str]]:
    """How findings ended, and which work was asked for."""
    with tenant_context(desk.tenant.id):
        return (
            list(Finding.objects.values_list("resolution", flat=True)),
            list(SyncJob.objects.values_list("kind", flat=True)),
        )


def test_before_the_first_comparison_the_page_says_when_it_comes(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    text = page(as_user(cast.owner), desk)

    assert "Not compared yet" in text
    assert "Compare now" in text


def test_without_a_connected_company_it_leads_to_connecting(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    with tenant_context(desk.tenant.id):
        Connection.objects.update(disconnected_at=timezone.now(), grant=None)

    text = page(as_user(cast.owner), desk)

    assert "Connect Exact Online first" in text
    assert "Compare now" not in text


def test_where_all_agree_the_counts_say_so_and_when(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    make_run(desk)

    text = page(as_user(cast.viewer), desk)

    assert "<h2>All agree</h2>" in text
    assert "214 goods deliveries in Exact Online, 214 with us, 209 shipments at UPS." in text
    assert "Last compared on" in text


def test_findings_stand_by_what_to_do_the_serious_first_with_the_way_to_their_delivery(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    run = make_run(desk)
    shipped = scene.make_shipped(desk)
    for kind in (K.UNSEEN_LABEL, K.TWO_SHIPMENTS, K.FOREIGN_NUMBER, K.NUMBER_MISSING):
        make_finding(desk, kind, run, about=shipped)

    text = page(as_user(cast.owner), desk)

    titles = [
        text.index(title) for title in ("put right with one click", "settled at UPS", "To be settled in Exact Online")
    ]
    assert titles == sorted(titles)
    assert text.index("more than one shipment") < text.index("more than a week old")
    assert text.count(address(desk, "delivery", shipped.code)) == 4
    assert text.count(">Write it again</button>") == 1
    assert "4 differences" in text
    assert "All agree" not in text


def test_a_run_that_waits_for_exact_says_so_above_what_was_known_before(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    run = make_run(desk)
    make_finding(desk, K.FOREIGN_NUMBER, run)
    make_run(desk, began_at=timezone.now(), ended_at=None, problem="Exact Online could not be reached.")

    text = page(as_user(cast.viewer), desk)

    assert "could not be finished.</strong> Exact Online could not be reached." in text
    assert "DHL-1" in text


def test_what_did_not_mend_by_itself_overnight_says_so(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    finding = make_finding(desk, K.STUCK, make_run(desk))
    client = as_user(cast.viewer)
    assert "It was set going again by itself" in page(client, desk)

    with tenant_context(desk.tenant.id):
        Finding.objects.filter(pk=finding.pk).update(seen_at=finding.found_at + timedelta(days=1))

    assert "that did not help. Tell our team" in page(client, desk)


def test_a_run_counts_the_differences_of_its_own_time(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    first = make_run(desk, began_at=timezone.now() - timedelta(days=1), ended_at=timezone.now() - timedelta(days=1))
    finding = make_finding(desk, K.FOREIGN_NUMBER, first)
    make_run(desk)
    with tenant_context(desk.tenant.id):
        at = timezone.now() - timedelta(hours=2)
        Finding.objects.filter(pk=finding.pk).update(
            found_at=first.began_at, resolved_at=at, resolution=Finding.Resolution.BY_ITSELF
        )

    text = page(as_user(cast.viewer), desk)

    assert text.count("1 difference<") == 1
    assert text.count('class="state state-good">All agree') == 1


def test_an_operator_repairs_and_compares_and_only_a_manager_dismisses(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    finding = make_finding(desk, K.OUTDATED, make_run(desk, began_at=timezone.now() - timedelta(hours=2)),
                           about=scene.make_skipped(desk))  # fmt: skip
    client = as_user(make_member(desk.tenant, Role.OPERATOR))

    assert client.post(address(desk, "dismiss_finding", finding.code)).status_code == 403
    assert outcome(desk) == ([""], [])
    assert "Dismiss" not in page(client, desk)

    client.post(address(desk, "repair_finding", finding.code))
    assert outcome(desk) == ([""], ["read"])

    client.post(address(desk, "reconcile_now"))
    assert outcome(desk) == ([""], ["read", "reconcile"])
    assert "A comparison is under way" in page(client, desk)

    as_user(make_member(desk.tenant, Role.MANAGER)).post(address(desk, "dismiss_finding", finding.code))
    assert outcome(desk) == (["dismissed"], ["read", "reconcile"])


def test_a_viewer_sees_no_button_and_can_press_none(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    finding = make_finding(desk, K.OUTDATED, make_run(desk), about=scene.make_skipped(desk))
    client = as_user(cast.viewer)

    answers = [
        client.post(address(desk, "reconcile_now")).status_code,
        client.post(address(desk, "repair_finding", finding.code)).status_code,
        client.post(address(desk, "dismiss_finding", finding.code)).status_code,
    ]

    assert answers == [403, 403, 403]
    assert outcome(desk) == ([""], [])
    assert page(client, desk).count('<button type="submit"') == 0


def test_a_second_comparison_within_the_hour_is_refused_with_the_time_left(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    make_run(desk, began_at=timezone.now() - timedelta(minutes=30))

    answer = as_user(cast.owner).post(address(desk, "reconcile_now"), follow=True).content.decode()

    assert "the next is possible in 30 minutes" in answer
    assert outcome(desk) == ([], [])


def test_the_button_is_off_until_the_hour_is_over_and_says_when_that_is(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    run = make_run(desk, began_at=timezone.now() - timedelta(minutes=30))
    zone = ZoneInfo(desk.tenant.time_zone)
    client = as_user(cast.owner)

    soon = page(client, desk)
    with tenant_context(desk.tenant.id):
        Reconciliation.objects.update(began_at=timezone.now() - timedelta(minutes=61))
    later = page(client, desk)

    assert f"Possible again at {(run.began_at + timedelta(hours=1)).astimezone(zone):%H:%M}, or after a repair" in soon
    assert '<button type="submit" class="btn" disabled' in soon
    assert "Possible again" not in later
    assert '<button type="submit" class="btn" disabled' not in later


def test_after_a_repair_one_comparison_is_possible_at_once(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    run = make_run(desk, began_at=timezone.now() - timedelta(minutes=5), ended_at=timezone.now())
    finding = make_finding(desk, K.OUTDATED, run, about=scene.make_skipped(desk))
    client = as_user(cast.owner)
    client.post(address(desk, "repair_finding", finding.code))

    shown = page(client, desk)
    client.post(address(desk, "reconcile_now"))
    assert "Possible again" not in shown
    assert outcome(desk) == ([""], ["read", "reconcile"])

    with tenant_context(desk.tenant.id):
        SyncJob.objects.update(state=SyncJob.State.DONE)
    make_run(desk, began_at=timezone.now(), ended_at=timezone.now())

    assert "Possible again at" in page(client, desk)
    assert (
        "the next is possible in 60 minutes"
        in client.post(address(desk, "reconcile_now"), follow=True).content.decode()
    )


def test_what_the_comparison_repairs_by_itself_is_no_reason_to_compare_again(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    finding = make_finding(desk, K.STUCK, make_run(desk, began_at=timezone.now() - timedelta(minutes=5)))
    with tenant_context(desk.tenant.id):
        Finding.objects.filter(pk=finding.pk).update(repair_asked_at=timezone.now())

    assert "Possible again at" in page(as_user(cast.owner), desk)


def test_a_repair_that_came_too_late_says_so_and_does_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    finding = make_finding(desk, K.OUTDATED, make_run(desk), about=scene.make_shipped(desk))

    answer = as_user(cast.owner).post(address(desk, "repair_finding", finding.code), follow=True).content.decode()

    assert "This has changed since it was found; nothing was done." in answer
    assert outcome(desk) == ([""], [])


def make_many(desk: Desk, kind: FindingKind, run: Reconciliation, count: int) -> None:
    with tenant_context(desk.tenant.id):
        Finding.objects.bulk_create(
            Finding(
                tenant=desk.tenant,
                connection=desk.connection,
                reconciliation=run,
                kind=kind,
                subject=uuid.uuid4(),
                found_at=run.began_at,
            )
            for _ in range(count)
        )


def test_a_flood_of_one_kind_is_counted_and_not_all_read(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    make_many(desk, K.FOREIGN_NUMBER, make_run(desk), 103)
    with tenant_context(desk.tenant.id), CaptureQueriesContext(connection) as made:
        (group,) = report_of(desk.connection).groups
    read = [query["sql"] for query in made if 'FROM "syncjobs_finding"' in query["sql"]]

    text = page(as_user(cast.viewer), desk)

    assert (len(group.findings), group.more) == (100, 3)
    assert all("COUNT(" in sql or "LIMIT 100" in sql for sql in read), read
    assert any("LIMIT 100" in sql for sql in read)
    assert "And 3 more of these" in text
    assert "103 differences" in text


def test_a_serious_finding_stands_above_a_flood_of_older_ones(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    run = make_run(desk)
    make_many(desk, K.UNSEEN_LABEL, run, 101)
    make_finding(desk, K.TWO_SHIPMENTS, make_run(desk, began_at=timezone.now(), ended_at=timezone.now()))

    text = page(as_user(cast.viewer), desk)

    assert text.index("more than one shipment") < text.index("more than a week old")
    assert "And 2 more of these" in text
