"""The page of the keys with which a company's programs ask the API."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import local
from tenants import api_keys
from tenants.access import Access
from tenants.forms import ApiKeyForm
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import ApiKey, Role


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER, fresh=True)
def keys(request: HttpRequest, access: Access) -> HttpResponse:
    """The keys there are, and a new one: its secret is shown this once."""
    form = ApiKeyForm(request.POST if request.method == "POST" else None)
    made = None
    if request.method == "POST" and form.is_valid():
        made = _make(request, access, form)
        form = form if made is None else ApiKeyForm()
    with inside(access):
        context = {
            "access": access,
            "section": "api_keys",
            "form": form,
            "made": made,
            "keys": api_keys.keys_of(access.tenant_id),
        }
        return render(request, "tenants/api_keys.html", context)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def end(request: HttpRequest, access: Access, key_code: uuid.UUID) -> HttpResponse:
    """End a key at once."""
    with acting(actor_of(signed_in(request))), inside(access):
        if not api_keys.revoke(access.tenant_id, key_code, at=timezone.now()):
            raise Http404("No such key.")
        happenings(access.tenant_id, [_event(key_code, "api key ended")])
    messages.success(request, _("The key was ended. Programs that still use it are refused from now on."))
    return redirect("tenants:api_keys", access.tenant_code)


def _make(request: HttpRequest, access: Access, form: ApiKeyForm) -> api_keys.Made | None:
    """None where it was refused; then the form says why."""
    name, role = form.cleaned_data["name"], Role(form.cleaned_data["role"])
    try:
        with acting(actor_of(signed_in(request))), inside(access):
            made = api_keys.make(access, name=name, role=role, at=timezone.now())
            happenings(access.tenant_id, [_event(made.key.code, "api key made", role=role.value)])
    except api_keys.KeyRefused as refused:
        form.add_error(None, local(str(refused)))
        return None
    return made


def _event(code: uuid.UUID, what: str, **more: str) -> Happening:
    return Happening(
        kind=Event.Kind.CHANGED,
        subject_kind=ApiKey._meta.model_name or "",
        subject=code,
        details={"what": what, **more},
    )
