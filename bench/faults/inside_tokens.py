"""Processes that race for one chain of tokens (`python -m bench.inside bench.faults.inside_tokens`)."""

import hashlib
import json
import sys
import time
from datetime import timedelta
from typing import Any

from django.db.models import F

from bench.faults.forks import Crowd
from bench.standins import StandIn
from exact import credentials
from exact.errors import ExactRefreshUnderWay
from exact.models import Grant

EXPIRED_SECONDS = 600
"""A token lives so long (`exact.md` 3.3)."""
PATIENCE_SECONDS = 30
PAUSE_SECONDS = 0.2


def main() -> None:
    """So many times: let the token expire, and have everybody ask for one at once."""
    order = json.loads(sys.stdin.read())
    exact = StandIn(address=order["exact"])
    grant_id = Grant.objects.order_by("pk").values_list("pk", flat=True)[0]
    crowd = Crowd(order["processes"], _token)
    rounds: list[dict[str, Any]] = []
    for _ in range(order["renewals"]):
        before = _generation(grant_id)
        exact.control("POST", "clock", {"advance_seconds": EXPIRED_SECONDS})
        Grant.objects.filter(pk=grant_id).update(received_at=F("received_at") - timedelta(seconds=EXPIRED_SECONDS))
        tokens = crowd.ask(grant_id)
        renewals = _generation(grant_id) - before
        rounds.append({"tokens": len(set(tokens)), "without": tokens.count(""), "renewals": renewals})
    crowd.end()
    json.dump(rounds, sys.stdout)


def _generation(grant_id: int) -> int:
    return Grant.objects.values_list("generation", flat=True).get(pk=grant_id)


def _token(grant_id: int) -> str:
    """A digest of the token that this process gets; one that finds a renewal under way comes back."""
    credentials.forget_kept()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            return hashlib.sha256(credentials.access_token(grant_id).reveal().encode()).hexdigest()
        except ExactRefreshUnderWay:
            time.sleep(PAUSE_SECONDS)
    return ""
