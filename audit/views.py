"""The audit trail: looking through it, having it checked, and taking it along."""

import uuid
from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import checking, exporting
from audit.forms import ITSELF, OUR_TEAM, ExportForm, TrailForm
from audit.models import Event
from audit.record import Happening, acting, happenings
from audit.trail import Question, find_page
from connector_site.lib.references import new_code
from syncjobs import audit_checks, telling
from syncjobs.models import Delivery
from syncjobs.trail_words import AREAS
from tenants.access import Access
from tenants.download_pace import WHOLE, counted_as
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

SUBJECTS_AT_ONCE = 20
"""Deliveries that one number may name: a return has the number of what it returns."""
_NOBODY = uuid.UUID(int=0)
"""The subject of nothing, so that a number which no delivery has finds nothing."""


@require_safe
@members_only(Role.MANAGER)
def trail(request: HttpRequest, access: Access) -> HttpResponse:
    """Newest first, a page at a time. An open page asks for the state of the check: 204 while it is not done."""
    if request.headers.get("HX-Request") == "true":
        return _check_part(request, access)
    with inside(access):
        members = telling.members_of(access.tenant_id)
        form = TrailForm(request.GET, members=members)
        chosen = form.cleaned_data if form.is_valid() else {}
        question = _question(access.tenant_id, chosen)
        page = find_page(access.tenant_id, question, before=chosen.get("before"), after=chosen.get("after"))
        context = {
            "access": access,
            "section": "audit",
            "form": form,
            "page": page,
            "events": telling.tell(access.tenant_id, page.events, members=members),
            "is_filtered": question != Question(),
            "is_first": chosen.get("before") is None and chosen.get("after") is None,
            "kept": _kept(request),
            **_check_context(access),
        }
        status = HTTPStatus.OK if form.is_valid() else HTTPStatus.BAD_REQUEST
        return render(request, "audit/trail.html", context, status=status)


@require_POST
@members_only(Role.MANAGER)
def check(request: HttpRequest, access: Access) -> HttpResponse:
    """Have the whole trail checked now."""
    audit_checks.ask(actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, at=timezone.now())
    messages.success(request, _("The trail is being checked; the result appears here by itself."))
    return redirect("audit:trail", access.tenant_code)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER, fresh=True)
@counted_as(lambda request: WHOLE if request.method == "POST" else 1)
def export(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Choose a time, then take its events along as a file that anybody can verify."""
    with inside(access):
        form = ExportForm(request.POST if request.method == "POST" else None)
        if request.method != "POST" or not form.is_valid():
            context = {"access": access, "section": "audit", "form": form}
            return render(request, "audit/export.html", context)
        since, until = form.cleaned_data["since"], form.cleaned_data["until"]
        with acting(actor_of(signed_in(request))):
            _tell_of_export(access.tenant_id, since, until)
        day = timezone.localdate()
    name = f"{slugify(access.tenant_name) or 'company'}-audit-{day:%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    content = exporting.archive(access.tenant_id, from_at=since, until_at=until)
    return StreamingHttpResponse(content, content_type="application/zip", headers=headers)


def _tell_of_export(tenant_id: uuid.UUID, since: datetime | None, until: datetime | None) -> None:
    asked = {"from": since, "until": until}
    details = {"what": "export of the trail", **{name: at.isoformat() for name, at in asked.items() if at is not None}}
    event = Happening(kind=Event.Kind.ASKED, subject_kind="audit_export", subject=new_code(), details=details)
    happenings(tenant_id, [event])


def _check_part(request: HttpRequest, access: Access) -> HttpResponse:
    with inside(access):
        context = _check_context(access)
        if context["is_checking"]:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        return render(request, "audit/_check.html", {"access": access, **context})


def _check_context(access: Access) -> dict[str, object]:
    checks = checking.last_two(access.tenant_id, at=timezone.now())
    return {"check": checks.finished, "is_checking": checks.unfinished is not None}


def _question(tenant_id: uuid.UUID, chosen: dict[str, object]) -> Question:
    """The form's answers as the trail takes them."""
    about = str(chosen.get("about") or "").strip()
    area = AREAS.get(str(chosen.get("area") or ""))
    chain, since, until = chosen.get("chain"), chosen.get("since"), chosen.get("until")
    return Question(
        subjects=_subjects(tenant_id, about) if about else (),
        subject_kinds=area[1] if area else (),
        correlation=chain if isinstance(chain, uuid.UUID) else None,
        actors=_actors(str(chosen.get("who") or "")),
        kind=str(chosen.get("kind") or ""),
        from_at=since if isinstance(since, datetime) else None,
        until_at=until if isinstance(until, datetime) else None,
    )


def _subjects(tenant_id: uuid.UUID, about: str) -> tuple[uuid.UUID, ...]:
    """What a code, or the number of a delivery, stands for."""
    try:
        return (uuid.UUID(about),)
    except ValueError:
        found = Delivery.objects.filter(tenant_id=tenant_id, delivery_number=about).values_list("code", flat=True)
        return tuple(found[:SUBJECTS_AT_ONCE]) or (_NOBODY,)


def _actors(who: str) -> tuple[str, ...]:
    if who == ITSELF:
        return telling.BY_ITSELF
    if who == OUR_TEAM:
        return telling.team_actors() or (OUR_TEAM,)
    return (who,) if who else ()


def _kept(request: HttpRequest) -> str:
    """The question as an address, for the pages before and after."""
    asked = request.GET.copy()
    for name in ("before", "after"):
        asked.pop(name, None)
    return "".join(f"{part}&" for part in [asked.urlencode()] if part)
