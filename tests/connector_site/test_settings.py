"""What the environment makes of the settings."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from connector_site.checks import CONSOLE

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {"SECRET_KEY": "s", "FERNET_KEYS": "f", "DATABASE_URL": "postgresql:///d", "REDIS_URL": "redis:///0"}
TELL = "import json; from connector_site import settings; print(json.dumps(settings.PROXY_COUNT))"


@pytest.mark.parametrize(
    ("environment", "proxies"),
    [
        ({"PUBLIC_URL": "https://connector.example.com"}, 1),
        ({"PUBLIC_URL": "http://127.0.0.1:8700"}, 0),
        ({}, 0),
        ({"PUBLIC_URL": "https://connector.example.com", "PROXY_COUNT": "2"}, 2),
        ({"PUBLIC_URL": "https://connector.example.com", "PROXY_COUNT": "0"}, 0),
    ],
)
def test_behind_https_there_is_one_proxy_unless_told_otherwise(environment: dict[str, str], proxies: int) -> None:
    known = {"PATH": os.environ.get("PATH", ""), **NEEDED, **environment}
    command = [sys.executable, "-c", TELL]
    told = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, check=True)  # noqa: S603

    assert json.loads(told.stdout) == proxies


DJANGO = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'connector_site.settings'; from django.conf import settings"
MAILS = (
    "print([settings.EMAIL_BACKEND.split('.')[-2], settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS])"
)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"EMAIL_URL": "smtp+tls://me:secret@mail.test:587"}, "['smtp', 'mail.test', 587, True]"),
        ({"EMAIL_URL_FILE": "mail-address"}, "['smtp', 'mail.test', 587, True]"),
        ({}, "['console', None, None, False]"),
    ],
)
def test_how_mails_are_sent_is_one_address_or_a_file_with_it(
    tmp_path: Path, environment: dict[str, str], told: str
) -> None:
    (tmp_path / "mail-address").write_text("smtp+tls://me:secret@mail.test:587\n")
    known = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), **NEEDED, **environment}
    command = [sys.executable, "-c", f"{DJANGO}; {MAILS}"]

    done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, check=True, text=True)  # noqa: S603

    assert done.stdout.strip() == told


OPERATORS = "print(settings.OPERATOR_EMAILS)"


def started(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A fresh process that reads the settings from this environment."""
    known = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), **NEEDED, **environment}
    return subprocess.run([sys.executable, "-c", code], env=known, capture_output=True, check=False, text=True)  # noqa: S603


def test_blanks_between_the_addresses_of_the_operating_team_do_no_harm() -> None:
    done = started(f"{DJANGO}; {OPERATORS}", {"OPERATOR_EMAILS": " one@team.test, ,two@team.test ,"})

    assert done.stdout.strip() == "['one@team.test', 'two@team.test']"


def test_a_wrong_address_of_the_operating_team_stops_the_start_with_its_place_and_not_itself() -> None:
    done = started(f"{DJANGO}; {OPERATORS}", {"OPERATOR_EMAILS": "one@team.test,two(at)team.test"})

    assert done.returncode != 0
    assert "Address 2 of OPERATOR_EMAILS is no e-mail address" in done.stderr
    assert "two(at)team.test" not in done.stderr


@pytest.mark.parametrize(
    ("public_url", "backend", "operators", "told"),
    [
        ("https://c.test", CONSOLE, [], ["connector_site.W001", "connector_site.W002"]),
        ("https://c.test", CONSOLE, ["a@b.test"], ["connector_site.W001"]),
        ("https://c.test", "django.core.mail.backends.smtp.EmailBackend", ["a@b.test"], []),
        ("http://127.0.0.1:8700", CONSOLE, [], []),
    ],
)
def test_in_production_alarms_that_reach_nobody_are_told_of_with_the_way_out(
    settings: Settings, public_url: str, backend: str, operators: list[str], told: list[str]
) -> None:
    settings.PUBLIC_URL, settings.EMAIL_BACKEND, settings.OPERATOR_EMAILS = public_url, backend, operators

    found = [one for one in run_checks() if str(one.id).startswith("connector_site.")]

    assert [one.id for one in found] == told
    assert all("Set " in str(one.hint) for one in found)


def test_the_address_of_a_refused_request_is_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert client.get("/hooks-of-nobody/5b0a6a5e").status_code == 404

    assert "5b0a6a5e" not in caplog.text


@pytest.mark.parametrize("name", ["SECRET_KEY", "FERNET_KEYS", "DATABASE_URL", "REDIS_URL"])
def test_a_missing_secret_stops_the_start_and_says_which(name: str) -> None:
    done = started(f"{DJANGO}; settings.DEBUG", {name: ""})

    assert done.returncode != 0
    assert f"Set {name} (or {name}_FILE) in the environment" in done.stderr
