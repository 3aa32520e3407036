"""What is missing from a production environment without keeping the site from starting; each says how to fix it."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as Advice

CONSOLE = "django.core.mail.backends.console.EmailBackend"


def alarms_reach_somebody(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """An address with https is production: there alarms must leave the machine."""
    if not settings.PUBLIC_URL.startswith("https://"):
        return []
    found: list[CheckMessage] = []
    if settings.EMAIL_BACKEND == CONSOLE:
        found.append(
            Advice(
                "Mails reach nobody: without EMAIL_URL they are printed to the log of the process.",
                hint="Set EMAIL_URL (or EMAIL_URL_FILE), such as smtp+tls://user:password@host:587.",
                id="connector_site.W001",
            )
        )
    if not settings.OPERATOR_EMAILS:
        found.append(
            Advice(
                "Nobody is told by mail when a queue or the scheduler stands still.",
                hint="Set OPERATOR_EMAILS to the addresses of those who run the service, separated by commas.",
                id="connector_site.W002",
            )
        )
    return found
