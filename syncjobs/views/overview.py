"""The page a company starts with: today, the last weeks, what waits, and whether all is well."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from syncjobs.attention.kinds import Kind
from syncjobs.figures import charts, overview_health
from syncjobs.figures import overview as glance
from syncjobs.setup.first_steps import first_steps
from tenants.access import Access
from tenants.gate import inside, members_only
from tenants.models import Role


@require_safe
@members_only(Role.VIEWER)
def overview(request: HttpRequest, access: Access) -> HttpResponse:
    """Everything at a glance. An open page asks for its part again and again: 204 while nothing has changed."""
    at = timezone.now()
    is_part = request.headers.get("HX-Request") == "true"
    with inside(access):
        mark = f"{glance.mark_of(access.tenant_id, at=at)}-{int(access.is_live)}{int(access.is_paused)}"
        if is_part and request.GET.get("seen") == mark:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        context = _context(access, at) | {"mark": mark, "is_part": is_part}
        return render(request, f"syncjobs/{'_overview' if is_part else 'overview'}.html", context)


def _context(access: Access, at: datetime) -> dict[str, Any]:
    seen = glance.glance_of(access.tenant_id, user_id=access.user_id, at=at)
    context: dict[str, Any] = {
        "access": access,
        "section": "overview",
        "at": at,
        "waiting": seen.waiting,
        "in_trouble": seen.in_trouble,
        "trouble": Kind.EXCEPTION,
        "latest": seen.latest,
        "may_pause": access.allows(Role.OPERATOR),
    }
    if not access.is_live:
        return context | {"progress": first_steps(access.tenant_id)}
    context["health"] = overview_health.health_of(access.tenant_id, at=at)
    if not seen.latest:
        return context
    days = glance.days_of(access.tenant_id, timezone.localdate(at))
    return context | {"today": glance.today_of(access.tenant_id, at=at)} | _weeks(days)


def _weeks(days: tuple[glance.DayShown, ...]) -> dict[str, Any]:
    """The days with their pictures, and their sums."""
    bars = charts.bars([day.shipments for day in days], [day.delivered for day in days])
    promised, on_time = sum(day.promised for day in days), sum(day.on_time for day in days)
    return {
        "days": days,
        "bars": bars,
        "columns": list(zip(days, bars.columns, strict=True)),
        "line": charts.line([day.on_time_share for day in days]),
        "middle": days[len(days) // 2].day,
        "sums": glance.DayShown(
            day=days[0].day,
            shipments=sum(day.shipments for day in days),
            delivered=sum(day.delivered for day in days),
            exceptions=sum(day.exceptions for day in days),
            promised=promised,
            on_time=on_time,
        ),
    }
