"""Closing a company for good, in two steps."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from connector_site.lib.wording import local
from syncjobs.forms.personal import CloseForm
from syncjobs.personal import closing, exporting
from tenants import mails
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.OWNER, fresh=True)
def close(request: HttpRequest, access: Access) -> HttpResponse:
    """First what ends, with the company's name to be typed; then the last question."""
    with inside(access) as tenant:
        ends = closing.what_ends(access.tenant_id, at=timezone.now())
        is_being_made = exporting.under_way(access.tenant_id) is not None
    form = CloseForm(request.POST if request.method == "POST" else None, name=tenant.name, has_copy=ends.has_copy)
    context = {
        "access": access,
        "section": "personal",
        "form": form,
        "ends": ends,
        "name": tenant.name,
        "is_being_made": is_being_made,
        "problem": "",
    }
    if request.method != "POST" or not form.is_valid() or request.POST.get("step") not in {"check", "confirm"}:
        return render(request, "syncjobs/close.html", context)
    if request.POST["step"] == "check":
        return render(request, "syncjobs/close_confirm.html", context)
    try:
        addresses = closing.close(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            needs_no_copy=form.cleaned_data.get("needs_no_copy", False),
            at=timezone.now(),
        )
    except closing.NotClosable as refused:
        context["problem"] = local(str(refused))
        return render(request, "syncjobs/close.html", context, status=HTTPStatus.CONFLICT)
    _say_so(addresses, company=tenant.name, by=signed_in(request).email)
    messages.success(request, _("{company} is closed. Everything of it is being deleted.").format(company=tenant.name))
    return redirect("tenants:home")


def _say_so(addresses: list[str], *, company: str, by: str) -> None:
    for address in addresses:
        mails.send("syncjobs/mails/closed", to=address, context={"company": company, "by": by})
