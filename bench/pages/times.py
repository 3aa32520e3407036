"""Visit every page of the one customer that can be looked at. Runs in a process with Django set up (`bench.inside`)."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.db import connections
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from bench.figures import spread
from bench.pages.page_time import PageTime
from tenants.models import User

WARM_UP = 3
_ONE_OF = {
    "delivery_code": "SELECT code FROM syncjobs_delivery ORDER BY id DESC LIMIT 1",
    "account_code": "SELECT code FROM ups_account LIMIT 1",
    "middle": "SELECT code FROM syncjobs_delivery ORDER BY created_at OFFSET 50000 LIMIT 1",
    "label_code": "SELECT code FROM syncjobs_label ORDER BY id LIMIT 1",
}
_MORE = {
    "deliveries": ("?q=12345", "?q=nothing-like-this", "?state=todo", "?state=exceptions", "?before={middle}"),
}
"""Ways to ask for the list that cost more than its first page."""


def main() -> None:
    """Reads an order, writes the times, both as JSON."""
    order = json.load(sys.stdin)
    client = _signed_in()
    visited = [_visit(client, name, path, order["visits"]) for name, path in _pages()]
    json.dump([asdict(one) for one in visited if one is not None], sys.stdout)


def _signed_in() -> Client:
    user = User.objects.get(email="owner@bench.example")
    TOTP.activate(user, generate_totp_secret())
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0]})
    client.force_login(user)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def _visit(client: Client, name: str, path: str, visits: int) -> PageTime | None:
    """None for an address that shows no page: one that only takes forms, or leads elsewhere."""
    if client.get(path).status_code != 200:  # noqa: PLR2004  OK
        return None
    for _ in range(WARM_UP):
        client.get(path)
    spent = []
    for _ in range(visits):
        started_at = time.perf_counter()
        client.get(path)
        spent.append((time.perf_counter() - started_at) * 1000)
    found = spread(spent)
    return PageTime(name=name, visits=visits, p50_ms=found.p50, p95_ms=found.p95, maximum_ms=found.maximum)


def _pages() -> Iterator[tuple[str, str]]:
    known = {name: _first(question) for name, question in _ONE_OF.items()}
    known["tenant_code"] = _first("SELECT code FROM tenants_tenant LIMIT 1")
    for name, arguments in _walk(get_resolver()):
        if "tenant_code" not in arguments or not set(arguments) <= set(known):
            continue
        path = reverse(name, kwargs={each: known[each] for each in arguments})
        yield name, path
        for pattern in _MORE.get(name.split(":")[-1], ()):
            more = pattern.format(middle=known["middle"])
            yield f"{name}{more}", f"{path}{more}"


def _walk(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _walk(entry, f"{entry.namespace}:" if entry.namespace else namespace)
        elif entry.name:
            yield f"{namespace}{entry.name}", tuple(entry.pattern.converters)


def _first(question: str) -> Any:
    """With the owner's eyes; the code of a row that there is."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
    return row[0] if row else "00000000-0000-0000-0000-000000000000"


if __name__ == "__main__":
    main()
