"""Personal data: how long it is kept, erasing a receiver, and taking a copy of everything."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import local
from syncjobs.forms.personal import ChosenForm, PeriodsForm, SearchForm
from syncjobs.personal import erasure, exporting, retention
from tenants.access import Access
from tenants.download_pace import of_many
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER, fresh_change=True)
def personal(request: HttpRequest, access: Access) -> HttpResponse:
    """The periods, the copies, and the ways to erase and to close."""
    with inside(access) as tenant:
        form = PeriodsForm(
            request.POST if request.method == "POST" else None,
            initial={limit.field: getattr(tenant, limit.field) for limit in retention.LIMITS},
            is_locked=not access.allows(Role.MANAGER),
        )
        if request.method == "POST" and form.is_valid():
            with acting(actor_of(signed_in(request))):
                changed = retention.change_periods(tenant, form.cleaned_data)
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return redirect("syncjobs:personal", access.tenant_code)
        context = {
            "access": access,
            "section": "personal",
            "form": form,
            "copies": list(exporting.finished(access.tenant_id, at=timezone.now())),
            "is_being_made": exporting.under_way(access.tenant_id) is not None,
            "has_failed": exporting.has_failed(access.tenant_id),
            "copy_days": exporting.KEPT_FOR.days,
            "dry_run_days": retention.DRY_RUN_DAYS,
            "may_change": access.allows(Role.MANAGER),
            "may_close": access.allows(Role.OWNER),
        }
        return render(request, "syncjobs/personal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER, fresh=True)
def erase(request: HttpRequest, access: Access) -> HttpResponse:
    """Look for a receiver, see what would go, then erase it for good. Nothing of it stands in an address."""
    step = request.POST.get("step", "")
    if step == "look":
        return _look(request, access)
    if step == "confirm":
        return _erased(request, access)
    return _search(request, access)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def export(request: HttpRequest, access: Access) -> HttpResponse:
    """Have a copy of everything made."""
    user = signed_in(request)
    try:
        with inside(access), acting(actor_of(user)):
            asked = exporting.ask(access.tenant_id, asked_by=user.code, at=timezone.now())
            _tell(access, asked.code, "copy asked for")
    except exporting.NotMade as refused:
        messages.error(request, local(str(refused)))
        return redirect("syncjobs:personal", access.tenant_code)
    messages.success(request, _("The copy is being made. Reload this page in a minute."))
    return redirect("syncjobs:personal", access.tenant_code)


@require_safe
@members_only(Role.MANAGER, fresh=True)
@of_many
def export_file(request: HttpRequest, access: Access, export_code: uuid.UUID) -> HttpResponseBase:
    """The copy as one archive."""
    with inside(access), acting(actor_of(signed_in(request))):
        found = exporting.finished(access.tenant_id, at=timezone.now()).filter(code=export_code).first()
        if found is None or found.finished_at is None:
            raise Http404("There is no such copy, or it was deleted after a week.")
        _tell(access, found.code, "copy taken")
        name = f"{slugify(access.tenant_name) or 'copy'}-{found.finished_at:%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    content = exporting.archive(found, access.tenant_id)
    return StreamingHttpResponse(content, content_type="application/zip", headers=headers)


def _tell(access: Access, code: uuid.UUID, what: str) -> None:
    event = Happening(kind=Event.Kind.ASKED, subject_kind="export", subject=code, details={"what": what})
    happenings(access.tenant_id, [event])


def _search(request: HttpRequest, access: Access, *, problem: str = "") -> HttpResponse:
    form = SearchForm(request.POST if "asked" in request.POST else None)
    context: dict[str, object] = {"access": access, "section": "personal", "form": form, "problem": problem}
    with inside(access):
        if form.is_bound and form.is_valid():
            found = erasure.find(access.tenant_id, form.cleaned_data["asked"])
            context |= {
                "found": found[: erasure.SHOWN_AT_ONCE],
                "has_more": len(found) > erasure.SHOWN_AT_ONCE,
                "shown": erasure.SHOWN_AT_ONCE,
                "was_asked": True,
                "any_erasable": any(not one.why_not for one in found),
            }
        status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
        return render(request, "syncjobs/personal_erase.html", context, status=status)


def _look(request: HttpRequest, access: Access) -> HttpResponse:
    form = ChosenForm(request.POST)
    codes = form.cleaned_data["delivery"] if form.is_valid() else []
    try:
        with inside(access):
            counts = erasure.what_goes(access.tenant_id, codes)
    except erasure.NotErasable as refused:
        return _search(request, access, problem=local(str(refused)))
    context = {"access": access, "section": "personal", "counts": counts, "codes": codes}
    return render(request, "syncjobs/personal_confirm.html", context)


def _erased(request: HttpRequest, access: Access) -> HttpResponse:
    form = ChosenForm(request.POST)
    codes = form.cleaned_data["delivery"] if form.is_valid() else []
    try:
        with inside(access), acting(actor_of(signed_in(request))):
            counts = erasure.erase(access.tenant_id, codes, at=timezone.now())
    except erasure.NotErasable as refused:
        return _search(request, access, problem=local(str(refused)))
    text = ngettext(
        "Who {count} delivery went to is erased.", "Who {count} deliveries went to is erased.", counts.deliveries
    )
    messages.success(request, text.format(count=counts.deliveries))
    return redirect("syncjobs:personal", access.tenant_code)
