"""The comparison of Exact, UPS and us: its report, the button that compares now, one-click repairs, and dismissing."""

import uuid
from datetime import datetime
from typing import Protocol

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from exact.models import Connection
from syncjobs.models import Finding
from syncjobs.reconciling import asking, repairs
from syncjobs.reconciling.exact_side import LOOKS_BACK
from syncjobs.reconciling.report import report_of
from syncjobs.setup import rule_book
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@require_safe
@members_only(Role.VIEWER)
def reconciliation(request: HttpRequest, access: Access) -> HttpResponse:
    """What agrees, what does not, and what to do about it."""
    with inside(access):
        connection = rule_book.live_connection(access.tenant_id)
        possible_at = asking.next_possible_at(connection) if connection else None
        context = {
            "access": access,
            "section": "reconciliation",
            "connection": connection,
            "report": report_of(connection) if connection else None,
            "possible_at": possible_at if possible_at and possible_at > timezone.now() else None,
            "days": LOOKS_BACK.days,
            "may_repair": access.allows(Role.OPERATOR),
            "may_dismiss": access.allows(Role.MANAGER),
        }
        return render(request, "syncjobs/reconciliation.html", context)


@require_POST
@members_only(Role.OPERATOR)
def now(request: HttpRequest, access: Access) -> HttpResponse:
    """Compare now: once an hour, and once more after a repair."""
    actor = actor_of(signed_in(request))
    with inside(access):
        connection = rule_book.live_connection(access.tenant_id)
    if connection is None:
        raise Http404("No company is connected.")
    try:
        asking.ask(actor=actor, tenant_id=access.tenant_id, connection_code=connection.code, at=timezone.now())
    except asking.TooSoon as refused:
        messages.warning(request, str(refused))
    except Connection.DoesNotExist as gone:
        raise Http404("The company is no longer connected.") from gone
    else:
        messages.success(
            request, _("Exact Online, UPS and our own records are being compared; it takes a minute or two.")
        )
    return redirect("syncjobs:reconciliation", access.tenant_code)


@require_POST
@members_only(Role.OPERATOR)
def repair(request: HttpRequest, access: Access, finding_code: uuid.UUID) -> HttpResponse:
    """Make the safe repair of a finding."""
    done = _("It is being put right; the next comparison shows whether that was enough.")
    return _deal_with(request, access, finding_code, repairs.repair, done)


@require_POST
@members_only(Role.MANAGER)
def dismiss(request: HttpRequest, access: Access, finding_code: uuid.UUID) -> HttpResponse:
    """Put a finding away that needs nothing."""
    done = _("Dismissed. It comes back only if something about it changes.")
    return _deal_with(request, access, finding_code, repairs.dismiss, done)


class _Dealing(Protocol):
    """What may be done about a finding."""

    def __call__(self, *, actor: str, tenant_id: uuid.UUID, finding_code: uuid.UUID, at: datetime) -> None: ...


def _deal_with(
    request: HttpRequest, access: Access, finding_code: uuid.UUID, deal: _Dealing, done: str
) -> HttpResponse:
    actor = actor_of(signed_in(request))
    try:
        deal(actor=actor, tenant_id=access.tenant_id, finding_code=finding_code, at=timezone.now())
    except repairs.NoLongerTrue as refused:
        messages.warning(request, str(refused))
    except Finding.DoesNotExist as gone:
        raise Http404("No such finding.") from gone
    else:
        messages.success(request, done)
    return redirect("syncjobs:reconciliation", access.tenant_code)
