"""Registering an app: from the control route, and from the environment when the process starts."""

from collections.abc import Iterator, Mapping

from sandbox.exact.sites import SITES
from sandbox.exact.subscriptions import is_reachable_address
from sandbox.exact.world import ALL_SCOPES, MANAGE, READ, App

CALLBACK_PATH = "/exact/callback"
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8700"


class InvalidAppError(ValueError):
    """The registration is refused."""


def read_app(order: Mapping[str, object]) -> App:
    """A registration as posted to `/sandbox/apps`."""
    site = _text(order, "site")
    if site not in SITES:
        raise InvalidAppError("site must be one of: " + ", ".join(SITES))
    redirect_uris = order.get("redirect_uris")
    if not isinstance(redirect_uris, list) or not redirect_uris:
        raise InvalidAppError("redirect_uris must be a list with at least one address.")
    delay = order.get("webhook_delay_ms")
    if delay is not None and (isinstance(delay, bool) or not isinstance(delay, int) or delay < 0):
        raise InvalidAppError("webhook_delay_ms must be a whole number, zero or more.")
    return App(
        site=site,
        client_id=_text(order, "client_id").lower(),
        client_secret=_text(order, "client_secret"),
        webhook_secret=_text(order, "webhook_secret"),
        redirect_uris=tuple(_redirect_uri(each) for each in redirect_uris),
        scopes=_scopes(order.get("scopes")),
        webhook_delay_ms=delay,
    )


def apps_from_environment(environ: Mapping[str, str]) -> Iterator[App]:
    """One app for each site whose `EXACT_CLIENT_ID_<SITE>` is set; an unfit one raises."""
    public_url = environ.get("PUBLIC_URL") or DEFAULT_PUBLIC_URL
    for site in SITES:
        suffix = site.upper()
        client_id = environ.get(f"EXACT_CLIENT_ID_{suffix}", "")
        if not client_id:
            continue
        yield read_app(
            {
                "site": site,
                "client_id": client_id,
                "client_secret": environ.get(f"EXACT_CLIENT_SECRET_{suffix}", ""),
                "webhook_secret": environ.get(f"EXACT_WEBHOOK_SECRET_{suffix}", ""),
                "redirect_uris": [public_url.rstrip("/") + CALLBACK_PATH],
            }
        )


def _redirect_uri(value: object) -> str:
    if not isinstance(value, str) or not is_reachable_address(value):
        raise InvalidAppError("A redirect URI must use https (plain http only on this machine).")
    return value


def _scopes(value: object) -> dict[str, str]:
    """A list grants each scope fully; an object gives the level of each."""
    if value is None:
        return dict(ALL_SCOPES)
    levels = dict.fromkeys(map(str, value), MANAGE) if isinstance(value, list) else value
    if not isinstance(levels, Mapping):
        raise InvalidAppError("scopes must be a list of names, or an object of levels.")
    scopes = {str(name): str(level) for name, level in levels.items()}
    unknown = sorted(scopes.keys() - ALL_SCOPES.keys())
    if unknown:
        raise InvalidAppError("Unknown scope: " + ", ".join(unknown))
    if set(scopes.values()) - {READ, MANAGE}:
        raise InvalidAppError("A scope has the level read or manage.")
    return scopes


def _text(order: Mapping[str, object], name: str) -> str:
    value = order.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidAppError(f"{name} must be given.")
    return value
