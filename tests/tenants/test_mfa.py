"""The second factor's secrets at rest."""

import pytest
from allauth.mfa.models import Authenticator
from pytest_django import Settings

from tenants import mfa
from tests import factories
from tests.factories import TOTP_SECRET

pytestmark = pytest.mark.django_db


def stored() -> list[str]:
    return [
        str(row.data[mfa.SEALED[row.type]]) for row in Authenticator.objects.filter(type__in=mfa.SEALED).order_by("pk")
    ]


def test_secrets_are_not_stored_in_the_clear() -> None:
    factories.recovery_code(factories.make_user())

    assert [text[:5] for text in stored()] == ["gAAAA", "gAAAA"]
    assert TOTP_SECRET not in "".join(stored())


def test_secrets_are_put_under_the_newest_key_and_stay_what_they_are(settings: Settings) -> None:
    user = factories.make_user()
    code = factories.recovery_code(user)
    settings.FERNET_KEYS = ["the newest of all", *settings.FERNET_KEYS]
    before = mfa.count_under_older_keys()

    changed = list(mfa.encrypt_anew(batch=1))

    assert (before, changed, mfa.count_under_older_keys()) == (2, [1, 1], 0)
    settings.FERNET_KEYS = settings.FERNET_KEYS[:1]
    assert mfa.SecondFactors().decrypt(stored()[0]) == TOTP_SECRET
    assert factories.recovery_code(user) == code
