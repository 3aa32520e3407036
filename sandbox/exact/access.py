"""May this call be made: token, site, consent, scope, user right (exact.md 2, 3, 6.5)."""

from dataclasses import dataclass

from aiohttp import web

from sandbox.exact.catalog import Resource
from sandbox.exact.errors import RefusedError
from sandbox.exact.grants import GrantKey
from sandbox.exact.limits import ErrorKey
from sandbox.exact.store import Company, User
from sandbox.exact.target import Target
from sandbox.exact.world import MANAGE, READ, App, World

UNAUTHORIZED = "Unauthorized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The app and the person behind a bearer token."""

    app: App
    user: User

    @property
    def grant(self) -> GrantKey:
        """The pair that owns the token chain."""
        return (self.app.key, self.user.user_id)


class UnauthorizedError(RefusedError):
    """401. `caller` is set when the token was known once, so that the error can be counted."""

    def __init__(self, caller: Caller | None = None) -> None:
        super().__init__(401, UNAUTHORIZED)
        self.caller = caller


def authenticate(world: World, request: web.Request, *, site: str) -> Caller:
    """The caller behind `Authorization: Bearer`; tokens of another site do not count here."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    found = world.grants.find_access(token.strip()) if kind.lower() == "bearer" else None
    if found is None:
        raise UnauthorizedError
    app_key, user_id = found.chain.grant
    app = world.apps.get(app_key)
    user = world.users.get(user_id)
    if app is None or user is None or app.site != site:
        raise UnauthorizedError
    caller = Caller(app=app, user=user)
    if not world.grants.is_current(found):
        raise UnauthorizedError(caller)
    return caller


def error_key(caller: Caller, target: Target) -> ErrorKey:
    """What errors are counted by. The strictest reading of endpoint: a resource with all its verbs."""
    return (caller.app.key, caller.user.user_id, target.division, target.path)


def open_company(world: World, caller: Caller, target: Target) -> Company:
    """The division in the address, if the user may open it and allowed the app to see it."""
    company = world.companies.get(target.division or 0)
    allowed = world.grants.consents.get(caller.grant, frozenset())
    if (
        company is None
        or company.site != target.site
        or company.division not in allowed
        or company.division not in caller.user.divisions
    ):
        raise RefusedError(403, "Forbidden - You do not have access to this company.")
    return company


def require_scope(app: App, scope: str | None, *, method: str) -> None:
    """403 with the recorded text when the registration lacks the scope at the level the verb needs."""
    if scope is None:
        return
    needed = READ if method == "GET" else MANAGE
    level = app.scopes.get(scope)
    if level in {MANAGE, needed}:
        return
    dotted = scope.replace(" ", ".")
    raise RefusedError(403, f"Forbidden - Application Scope Violated. Cannot {needed} '{dotted}' scope.")


def has_right(company: Company, path: str, method: str) -> bool:
    """Whether the users of this company may use the resource with this verb."""
    return path not in company.missing_rights and f"{path}:{method}" not in company.missing_rights


def require_right(company: Company, resource: Resource, *, method: str) -> None:
    """403 in other words than a missing scope (exact.md 6.5)."""
    if not has_right(company, resource.table, method) or not has_right(company, resource.path, method):
        raise RefusedError(403, "Forbidden - You do not have sufficient rights to perform this action.")
