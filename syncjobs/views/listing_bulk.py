"""What is done with many deliveries of the list at once: actions, labels, a replay, a file."""

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from audit.models import Event
from audit.record import Happening, acting, happenings
from syncjobs.actions.doing import Action
from syncjobs.listing import bulk as many
from syncjobs.listing import files, pages
from syncjobs.listing.files import Kind
from syncjobs.models import Delivery
from syncjobs.views.listing import asked_of, list_address
from tenants.access import Access
from tenants.download_pace import of_many
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

_PAGES = {"print": "syncjobs:print_labels", "replay": "syncjobs:replay_many"}
"""Acts with a page of their own, which takes the same form."""


@require_POST
@members_only(Role.OPERATOR)
def bulk(request: HttpRequest, access: Access) -> HttpResponse:
    """Do it for each that was chosen, and say with which nothing was done and why; what ends them is asked first."""
    act = request.POST.get("act", "")
    codes = _codes(request.POST.getlist("delivery"))
    back = list_address(access, asked_of(request))
    if act not in _PAGES and not many.may_be_done(act):
        return HttpResponseBadRequest()
    if not codes:
        messages.warning(request, _("Choose at least one delivery first."))
        return redirect(back)
    if act in _PAGES:
        return redirect(_PAGES[act], access.tenant_code, preserve_request=True)
    numbers = many.numbers_of(access.tenant_id, codes)
    context = {"access": access, "section": "deliveries", "act": act, "back": back, "numbers": numbers}
    context["question"] = request.POST.get("question", "")
    if act == Action.CANCEL and "is_confirmed" not in request.POST:
        return render(request, "syncjobs/bulk_confirm.html", context)
    actor, at = actor_of(signed_in(request)), timezone.now()
    seen = _seen(request.POST.getlist("seen"))
    outcome = many.carry_out(Action(act), numbers, actor=actor, tenant_id=access.tenant_id, at=at, seen=seen)
    if outcome.refused or act == Action.SHIP_NOW:
        return render(request, "syncjobs/bulk_done.html", context | {"outcome": outcome})
    messages.success(request, _done(act, len(outcome.done)))
    return redirect(back)


@require_POST
@members_only(Role.VIEWER)
@of_many
def list_file(request: HttpRequest, access: Access) -> HttpResponse:
    """A file of those that were chosen, or of all that the list's question finds; the audit trail says who took it."""
    if request.POST.get("kind") not in list(Kind):
        return HttpResponseBadRequest()
    kind, question = Kind(request.POST["kind"]), asked_of(request)
    codes = [] if "whole" in request.POST else _codes(request.POST.getlist("delivery"))
    if not codes and "whole" not in request.POST:
        messages.warning(request, _("Choose at least one delivery first."))
        return redirect(list_address(access, question))
    with acting(actor_of(signed_in(request))), inside(access):
        if codes:
            found = Delivery.objects.filter(tenant_id=access.tenant_id, code__in=codes)
            keys = list(found.order_by("-created_at", "-pk").values_list("pk", flat=True))
        else:
            keys, _is_cut = pages.all_keys(access.tenant_id, question, most=files.MOST_ROWS)
        content = files.as_file(access.tenant_id, keys, kind)
        details = {"what": "list of deliveries", "kind": kind, "deliveries": len(keys)}
        taken = Happening(kind=Event.Kind.ASKED, subject_kind="tenant", subject=access.tenant_code, details=details)
        name = f"deliveries-{timezone.localdate():%Y-%m-%d}.{kind}"
        happenings(access.tenant_id, [taken])
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=files.CONTENT_TYPES[kind], headers=headers)


def _codes(sent: Sequence[str]) -> list[uuid.UUID]:
    """Each once, no more than are done at once; what is no code is none."""
    found: dict[uuid.UUID, None] = {}
    for text in sent[: many.MOST_AT_ONCE]:
        try:
            found[uuid.UUID(text)] = None
        except ValueError:
            continue
    return list(found)


def _seen(sent: Sequence[str]) -> dict[uuid.UUID, str]:
    """The fingerprints that stood in the list beside the deliveries that wait for approval."""
    pairs = [text.partition(":") for text in sent[: many.MOST_AT_ONCE]]
    codes = {str(code): code for code in _codes([pair[0] for pair in pairs])}
    return {codes[code]: content for code, _colon, content in pairs if code in codes}


def _done(act: str, count: int) -> str:
    if act == Action.HOLD:
        words = ngettext("{count} delivery is stopped.", "{count} deliveries are stopped.", count)
    else:
        words = ngettext("{count} delivery is cancelled.", "{count} deliveries are cancelled.", count)
    return words.format(count=count)
