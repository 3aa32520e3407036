"""What the settings read before any test is collected; loaded as a plugin by `addopts`."""

import os
from pathlib import Path

EXACT_CLIENT_ID = "11111111-2222-3333-4444-555555555555"
EXACT_WEBHOOK_SECRET = "6Zr4tQm1-demo-webhook-secret"
_DEFAULTS = {
    "SECRET_KEY": "tests-only-secret-key-of-fifty-characters-or-more-0123456789",
    "FERNET_KEYS": "tests-only-second-key,tests-only-first-key",
    "PUBLIC_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "EXACT_CLIENT_ID_NL": EXACT_CLIENT_ID,
    "EXACT_CLIENT_SECRET_NL": "tests-only-client-secret",
    "EXACT_WEBHOOK_SECRET_NL": EXACT_WEBHOOK_SECRET,
    "EXACT_BASE_URL_NL": "http://exact.test/nl",
    "UPS_BASE_URL_TEST": "http://ups.test",
    "UPS_BASE_URL_PRODUCTION": "http://ups-production.test",
    "EMAIL_URL": "memorymail://",
    "LOG_LEVEL": "WARNING",
}
for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)
os.environ.setdefault("DATABASE_URL", "postgresql:///ml_connector")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/0")
# Static files are collected for a release only; without their folder there would be a warning, which is an error here.
(Path(__file__).resolve().parent.parent / ".local" / "static").mkdir(parents=True, exist_ok=True)
