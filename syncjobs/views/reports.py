"""What was shipped over longer times, as pictures, tables and a file."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from syncjobs.figures import charts
from syncjobs.figures.files import as_csv
from syncjobs.figures.reports import Line, Report, detailed, report_of
from syncjobs.forms.reports import PeriodForm
from tenants.access import Access
from tenants.download_pace import at_a_pace
from tenants.gate import inside, members_only
from tenants.models import Role

LANES_SHOWN = 50
CURRENCIES_DRAWN = 3
"""Charts beside each other; the tables have all of them."""


@require_safe
@members_only(Role.VIEWER)
def reports(request: HttpRequest, access: Access) -> HttpResponse:
    """Volume, cost, punctuality and speed of a period."""
    form = PeriodForm(request.GET or None)
    with inside(access):
        report = report_of(access.tenant_id, form.chosen(timezone.localdate()))
        context = {
            "access": access,
            "section": "reports",
            "form": form,
            "report": report,
            "lanes": report.lanes[:LANES_SHOWN],
            "lanes_left_out": max(0, len(report.lanes) - LANES_SHOWN),
            "classes": _classes(report.total),
            "query": request.GET.urlencode(),
        }
        return render(request, "syncjobs/reports.html", context | _pictures(report))


@require_safe
@members_only(Role.VIEWER)
@at_a_pace
def reports_csv(request: HttpRequest, access: Access) -> HttpResponse:
    """The same figures for a spreadsheet."""
    with inside(access):
        period = PeriodForm(request.GET).chosen(timezone.localdate())
        made = as_csv(detailed(access.tenant_id, period))
    name = f"shipments-{period.first}-{period.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(made, content_type="text/csv; charset=utf-8", headers=headers)


def _pictures(report: Report) -> dict[str, Any]:
    lines = [line for _start, line in report.by_time]
    bars = charts.bars([line.shipments for line in lines], [line.delivered for line in lines])
    starts = [start for start, _line in report.by_time]
    return {
        "bars": bars,
        "columns": list(zip(report.by_time, bars.columns, strict=True)),
        "line": charts.line([line.on_time_share for line in lines]),
        "middle": starts[len(starts) // 2],
        "last": starts[-1],
        "costs": [_cost(report, cost.currency) for cost in report.total.costs[:CURRENCIES_DRAWN]],
        "has_quotes": any(cost.quoted_shipments for cost in report.total.costs),
    }


def _cost(report: Report, currency: str) -> tuple[str, charts.Bars, list[tuple[date, Decimal, charts.Column]]]:
    """One currency's charges over time."""
    charged = [_charged(line, currency) for _start, line in report.by_time]
    bars = charts.bars(charged)
    starts = (start for start, _line in report.by_time)
    return currency, bars, list(zip(starts, charged, bars.columns, strict=True))


def _charged(line: Line, currency: str) -> Decimal:
    return sum((cost.charged for cost in line.costs if cost.currency == currency), Decimal(0))


def _classes(total: Line) -> list[tuple[str, int, Decimal]]:
    """How soon the labels were there, in words, with the share of each class."""
    words = (
        _("Within 10 seconds"),
        _("10 seconds to a minute"),
        _("A minute to an hour"),
        _("An hour to a day"),
        _("Longer than a day"),
    )
    timed = sum(total.classes)
    return [
        (word, count, charts.share_of(count, timed) or Decimal(0))
        for word, count in zip(words, total.classes, strict=True)
    ]
