"""Each person's own language, over that of the browser."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from tenants.models import User

KEPT_FOR = timedelta(days=365)
"""So long a visitor's choice stays in her browser."""


def known_languages() -> list[str]:
    """Those that the pages are written in."""
    return [code for code, _ in settings.LANGUAGES]


def shown_language() -> str:
    """The language of the page at work, as it is kept with a person."""
    now = (translation.get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return now if now in known_languages() else settings.LANGUAGE_CODE


def save_language(user: User, language: str) -> None:
    """What this person reads from now on, whatever her browser asks for."""
    User.objects.filter(pk=user.pk).update(language=language)
    user.language = language


def persons_language(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer in the language that the signed-in person chose; the others are served by Django's own middleware."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User) or user.language not in known_languages():
            return get_response(request)
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
        response = get_response(request)
        patch_vary_headers(response, ["Cookie"])
        return response

    return respond
