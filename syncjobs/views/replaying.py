"""Running many deliveries again: what would become of each is shown first, then those that would go on are run."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from connector_site.lib.wording import local
from syncjobs import replay
from syncjobs.actions import previewing
from syncjobs.actions.previewing import PreviewShown
from syncjobs.models import Preview
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def replay_many(request: HttpRequest, access: Access) -> HttpResponse:
    """POST with deliveries has a worker look at them; POST with a batch runs those again that would go on."""
    if request.method == "POST":
        batch = _code(request.POST.get("batch", ""))
        return _run(request, access, batch) if batch else _ask(request, access)
    batch = _code(request.GET.get("batch", ""))
    with inside(access):
        rows = previewing.shown(access.tenant_id, batch, at=timezone.now()) if batch else []
        mark = str(sum(not row.is_under_way for row in rows))
        is_part = request.headers.get("HX-Request") == "true"
        if is_part and request.GET.get("seen") == mark:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        context = {
            "access": access,
            "section": "deliveries",
            "batch": batch,
            "rows": rows,
            "mark": mark,
            "is_under_way": any(row.is_under_way for row in rows),
            "going": len(_going(rows)),
            "may_act": access.allows(Role.OPERATOR),
        }
        return render(request, f"syncjobs/actions/{'_many' if is_part else 'replay_many'}.html", context)


def _ask(request: HttpRequest, access: Access) -> HttpResponse:
    """Have a worker look at what was chosen, the first fifty."""
    found = [_code(text) for text in request.POST.getlist("delivery")]
    codes = [code for code in found if code is not None]
    if not codes:
        messages.warning(request, _("Choose at least one delivery."))
        return redirect("syncjobs:deliveries", access.tenant_code)
    if len(codes) > previewing.MOST_AT_ONCE:
        text = _("Of those that you chose the first {count} are shown; run the others again afterwards.")
        messages.info(request, text.format(count=previewing.MOST_AT_ONCE))
    batch = previewing.ask(
        actor=actor_of(signed_in(request)),
        tenant_id=access.tenant_id,
        delivery_codes=codes[: previewing.MOST_AT_ONCE],
        action=Preview.Action.REPLAY,
        at=timezone.now(),
    )
    return redirect(f"{reverse('syncjobs:replay_many', args=[access.tenant_code])}?batch={batch}")


def _run(request: HttpRequest, access: Access, batch: uuid.UUID) -> HttpResponse:
    """Run those again that would go on; each is judged once more as it stands now."""
    with inside(access):
        going = _going(previewing.shown(access.tenant_id, batch, at=timezone.now()))
    codes = [row.delivery.code for row in going]
    ran = replay.replay_many(
        actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, delivery_codes=codes, at=timezone.now()
    )
    done = sum(not one.why_not for one in ran)
    text = ngettext("{count} delivery is run again.", "{count} deliveries are run again.", done)
    messages.success(request, text.format(count=done))
    for one in ran:
        if one.why_not:
            text = _("Delivery {number} was not run again: {reason}")
            messages.warning(request, text.format(number=one.number, reason=local(one.why_not)))
    return redirect("syncjobs:deliveries", access.tenant_code)


def _going(rows: list[PreviewShown]) -> list[PreviewShown]:
    return [row for row in rows if row.look is not None and row.look.goes_on]


def _code(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
