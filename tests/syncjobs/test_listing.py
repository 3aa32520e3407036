"""Pages of the list by key: each delivery once, in every order and under every filter, and always along an index."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connector_site.lib.row_security import APP_ROLE
from syncjobs.listing import pages as listing
from syncjobs.listing.questions import FILTERS, ORDERS, Question
from syncjobs.models import Delivery
from tenants.context import tenant_context
from tests import factories
from tests.pages import scene
from tests.pages.scene import Desk
from tests.syncjobs import rows

pytestmark = pytest.mark.django_db
D = Delivery.State
MANY = 3_000


@pytest.fixture
def desk() -> Desk:
    return scene.make_desk(factories.make_tenant())


def fill(desk: Desk, count: int, *, states: tuple[D, ...] = (D.CLOSED,), warehouse: str = "1") -> None:
    """One an hour, the newest now; several at the same moment, as when they are read anew."""
    now = timezone.now()
    with tenant_context(desk.tenant.id):
        made = [
            Delivery(
                tenant=desk.tenant,
                connection=desk.connection,
                exact_entry_id=factories.some_guid(),
                delivery_number=str(70000 + (n * 7) % count),
                state=states[n % len(states)],
                warehouse_code=warehouse,
                created_at=now - timedelta(hours=n // 2),
                changed_at=now - timedelta(minutes=(n * 11) % count),
            )
            for n in range(count)
        ]
        Delivery.objects.bulk_create(made, batch_size=1_000)


def walked(desk: Desk, question: Question) -> list[list[int]]:
    """Every page of the list, in order."""
    pages: list[list[int]] = []
    after = None
    with tenant_context(desk.tenant.id):
        while True:
            page = listing.slice_of(desk.tenant.id, question, after=after)
            pages.append([key.pk for key in page.keys])
            if page.older is None:
                return pages
            after = page.older


def expected(desk: Desk, question: Question) -> list[int]:
    """What a plain sort of everything gives."""
    field = {"booked": "created_at", "changed": "changed_at", "number": "delivery_number"}[question.sort]
    sign = "" if question.is_ascending else "-"
    states = question.filter.states if question.filter else tuple(D)
    with tenant_context(desk.tenant.id):
        found = Delivery.objects.filter(tenant=desk.tenant, state__in=states)
        return list(found.order_by(f"{sign}{field}", f"{sign}pk").values_list("pk", flat=True))


@pytest.mark.parametrize("state", ["", "work", "delivered"])
@pytest.mark.parametrize("order", [order.key for order in ORDERS])
def test_walking_the_pages_shows_each_delivery_once_in_order(desk: Desk, order: str, state: str) -> None:
    fill(desk, 70, states=(D.CLOSED, D.READY, D.DELIVERED, D.LABELLED, D.SKIPPED))
    question = Question.from_query({"sort": order, "state": state})

    pages = walked(desk, question)

    assert [key for page in pages for key in page] == expected(desk, question)
    assert {len(page) for page in pages[:-1]} <= {25}


@pytest.mark.parametrize("order", [order.key for order in ORDERS])
def test_going_back_shows_the_same_pages(desk: Desk, order: str) -> None:
    fill(desk, 80)
    question = Question.from_query({"sort": order})
    with tenant_context(desk.tenant.id):
        first = listing.slice_of(desk.tenant.id, question, after=None)
        second = listing.slice_of(desk.tenant.id, question, after=first.older)
        third = listing.slice_of(desk.tenant.id, question, after=second.older)
        back = listing.slice_of(desk.tenant.id, question, after=third.newer)
        front = listing.slice_of(desk.tenant.id, question, after=back.newer)

    assert (back.keys, front.keys) == (second.keys, first.keys)
    assert (first.newer, front.newer) == (None, None)


@pytest.mark.parametrize("mark", ["nonsense", "W10", "eyJhIjoxfQ", "WyJvbGRlciIsImNoYW5nZWQiLCIyMDI2IiwxXQ", "é"])
def test_a_mark_that_names_no_place_shows_the_first_page(desk: Desk, mark: str) -> None:
    fill(desk, 30)
    with tenant_context(desk.tenant.id):
        first = listing.slice_of(desk.tenant.id, Question(), after=None)

        assert listing.slice_of(desk.tenant.id, Question(), after=mark) == first


def test_days_are_those_of_the_companys_clock(desk: Desk) -> None:
    moment = timezone.now().replace(year=2026, month=7, day=1, hour=22, minute=30)
    delivery = scene.make_delivery(desk, created_at=moment)
    with tenant_context(desk.tenant.id), timezone.override("Europe/Amsterdam"):
        keys = [
            [key.pk for key in listing.slice_of(desk.tenant.id, question, after=None).keys]
            for question in (
                Question.from_query({"from": "2026-07-02", "to": "2026-07-02"}),
                Question.from_query({"from": "2026-07-01", "to": "2026-07-01"}),
            )
        ]

    assert keys == [[delivery.pk], []]


def test_of_too_many_the_newest_alone_are_put_in_another_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_SORTED", 10)
    fill(desk, 12)
    question = Question.from_query({"sort": "number", "state": "delivered"})
    with tenant_context(desk.tenant.id):
        found = listing.slice_of(desk.tenant.id, question, after=None)
        newest = listing.slice_of(desk.tenant.id, Question(), after=None)

    assert found.is_cut
    assert {key.pk for key in found.keys} == {key.pk for key in newest.keys[:10]}


def test_the_first_page_and_one_far_back_read_as_little(desk: Desk) -> None:
    fill(desk, MANY, states=(D.CLOSED, D.CLOSED, D.CLOSED, D.DELIVERED))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("ANALYZE syncjobs_delivery")
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")
    queries = [{"sort": order.key, "state": ""} for order in ORDERS]
    queries += [{"state": one.key} for one in FILTERS]
    queries += [{"warehouse": "1"}, {"warehouse": "9"}, {"warehouse": "9", "state": "delivered"}]
    read: dict[str, int] = {}
    for query in queries:
        question = Question.from_query(query)
        for after in (None, _far_back(desk, question)):
            read[f"{query} {after}"] = _rows_read(desk, question, after)

    assert {what: count for what, count in read.items() if count > 12 * 26} == {}


def _far_back(desk: Desk, question: Question) -> str:
    with tenant_context(desk.tenant.id):
        delivery = Delivery.objects.filter(tenant=desk.tenant).order_by("created_at")[MANY // 10]
        key = listing.Key(*(getattr(delivery, name) for name in listing.Key._fields))
    return listing._write("older", key, question.sort)


def _rows_read(desk: Desk, question: Question, after: str | None) -> int:
    """How many rows the database touched for it, those it threw away included."""
    with tenant_context(desk.tenant.id), CaptureQueriesContext(connection) as caught:
        listing.slice_of(desk.tenant.id, question, after=after)
        plans = []
        for query in list(caught):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
                plans.append(cursor.fetchone()[0][0]["Plan"])
    return sum(_touched(plan) for plan in plans)


def _touched(plan: dict[str, object]) -> int:
    inner = plan.get("Plans", [])
    assert isinstance(inner, list)
    if inner:
        return sum(_touched(part) for part in inner)
    counts = (plan.get("Actual Rows", 0), plan.get("Rows Removed by Filter", 0))
    return sum(int(float(str(count))) for count in counts) * int(str(plan.get("Actual Loops", 1)))


def test_another_company_is_not_listed(desk: Desk) -> None:
    other = rows.make_connection(factories.make_tenant("Ander Bedrijf BV"), division=654321)
    rows.make_delivery(other)

    assert walked(desk, Question()) == [[]]
