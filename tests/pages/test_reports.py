"""Reports: what they add up, for which period, and the file."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from syncjobs.figures import days as figures
from syncjobs.figures import files
from syncjobs.figures.reports import Lane, Line, Period, Step, report_of
from syncjobs.forms.reports import PeriodForm
from syncjobs.models import DayFigures
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.syncjobs.figure_scene import arrive, make_shipment

pytestmark = pytest.mark.django_db
NOT_OF_A_TABLE = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SELECT current_setting")
MAY = {"period": "own", "first": "2026-05-01", "last": "2026-05-31", "step": "week"}
NOON = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture
def shipped(desk: Desk) -> Desk:
    """Two to Germany in May, one of them quoted and late; one to France in pounds, a week later."""
    quoted = make_shipment(desk.connection, desk.account, at=NOON, quote="9.00")
    arrive(quoted, at=NOON + timedelta(days=3), promised=date(2026, 5, 5), exception=True)
    make_shipment(desk.connection, desk.account, at=NOON, charge="1990.50", parcels=2)
    make_shipment(desk.connection, desk.account, at=NOON + timedelta(days=7), country="FR", charge=None)
    with tenant_context(desk.tenant.id):
        figures.count_days(desk.tenant.id, [date(2026, 5, 4), date(2026, 5, 11)], at=NOON)
        DayFigures.objects.filter(country="FR").update(currency="GBP", charged_amount=Decimal(8))
    return desk


def address(desk: Desk, name: str = "reports") -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code])


def text(client: Client, page: str, query: dict[str, str]) -> str:
    return " ".join(client.get(page, query).content.decode().split())


def test_a_period_is_added_up_by_time_and_by_service_and_country(shipped: Desk) -> None:
    period = Period(first=date(2026, 5, 1), last=date(2026, 5, 31), step=Step.WEEK)

    with tenant_context(shipped.tenant.id):
        report = report_of(shipped.tenant.id, period)

    assert [(start, line.shipments) for start, line in report.by_time] == [
        (date(2026, 4, 27), 0),
        (date(2026, 5, 4), 2),
        (date(2026, 5, 11), 1),
        (date(2026, 5, 18), 0),
        (date(2026, 5, 25), 0),
    ]
    assert [(lane.service, lane.country, lane.line.parcels) for lane in report.lanes] == [
        ("UPS Standard", "DE", 3),
        ("UPS Standard", "FR", 1),
    ]
    assert [(cost.currency, cost.charged) for cost in report.total.costs] == [
        ("EUR", Decimal("2000.50")),
        ("GBP", Decimal("8.00")),
    ]
    assert report.total.costs[0].difference == Decimal("1.00")
    assert report.total.label_average == Decimal(4)
    assert report.total.classes == (3, 0, 0, 0, 0)


def test_the_page_tells_it_with_units_and_never_over_currencies(cast: Cast, shipped: Desk, as_user: SignIn) -> None:
    page = text(as_user(cast.viewer), address(shipped), MAY)

    assert "Shipments made from 1 May 2026 to 31 May 2026" in page
    assert "2,000.50 EUR" in page
    assert "8.00 GBP" in page
    assert "2,008.50" not in page
    assert "Only shipments of which a person was shown a price before" in page
    assert 'class="btn" href="' + address(shipped, "reports_csv") in page


def test_the_table_begins_with_the_newest(cast: Cast, shipped: Desk, as_user: SignIn) -> None:
    page = text(as_user(cast.viewer), address(shipped), MAY)

    table = page.partition('id="times-title"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    starts = re.findall(r'<th scope="row">Week of (\d+ \w+) 2026\s*</th>', table)
    assert starts == ["25 May", "18 May", "11 May", "4 May", "27 Apr"]


def test_a_company_sees_its_own_figures_only(cast: Cast, shipped: Desk, as_user: SignIn) -> None:
    other = reverse("syncjobs:reports", args=[cast.other_tenant.code])

    page = text(as_user(cast.outsider), other, MAY)

    assert "Nothing was shipped in this period" in page
    assert "Download as CSV" not in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"period": "own", "first": "2026-05-31", "last": "2026-05-01"}, "This day is before the first one."),
        ({"period": "own", "first": "2026-05-31"}, "Enter both days."),
        ({"period": "own", "first": "2020-05-31", "last": "2026-05-01"}, "Choose two years at most."),
        ({"period": "own", "first": "no day", "last": "2026-05-01"}, "Enter a valid date."),
        ({"period": "nonsense"}, "Select a valid choice."),
    ],
)
def test_a_period_that_is_none_is_told(
    query: dict[str, str], words: str, cast: Cast, shipped: Desk, as_user: SignIn
) -> None:
    answer = as_user(cast.viewer).get(address(shipped), query)

    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_the_file_has_every_line_with_plain_numbers(cast: Cast, shipped: Desk, as_user: SignIn) -> None:
    answer = as_user(cast.viewer).get(address(shipped, "reports_csv"), MAY)

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert answer["Content-Disposition"] == 'attachment; filename="shipments-2026-05-01-2026-05-31.csv"'
    assert rows[0] == list(files.HEADINGS)
    assert [" ".join(row) for row in rows[1:]] == [
        "2026-05-04 UPS Standard DE EUR 2 3 1 1 1 0 4.0 2 2000.50 1 9.00 10.00",
        "2026-05-11 UPS Standard FR GBP 1 1 0 0 0 0 4.0 1 8.00 0  ",
    ]


def test_no_cell_of_the_file_is_a_formula() -> None:
    row = (date(2026, 5, 4), Lane(service="=cmd()", country="+1", line=Line(shipments=1)))

    made = files.as_csv([row]).decode("utf-8-sig").splitlines()[1]

    assert made.startswith('"2026-05-04";"\'=cmd()";"\'+1";')


@pytest.mark.parametrize(
    ("chosen", "first", "last"),
    [
        ("", date(2026, 3, 1), date(2026, 3, 9)),
        ("last_month", date(2026, 2, 1), date(2026, 2, 28)),
        ("year", date(2025, 4, 1), date(2026, 3, 9)),
    ],
)
def test_periods_end_today_or_with_a_month(chosen: str, first: date, last: date) -> None:
    period = PeriodForm(QueryDict(f"period={chosen}")).chosen(date(2026, 3, 9))

    assert (period.first, period.last) == (first, last)


@pytest.mark.parametrize(("days", "step"), [(31, Step.DAY), (32, Step.WEEK), (184, Step.WEEK), (185, Step.MONTH)])
def test_steps_fit_the_period(days: int, step: Step) -> None:
    first = date(2026, 1, 1)

    assert Step.fit(first, first + timedelta(days=days - 1)) == step


def test_it_takes_twelve_statements_at_most(cast: Cast, shipped: Desk, as_user: SignIn) -> None:
    client = as_user(cast.viewer)
    client.get(address(shipped), MAY)

    with CaptureQueriesContext(connection) as found:
        client.get(address(shipped), MAY)

    statements = [one["sql"] for one in found if not one["sql"].lstrip().startswith(NOT_OF_A_TABLE)]
    assert len(statements) <= 12, "\n".join(statements)
