"""What an address means: site, division, resource, key and what follows it."""

import re
from dataclasses import dataclass

from aiohttp import web

from sandbox.exact.sites import SITES

_ADDRESS = re.compile(r"/(?P<site>[a-z]{2})/api/(?P<rest>.*)", re.DOTALL)
_OAUTH = {"oauth2/auth": "oauth.authorize", "oauth2/token": "oauth.token"}
_VERSION = "v1/"
COUNT = "$count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A resource address taken apart. `key` is the text between the parentheses, None without them."""

    site: str
    division: int | None
    path: str
    key: str | None
    tail: str


TARGET = web.RequestKey("target", Target)


def read_target(path: str) -> Target | None:
    """The target of a call to `/{site}/api/v1/...`; None for anything else."""
    match = _ADDRESS.fullmatch(path)
    if match is None or match["site"] not in SITES or not match["rest"].startswith(_VERSION):
        return None
    rest = match["rest"][len(_VERSION) :]
    first, _, below = rest.partition("/")
    division = int(first) if first.isdecimal() else None
    resource = rest if division is None else below
    head, opening, behind = resource.partition("(")
    if opening:
        key, closing, tail = behind.rpartition(")")
        tail = tail.removeprefix("/") if closing else behind
        return Target(site=match["site"], division=division, path=head, key=key if closing else behind, tail=tail)
    base, _, last = head.rpartition("/")
    if last == COUNT:
        return Target(site=match["site"], division=division, path=base, key=None, tail=COUNT)
    return Target(site=match["site"], division=division, path=head, key=None, tail="")


def identify(request: web.Request) -> str:
    """The operation for call log and faults, such as `GET salesorder/GoodsDeliveries` or `oauth.token`."""
    target = read_target(request.path)
    if target is not None:
        request[TARGET] = target
        return f"{request.method} {target.path}"
    match = _ADDRESS.fullmatch(request.path)
    return _OAUTH.get(match["rest"], "") if match else ""


def site_root(request: web.Request, site: str) -> str:
    """The site's own base as the caller wrote it, prefix included."""
    return f"{request.scheme}://{request.host}/{site}"
