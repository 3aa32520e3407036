"""Setting up the second factor, and the codes for the day on which it is lost."""

import base64

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.totp.internal.flows import activate_totp
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_registration
from allauth.mfa.webauthn.internal.flows import add_authenticator
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tenants import second_factor
from tenants.gate import signed_in
from tenants.models import User
from tenants.one_time_codes import spend

_NEXT = "after_protecting"


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@login_required
@never_cache
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]
def protect(request: HttpRequest) -> HttpResponse:
    """Choose an authenticator app or a passkey: one page for both, and the app's first code on it."""
    user = signed_in(request)
    if "next" in request.GET:
        request.session[_NEXT] = request.GET["next"]
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        return redirect("account_email")
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        return redirect(_next(request))
    if request.method != "POST":
        return _page(request, user, app=_app(request, user))
    if "credential" in request.POST:
        return _add_passkey(request, user)
    app = ActivateTOTPForm(user=user, data=request.POST)
    if not app.is_valid():
        return _page(request, user, app=app)
    spend(user.pk, app.cleaned_data["code"])
    _, codes = activate_totp(request, app)
    return _go_on(request, user, has_new_codes=codes is not None)


@require_POST
@login_required
def kept(request: HttpRequest) -> HttpResponse:
    """The recovery codes are in a safe place; go on with what was asked for."""
    return redirect(_next(request))


def _app(request: HttpRequest, user: User) -> ActivateTOTPForm:
    """The form with the key that was shown before: it may be in the telephone already when the page is loaded again."""
    shown = request.session.get(SECRET_SESSION_KEY)
    form = ActivateTOTPForm(user=user)
    if shown:
        request.session[SECRET_SESSION_KEY] = form.secret = shown
    return form


def _add_passkey(request: HttpRequest, user: User) -> HttpResponse:
    form = AddWebAuthnForm(user=user, data=request.POST)
    if not form.is_valid():
        return _page(request, user, app=_app(request, user), passkey=form)
    _, codes = add_authenticator(request, name=form.cleaned_data["name"], credential=form.cleaned_data["credential"])
    return _go_on(request, user, has_new_codes=codes is not None)


def _go_on(request: HttpRequest, user: User, *, has_new_codes: bool) -> HttpResponse:
    """What was set up was used just now. Codes are shown once: the first time that there are any."""
    if not second_factor.was_used_here(request, user):
        second_factor.first_was_added(request, user)
    second_factor.was_used(request, user)
    return redirect("mfa_view_recovery_codes") if has_new_codes else redirect(_next(request))


def _page(
    request: HttpRequest, user: User, *, app: ActivateTOTPForm, passkey: AddWebAuthnForm | None = None
) -> HttpResponse:
    adapter = get_adapter()
    drawing = adapter.build_totp_svg(adapter.build_totp_url(user, app.secret))
    context = {
        "form": app,
        "passkey": passkey or AddWebAuthnForm(user=user, initial={"passwordless": True}),
        "drawing": "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode(),
        "key": " ".join(app.secret[start : start + 4] for start in range(0, len(app.secret), 4)),
        "js_data": {"creation_options": begin_registration(user, passwordless=True)},
        "is_required": not second_factor.has_one(user),
    }
    return render(request, "tenants/protect.html", context)


def _next(request: HttpRequest) -> str:
    address = str(request.session.get(_NEXT, ""))
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if is_ours else "/"
