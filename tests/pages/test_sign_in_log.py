"""What happens at the way in stands in the log: who by code, from which network, and never an e-mail address."""

import logging

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories import PASSWORD, Cast
from tests.pages import entrance
from tests.pages.conftest import SignIn

pytestmark = pytest.mark.django_db
HOME = "192.0.2.0/24"


@pytest.fixture(autouse=True)
def _all_told(caplog: pytest.LogCaptureFixture) -> None:
    cache.clear()
    caplog.set_level(logging.INFO, "tenants.sign_in_log")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines so far, each without an address of a person."""
    lines = [record.getMessage() for record in caplog.records if record.name == "tenants.sign_in_log"]
    caplog.clear()
    assert [line for line in lines if "@" in line] == []
    return lines


def test_signing_in_and_out_is_told_step_by_step(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    client = Client(REMOTE_ADDR="192.0.2.7")
    entrance.sign_in(client, cast.owner.email)
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"credential": "[1]"})
    client.post(reverse("mfa_authenticate"), {"code": factories.recovery_code(cast.owner)})
    client.post(reverse("account_logout"))

    who = f"{cast.owner.code} from {HOME}"
    assert told(caplog) == [
        f"second factor refused (totp): {who}",
        f"passkey refused: {who}",
        f"second factor used (recovery_codes): {who}",
        f"signed in: {who}",
        f"signed out: {who}",
    ]


def test_wrong_passwords_are_told_and_so_is_the_lock(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(6):
        entrance.sign_in(Client(REMOTE_ADDR="192.0.2.7"), cast.owner.email, "wrong")
    of_nobody = Client(REMOTE_ADDR="2001:db8:1:2::3")
    entrance.sign_in(of_nobody, "nobody@example.com")

    who = f"{cast.owner.code} from {HOME}"
    refused = [f"password refused: {who}"] * 5
    assert told(caplog) == [
        *refused,
        f"too many tries: {who}",
        "password refused: unknown from 2001:db8:1::/48",
    ]


@pytest.mark.django_db(transaction=True)
def test_what_proves_a_person_changes_with_a_line(caplog: pytest.LogCaptureFixture) -> None:
    person = factories.make_user("plain", has_second_factor=False)
    client = Client(REMOTE_ADDR="192.0.2.7")
    entrance.sign_in(client, person.email)
    entrance.set_up_app(client)
    new = {"oldpassword": PASSWORD, "password1": "a new one that is long", "password2": "a new one that is long"}
    client.post(reverse("account_change_password"), new)
    client.post(reverse("account_email"), {"email": "other@example.com", "action_add": ""})

    lines = [line.split(":")[0] for line in told(caplog)]
    assert lines == [
        "signed in",
        "second factor added (totp)",
        "second factor added (recovery_codes)",
        "password changed",
    ]


def test_who_is_refused_at_a_page_stands_in_the_log(
    cast: Cast, as_user: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    of_company = [cast.tenant.code]
    as_user(cast.viewer).post(reverse("syncjobs:resume", args=of_company))
    as_user(cast.outsider).get(reverse("syncjobs:work", args=of_company))

    lines = [line for line in told(caplog) if not line.startswith("signed in")]
    assert lines == [
        f"PermissionDenied at syncjobs:resume: {cast.viewer.code} from 127.0.0.0/24",
        f"Http404 at syncjobs:work: {cast.outsider.code} from 127.0.0.0/24",
    ]
