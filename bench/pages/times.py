"""Visit every page of the one customer that can be looked at. Runs in a process with Django set up (`bench.inside`)."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver, reverse

from bench.figures import spread
from bench.pages.page_time import PageTime
from syncjobs.listing.pages import place_after
from syncjobs.listing.questions import Sort
from syncjobs.models import Delivery
from tenants.models import User

WARM_UP = 3
_NOT_OF_A_TABLE = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SELECT current_setting")
_ONE_OF = {
    "delivery_code": "SELECT code FROM syncjobs_delivery ORDER BY id DESC LIMIT 1",
    "account_code": "SELECT code FROM ups_account LIMIT 1",
    "label_code": "SELECT code FROM syncjobs_label ORDER BY id LIMIT 1",
}
_MORE = {
    "deliveries": (
        "?q=1234567",
        "?q=Jansen",
        "?q=nothing-like-this",
        "?state=todo",
        "?state=exceptions",
        "?state=way",
        "?sort=changed",
        "?sort=number",
        "?after={middle}",
    ),
    "work": ("?who=nobody",),
    "trail": ("?kind=changed", "?actor=worker"),
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
    if not Authenticator.objects.filter(user=user).exists():
        TOTP.activate(user, generate_totp_secret())
    client = Client(headers={"host": settings.ALLOWED_HOSTS[0], "accept-encoding": "gzip"})
    client.force_login(user)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def _visit(client: Client, name: str, path: str, visits: int) -> PageTime | None:
    """None for an address that shows no page: one that only takes forms, or leads elsewhere."""
    if client.get(path).status_code != HTTPStatus.OK:
        return None
    for _ in range(WARM_UP):
        client.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    statements = sum(_is_of_a_table(query["sql"]) for query in captured.captured_queries)
    spent = []
    for _ in range(visits):
        started_at = time.perf_counter()
        client.get(path)
        spent.append((time.perf_counter() - started_at) * 1000)
    found = spread(spent)
    return PageTime(
        name=name,
        visits=visits,
        p50_ms=found.p50,
        p95_ms=found.p95,
        maximum_ms=found.maximum,
        statements=statements,
        sent_kb=len(b"".join(answer) if answer.streaming else answer.content) / 1024,
    )


def _is_of_a_table(statement: str) -> bool:
    """Neither the transaction's own words nor the setting of the wall."""
    return not statement.startswith(_NOT_OF_A_TABLE)


def _pages() -> Iterator[tuple[str, str]]:
    known = {name: _first(question) for name, question in _ONE_OF.items()}
    middle = _middle()
    known["tenant_code"] = _first("SELECT code FROM tenants_tenant LIMIT 1")
    for name, arguments in _walk(get_resolver()):
        if "tenant_code" not in arguments or not set(arguments) <= set(known):
            continue
        path = reverse(name, kwargs={each: known[each] for each in arguments})
        yield name, path
        for pattern in _MORE.get(name.split(":")[-1], ()):
            more = pattern.format(middle=middle)
            yield f"{name}{more}", f"{path}{more}"


def _middle() -> str:
    """The place in the list after half of all deliveries."""
    rows = Delivery.objects.using("owner").order_by("-created_at")
    return place_after(rows[rows.count() // 2], Sort.BOOKED)


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
