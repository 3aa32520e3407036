"""What any test makes the product log is searched for the secrets that all tests use; finding one fails that test."""

import logging
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests import factories

MARK = "***secret found in a log***"


class Sieve(logging.Handler):
    """Keeps where a secret was logged, and not the secret."""

    def __init__(self) -> None:
        """Know what no log may say."""
        super().__init__()
        apps = [value for app in settings.EXACT_APPS.values() for key, value in app.items() if "secret" in key]
        own = [settings.SECRET_KEY, *settings.FERNET_KEYS, factories.PASSWORD, factories.TOTP_SECRET]
        self._secrets = tuple(secret for secret in (*apps, *own) if len(secret) > len("a short word"))
        self._formatter = logging.Formatter()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one line with its arguments and its traceback."""
        told = f"{self._formatter.format(record)} {record.__dict__}"
        if any(secret in told for secret in self._secrets):
            self.found.append(f"{MARK} {record.name} {record.pathname}:{record.lineno}")


@pytest.fixture(scope="session")
def sieve() -> Iterator[Sieve]:
    """One for the whole run."""
    made = Sieve()
    logging.getLogger().addHandler(made)
    yield made
    logging.getLogger().removeHandler(made)


@pytest.fixture(autouse=True)
def _no_secret_in_any_log(sieve: Sieve) -> Iterator[None]:
    sieve.found.clear()
    yield
    assert sieve.found == []
