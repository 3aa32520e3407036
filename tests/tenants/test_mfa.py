"""The second factor's secrets at rest."""

from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from fernet_fields.hkdf import derive_fernet_key
from pytest_django import Settings

from connector_site.lib.secrets import UNREADABLE
from tenants import mfa
from tenants.models import User
from tests import factories
from tests.factories import TOTP_SECRET
from tests.pages import entrance

pytestmark = pytest.mark.django_db
FIRST_KEY = "the first key"


def stored() -> list[str]:
    return [
        str(row.data[mfa.SEALED[row.type]]) for row in Authenticator.objects.filter(type__in=mfa.SEALED).order_by("pk")
    ]


def put(user: User, kind: str, text: str) -> None:
    """Write this as the stored secret of a person, behind every check."""
    rows = Authenticator.objects.filter(user=user, type=kind)
    rows.update(data=rows.get().data | {mfa.SEALED[kind]: str(text)})


def secret_of(user: User, kind: str) -> str:
    return str(Authenticator.objects.get(user=user, type=kind).data[mfa.SEALED[kind]])


def test_secrets_are_not_stored_in_the_clear() -> None:
    factories.recovery_code(factories.make_user())

    assert [text[:5] for text in stored()] == ["gAAAA", "gAAAA"]
    assert TOTP_SECRET not in "".join(stored())


def test_a_secret_opens_for_its_person_and_its_kind_alone() -> None:
    mine, hers = factories.make_user(), factories.make_user()
    for user in (mine, hers):
        factories.recovery_code(user)
    put(hers, "totp", secret_of(mine, "totp"))
    put(hers, "recovery_codes", secret_of(mine, "recovery_codes"))
    put(mine, "recovery_codes", secret_of(mine, "totp"))

    for user, kind in ((hers, "totp"), (hers, "recovery_codes"), (mine, "recovery_codes")):
        found = Authenticator.objects.get(user=user, type=kind).wrap()
        with pytest.raises(UNREADABLE):
            found.validate_code("123456")
    assert Authenticator.objects.get(user=mine, type="totp").wrap().validate_code(entrance.app_code(TOTP_SECRET))


def test_a_code_for_a_secret_copied_from_elsewhere_is_a_wrong_code(caplog: pytest.LogCaptureFixture) -> None:
    cache.clear()
    thief, victim = factories.make_user(), factories.make_user()
    put(victim, "totp", secret_of(thief, "totp"))
    client = Client()
    entrance.sign_in(client, victim.email)

    answer = client.post(reverse("mfa_authenticate"), {"code": entrance.app_code(TOTP_SECRET)})

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    assert "cannot be read: WrongOwner" in caplog.text


def test_a_recovery_code_that_was_used_stays_used_under_the_same_seal() -> None:
    user = factories.make_user()
    code = factories.recovery_code(user)

    tries = [RecoveryCodes.activate(user).validate_code(code) for _ in range(2)]

    assert tries == [True, False]
    assert len(RecoveryCodes.activate(user).get_unused_codes()) == 9


def test_what_was_stored_before_it_named_its_person_is_bound_once(settings: Settings) -> None:
    settings.FERNET_KEYS = [FIRST_KEY]
    user = factories.make_user(has_second_factor=False)
    TOTP.activate(user, TOTP_SECRET)
    old = Fernet(derive_fernet_key(FIRST_KEY))  # type: ignore[no-untyped-call]
    put(user, "totp", old.encrypt(TOTP_SECRET.encode()).decode())
    migration = import_module("tenants.migrations.0006_bind_second_factors")

    with connection.schema_editor() as editor:
        migration.bind(apps, editor)
        once = stored()
        migration.bind(apps, editor)

    assert stored() == once
    assert Authenticator.objects.get().wrap().validate_code(entrance.app_code(TOTP_SECRET))
