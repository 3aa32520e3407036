"""Keys change: everything that is kept comes under the new one, beside running workers, and nothing is lost."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from fernet_fields import hkdf
from pytest_django import Settings

from connector_site import reencryption
from connector_site.lib.secrets import Secret, seal
from connector_site.reencryption import Column, Keys
from exact import grants
from exact.models import Grant
from exact.token_calls import TokenPair
from syncjobs.models import Attempt, PartyAddress
from tenants import mfa
from tenants.context import tenant_context
from tests import factories
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db(databases=["default", "staff"])
NEW = "the newest key of all"
OLDER = TokenPair(access=Secret("an older access"), refresh=Secret("an older refresh"))
PLAIN_BYTES = {"syncjobs_receipt.body"}
"""Bytes that name nobody: what Exact notifies of is a company number and a key."""


@pytest.fixture
def new_key(settings: Settings, busy: Desk) -> Iterator[None]:
    """Later a key was put first in the environment and every process was started again."""
    del busy
    settings.FERNET_KEYS = [NEW, *settings.FERNET_KEYS]
    _forget_keys()
    yield
    settings.FERNET_KEYS = settings.FERNET_KEYS[1:]
    _forget_keys()


def _forget_keys() -> None:
    for column in reencryption.columns():
        field = next(one for one in column.model._meta.concrete_fields if one.column == column.name)
        for kept in ("keys", "fernet_keys", "fernet"):
            field.__dict__.pop(kept, None)


@pytest.fixture
def tenants_seen(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> Cast:
    """The staff role looks through another connection, which does not see what this test has not committed."""
    rooms = [reencryption._Room(one.id) for one in (cast.tenant, cast.other_tenant)]
    one_for_all = reencryption._rooms
    monkeypatch.setattr(reencryption, "_rooms", lambda column: iter(rooms) if column.is_walled else one_for_all(column))
    return cast


@pytest.fixture
def busy(desk: Desk) -> Desk:
    travels.make_travelling(desk)
    scene.make_doubtful(desk)
    factories.recovery_code(factories.make_user())
    grant = Grant.objects.get(pk=desk.connection.grant_id or 0)
    assert grants.store_pair(grant, OLDER, received_at=grants.database_now())
    Grant.objects.filter(pk=grant.pk).update(sealed_user=seal({}, owner=grant.code, purpose="exact user"))
    return desk


def run() -> str:
    out = io.StringIO()
    call_command("reencrypt", stdout=out)
    return out.getvalue()


def renewed_in(told: str) -> int:
    return sum(int(line.split()[3]) for line in told.splitlines() if " read, " in line)


def stored(column: Column) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{column.name}" FROM "{column.model._meta.db_table}" WHERE "{column.name}" IS NOT NULL')  # noqa: S608
        return [bytes(row[0]) for row in cursor.fetchall()]


def test_every_column_of_bytes_in_the_database_is_encrypted_anew() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE data_type = 'bytea' AND table_schema = 'public'"
        )
        found = {name for (name,) in cursor.fetchall()}

    assert found - PLAIN_BYTES == {column.label for column in reencryption.columns()}


@pytest.mark.usefixtures("new_key")
def test_afterwards_the_old_keys_may_go(busy: Desk, tenants_seen: Cast) -> None:
    del tenants_seen
    told = run()

    only_new = Fernet(hkdf.derive_fernet_key(NEW))  # type: ignore[no-untyped-call]
    opened = 0
    with tenant_context(busy.tenant.id):
        for column in reencryption.columns():
            opened += sum(bool(only_new.decrypt(value)) for value in stored(column))
        assert PartyAddress.objects.filter(sealed__isnull=False).count() > 0
        assert Attempt.objects.count() > 0
    factors = Authenticator.objects.filter(type__in=list(mfa.SEALED))
    assert all(only_new.decrypt(factor.data[mfa.SEALED[factor.type]].encode()) for factor in factors)
    assert {factor.type for factor in factors} == set(mfa.SEALED)
    assert renewed_in(told) == opened + factors.count() > 10
    assert told.endswith("Under an older key: 0\n")
    assert renewed_in(run()) == 0


@pytest.mark.usefixtures("new_key")
def test_tokens_that_are_renewed_meanwhile_stay(
    busy: Desk, tenants_seen: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    del tenants_seen
    grant = Grant.objects.get(pk=busy.connection.grant_id or 0)
    newer = TokenPair(access=Secret("the newest access"), refresh=Secret("the newest refresh"))
    renewed = Keys.renewed
    before = stored(next(one for one in reencryption.columns() if one.label == "exact_grant.sealed_tokens"))

    def slow(keys: Keys, value: bytes) -> bytes | None:
        """Between reading and writing, another process has renewed the tokens."""
        if value in before and grants.pair_of(Grant.objects.get(pk=grant.pk)) != newer:
            held = Grant.objects.get(pk=grant.pk)
            assert grants.store_pair(held, newer, received_at=grants.database_now())
        return renewed(keys, value)

    monkeypatch.setattr(Keys, "renewed", slow)

    told = run()

    assert grants.pair_of(Grant.objects.get(pk=grant.pk)) == newer
    assert "Under an older key: 0" in told


@pytest.mark.usefixtures("new_key")
def test_what_no_key_fits_is_listed_and_left_alone(busy: Desk, tenants_seen: Cast) -> None:
    del tenants_seen
    foreign = Fernet(Fernet.generate_key()).encrypt(b"{}")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE exact_grant SET sealed_user = %s RETURNING code::text", [foreign])
        codes = [code for (code,) in cursor.fetchall()]

    out = io.StringIO()
    with pytest.raises(CommandError, match="fit none of the keys"):
        call_command("reencrypt", stdout=out)

    assert all(f"exact_grant.sealed_user: {code} fits none of the keys" in out.getvalue() for code in codes)
    assert set(_all("SELECT sealed_user FROM exact_grant")) == {foreign}
    del busy


def _all(question: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return [bytes(row[0]) for row in cursor.fetchall()]


def test_a_frozen_request_is_opened_to_this_command_alone(busy: Desk) -> None:
    with pytest.raises(DatabaseError, match="frozen"), tenant_context(busy.tenant.id), connection.cursor() as cursor:
        cursor.execute("UPDATE syncjobs_attempt SET request = request || 'x'::bytea")
