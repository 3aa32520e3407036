"""The door for Exact's notifications, as HTTP sees it."""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from connector_site.lib.secrets import Secret
from exact.models import Connection
from syncjobs.models import Receipt
from syncjobs.views import hooks
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.exact.test_webhooks import DELIVERY, signed
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


def post(client: Client, hook_code: uuid.UUID, body: bytes) -> int:
    answer = client.post(reverse("syncjobs:exact_hook", args=[hook_code]), data=body, content_type="application/json")
    assert answer.content == b""
    return answer.status_code


def receipts(desk: Desk) -> int:
    with tenant_context(desk.tenant.id):
        return Receipt.objects.filter(tenant=desk.tenant).count()


def test_the_check_of_a_new_subscription_is_answered(client: Client, desk: Desk) -> None:
    assert post(client, desk.connection.hook_code, b"") == 200
    assert receipts(desk) == 0


def validated_at(desk: Desk) -> datetime | None:
    with tenant_context(desk.tenant.id):
        return Connection.objects.get(pk=desk.connection.pk).hook_validated_at


def test_the_first_call_is_noted_once_and_only_where_the_address_is_known(
    client: Client, desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert post(client, uuid.uuid4(), b"") == 200
    assert validated_at(desk) is None
    with django_assert_num_queries(1):
        post(client, desk.connection.hook_code, b"")
    first = validated_at(desk)
    post(client, desk.connection.hook_code, b"")

    assert first is not None
    assert validated_at(desk) == first


def test_empty_calls_without_end_are_answered_and_ask_the_database_nothing(
    client: Client, desk: Desk, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "EMPTY_RULE", replace(hooks.EMPTY_RULE, name="empty-in-test", requests=2))
    with django_assert_num_queries(2):
        answers = [post(client, desk.connection.hook_code, b"") for _ in range(5)]

    assert answers == [200] * 5


def test_a_notification_for_a_closed_company_is_answered_and_forgotten(
    client: Client, desk: Desk, settings: Settings
) -> None:
    body = signed(DELIVERY, Secret(settings.EXACT_APPS["nl"]["webhook_secret"]))
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(closed_at=timezone.now())

    assert post(client, desk.connection.hook_code, body) == 200
    assert post(client, desk.connection.hook_code, body.replace(b"Create", b"Update")) == 401
    assert receipts(desk) == 0


@pytest.mark.parametrize("body", [b"{", b"[]", b"\x00\xff", b'{"Content": {}, "HashCode": "00"}', b"x" * (64 * 1024)])
def test_what_does_not_prove_itself_is_refused_and_not_kept(client: Client, desk: Desk, body: bytes) -> None:
    assert post(client, desk.connection.hook_code, body) in {400, 401}
    assert receipts(desk) == 0


def test_more_than_64_kilobytes_are_not_read(client: Client, desk: Desk) -> None:
    assert post(client, desk.connection.hook_code, b"x" * (64 * 1024 + 1)) == 413
    assert receipts(desk) == 0


def test_looking_at_the_address_is_not_allowed(client: Client, desk: Desk) -> None:
    assert client.get(reverse("syncjobs:exact_hook", args=[desk.connection.hook_code])).status_code == 405


def test_without_the_database_exact_is_asked_to_repeat(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*, hook_code: uuid.UUID, body: bytes) -> NoReturn:
        raise OperationalError(f"no database for {hook_code} and {len(body)} bytes")

    monkeypatch.setattr(hooks, "accept_exact", away)

    assert post(client, uuid.uuid4(), b"{}") == 503


def test_no_session_is_made(client: Client, desk: Desk) -> None:
    post(client, desk.connection.hook_code, b"")

    assert client.cookies == {}
