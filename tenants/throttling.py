"""What somebody is told who tried too often."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

LOCKED_FOR = timedelta(minutes=15)
"""So long after five wrong tries (`reliability.md` 5, ASVS 6.3.1); `settings.ACCOUNT_RATE_LIMITS` counts them."""
A_WHILE = timedelta(minutes=1)
"""The other limits are counted by the minute."""
TOO_MANY_REQUESTS = 429


def too_many(request: HttpRequest, *, wait: timedelta = A_WHILE) -> HttpResponse:
    """A plain page with the moment at which another try makes sense."""
    minutes = int(wait.total_seconds() // 60)
    response = render(request, "429.html", {"minutes": minutes}, status=TOO_MANY_REQUESTS)
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response
