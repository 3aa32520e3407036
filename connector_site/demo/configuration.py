"""The environment of every process of the demo: what a host would be told in production."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from connector_site.demo.addresses import HOST, Addresses
from connector_site.lib.local_servers import ServerUrls

EXACT_SITES = ("NL", "BE", "DE", "FR", "ES", "UK", "US")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the processes are told, and the folders with their logs and with the mails they send."""

    addresses: Addresses
    servers: ServerUrls
    environment: dict[str, str]
    logs_directory: Path
    mailbox: Path

    def log(self, name: str) -> Path:
        """A log of this run alone."""
        path = self.logs_directory / f"{name}.log"
        path.unlink(missing_ok=True)
        return path


def _kept_secrets(path: Path) -> dict[str, str]:
    """Made once per data directory: rows written by an earlier run must stay readable with a database of your own."""
    if path.exists():
        return {name: str(value) for name, value in json.loads(path.read_text()).items()}
    made = {"SECRET_KEY": secrets.token_urlsafe(48), "FERNET_KEYS": secrets.token_urlsafe(32)}
    path.touch(mode=0o600)
    path.write_text(json.dumps(made))
    return made


def _exact_apps(addresses: Addresses) -> dict[str, str]:
    """One app registration for each site of the stand-in, which reads the same names at its start."""
    apps = {}
    for site in EXACT_SITES:
        apps[f"EXACT_BASE_URL_{site}"] = f"{addresses.exact}/{site.lower()}"
        apps[f"EXACT_CLIENT_ID_{site}"] = f"demo-{site.lower()}-{secrets.token_hex(8)}"
        apps[f"EXACT_CLIENT_SECRET_{site}"] = secrets.token_urlsafe(24)
        apps[f"EXACT_WEBHOOK_SECRET_{site}"] = secrets.token_urlsafe(24)
    return apps


def make_configuration(
    *, addresses: Addresses, servers: ServerUrls, data_directory: Path, tracking_hour_seconds: float | None = None
) -> Configuration:
    """`tracking_hour_seconds` is how long an hour between two questions about a parcel lasts, if not an hour."""
    made = {
        "DJANGO_SETTINGS_MODULE": "connector_site.settings",
        "PYTHONUNBUFFERED": "1",
        "PUBLIC_URL": addresses.site,
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "UPS_BASE_URL_TEST": addresses.ups,
        "UPS_BASE_URL_PRODUCTION": addresses.ups,
    }
    mailbox = data_directory.resolve() / "mails"
    made["EMAIL_URL"] = f"filemail:///{mailbox}"
    if tracking_hour_seconds is not None:
        made["TRACKING_HOUR_SECONDS"] = str(tracking_hour_seconds)
    return Configuration(
        addresses=addresses,
        servers=servers,
        environment={
            **os.environ,
            **_kept_secrets(data_directory / "secrets.json"),
            **made,
            **_exact_apps(addresses),
            **servers.environment,
        },
        logs_directory=servers.logs_directory,
        mailbox=mailbox,
    )
