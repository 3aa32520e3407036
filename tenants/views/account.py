"""One's own account: what proves who one is, where one is signed in, and the language."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tenants import languages, second_factor
from tenants.gate import signed_in
from tenants.models import User


@require_safe
@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """The ways to everything about oneself."""
    user = signed_in(request)
    asked = second_factor.missing(request, user)
    if asked:
        return redirect(asked)
    types = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    context = {
        "has_app": Authenticator.Type.TOTP in types,
        "passkeys": types.count(Authenticator.Type.WEBAUTHN),
        "has_codes": Authenticator.Type.RECOVERY_CODES in types,
        "themes": User.Theme.choices,
    }
    return render(request, "tenants/account.html", context)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language with the person, or in a cookie for a visitor, and show the same page again."""
    language = request.POST.get("language", "")
    back_to = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back_to, allowed_hosts={request.get_host()})
    response = redirect(back_to if is_ours else "/")
    if language not in languages.known_languages():
        return response
    if isinstance(request.user, User):
        languages.save_language(request.user, language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=int(languages.KEPT_FOR.total_seconds()),
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep with the person whether her pages are light or dark; anything else is left as it is."""
    theme = request.POST.get("theme", "")
    if isinstance(request.user, User) and theme in User.Theme.values:
        User.objects.filter(pk=request.user.pk).update(theme=theme)
    return redirect("tenants:account")
