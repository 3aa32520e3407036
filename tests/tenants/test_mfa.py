"""The second factor's secrets at rest."""

import pytest
from allauth.mfa.models import Authenticator

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
