"""What somebody is told who tried too often."""

import math
import time
from datetime import timedelta

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

LOCKED_FOR = timedelta(minutes=15)
"""So long after five wrong tries (`reliability.md` 5, ASVS 6.3.1); `settings.ACCOUNT_RATE_LIMITS` counts them."""
A_WHILE = timedelta(minutes=1)
"""The other limits are counted by the minute."""
TOO_MANY_REQUESTS = 429
COUNTED_FOR = "allauth.account"
"""The app under whose name allauth counts tries."""


def too_many(request: HttpRequest, *, wait: timedelta = A_WHILE) -> HttpResponse:
    """A plain page with the moment at which another try makes sense."""
    minutes = math.ceil(wait.total_seconds() / 60)
    response = render(request, "429.html", {"minutes": minutes}, status=TOO_MANY_REQUESTS)
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response


def time_to_wait(request: HttpRequest, *, action: str, key: str) -> timedelta:
    """How long allauth refuses another try of this action; no time at all while it allows one."""
    free_at = now = time.time()
    for rate in ratelimit.get_rates(app=COUNTED_FOR, action=action):
        tried = cache.get(ratelimit.get_cache_key(request, app=COUNTED_FOR, action=action, rate=rate, key=key), [])
        if len(tried) >= rate.amount:
            free_at = max(free_at, tried[rate.amount - 1] + rate.duration)
    return timedelta(seconds=math.ceil(free_at - now))
