"""The consent page: who is signed in, and which companies the app may see (exact.md 3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import jinja2
from aiohttp import web

from sandbox.core.pages import page
from sandbox.exact.sites import SITES
from sandbox.exact.store import User
from sandbox.exact.world import App, World

SESSION_COOKIE = "exact_signed_in"
DENIED = "access_denied"


class UnfitRequestError(Exception):
    """The authorize request cannot be trusted: say so here, redirect nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A checked authorize request."""

    app: App
    redirect_uri: str
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage:
    """Shows the page and takes its answer. Plain forms, no script."""

    world: World
    templates: jinja2.Environment

    async def show(self, request: web.Request) -> web.Response:
        """Sign-in first when nobody is signed in or `force_login=1`, then the choice of companies."""
        try:
            ask = self._read(request)
        except UnfitRequestError as unfit:
            return self._error(str(unfit))
        users = self.world.users_of(ask.app.site)
        if self.world.settings.auto_consent and users:
            chosen = self.world.users.get(self.world.settings.auto_consent_user, users[-1])
            return self._allow(ask, chosen, frozenset(chosen.divisions))
        user_id = request.query.get("signed_in") or self._signed_in_before(request)
        user = self.world.users.get(user_id)
        if user is None or user.site != ask.app.site:
            return self._sign_in(request, ask, users)
        response = self._choose(request, ask, user)
        response.set_cookie(SESSION_COOKIE, user.user_id, path=f"/{ask.app.site}/", httponly=True, samesite="Lax")
        return response

    async def answer(self, request: web.Request) -> web.Response:
        """Allow or Refuse was pressed."""
        try:
            ask = self._read(request)
        except UnfitRequestError as unfit:
            return self._error(str(unfit))
        form = await request.post()
        if form.get("decision") == "refuse":
            return _redirect(ask, {"error": DENIED})
        user = self.world.users.get(str(form.get("user_id", "")))
        if user is None or user.site != ask.app.site:
            return self._sign_in(request, ask, self.world.users_of(ask.app.site))
        chosen = {int(text) for text in map(str, form.getall("division", [])) if text.isdecimal()}
        allowed = frozenset(chosen & set(user.divisions))
        if form.get("decision") != "allow" or not allowed:
            return self._choose(request, ask, user, problem="Choose at least one company, or refuse.")
        return self._allow(ask, user, allowed)

    def _read(self, request: web.Request) -> Ask:
        query = request.query
        site = request.match_info["site"]
        app = self.world.apps.get((site, query.get("client_id", "").lower()))
        if app is None:
            raise UnfitRequestError("This app is not registered at this site of Exact Online.")
        redirect_uri = query.get("redirect_uri", "")
        if redirect_uri not in app.redirect_uris:
            raise UnfitRequestError("The redirect URI is not the one registered for this app.")
        if query.get("response_type") != "code":
            raise UnfitRequestError("response_type must be code.")
        return Ask(app=app, redirect_uri=redirect_uri, state=query.get("state"))

    def _signed_in_before(self, request: web.Request) -> str:
        if request.query.get("force_login") == "1":
            return ""
        return request.cookies.get(SESSION_COOKIE, "")

    def _sign_in(self, request: web.Request, ask: Ask, users: list[User]) -> web.Response:
        kept = {name: value for name, value in request.query.items() if name != "signed_in"}
        values = self._common(ask) | {"users": list(reversed(users)), "kept": kept, "names": self._company_names(users)}
        return page(self.templates, "sign_in.html", values)

    def _choose(self, request: web.Request, ask: Ask, user: User, problem: str = "") -> web.Response:
        companies = [self.world.companies[division] for division in user.divisions if division in self.world.companies]
        switch = [(name, value) for name, value in request.query.items() if name not in {"signed_in", "force_login"}]
        values = self._common(ask) | {
            "user": user,
            "companies": companies,
            "problem": problem,
            "action": request.path_qs,
            "switch": [*switch, ("force_login", "1")],
        }
        return page(self.templates, "consent.html", values)

    def _common(self, ask: Ask) -> dict[str, object]:
        return {"title": f"Exact Online {SITES[ask.app.site].name}", "theme": "exact", "app": ask.app}

    def _company_names(self, users: list[User]) -> Mapping[str, list[str]]:
        companies = self.world.companies
        return {
            each.user_id: [companies[number].name for number in each.divisions if number in companies] for each in users
        }

    def _allow(self, ask: Ask, user: User, divisions: frozenset[int]) -> web.Response:
        code = self.world.grants.allow((ask.app.key, user.user_id), divisions, redirect_uri=ask.redirect_uri)
        return _redirect(ask, {"code": code})

    def _error(self, text: str) -> web.Response:
        values = {"title": "Exact Online", "theme": "exact", "problem": text}
        response = page(self.templates, "unfit.html", values)
        response.set_status(400)
        return response


def _redirect(ask: Ask, answer: Mapping[str, str]) -> web.Response:
    parameters = dict(answer) | ({} if ask.state is None else {"state": ask.state})
    joined = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    glue = "&" if "?" in ask.redirect_uri else "?"
    return web.Response(status=302, headers={"Location": f"{ask.redirect_uri}{glue}{joined}"})
