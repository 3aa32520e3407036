"""A company and its owner, made from the command line."""

from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from tenants.management.commands.add_tenant import PASSWORD_VARIABLE
from tenants.models import User

pytestmark = pytest.mark.django_db


def test_the_owner_is_made_with_the_company(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse battery staple")
    told = StringIO()

    call_command("add_tenant", "Voorbeeld BV", " Owner@Example.com", stdout=told)

    assert len(told.getvalue().strip()) == len("00000000-0000-0000-0000-000000000000")
    assert User.objects.get().email == "owner@example.com"


def test_an_owner_whom_no_mail_could_reach_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse battery staple")

    with pytest.raises(CommandError, match="no e-mail address"):
        call_command("add_tenant", "Voorbeeld BV", "owner at example.com")
    with pytest.raises(ValidationError):
        User.objects.create_user("a@b\nBcc: c@d.test")

    assert not User.objects.exists()


def test_a_name_that_would_be_a_link_in_a_mail_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse battery staple")

    with pytest.raises(CommandError, match="without a web"):
        call_command("add_tenant", "Win at https://evil.example", "owner@example.com")

    assert not User.objects.exists()
