"""The control routes under `/sandbox/`: what an App Center, a founder and a bookkeeper would do by hand."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from sandbox.core.answers import json_answer, read_object, refusal
from sandbox.exact.booking import Booking, BookingError, portions
from sandbox.exact.registration import InvalidAppError, read_app
from sandbox.exact.screens import ScreenError, Screens
from sandbox.exact.seed import Seeder
from sandbox.exact.sites import SITES
from sandbox.exact.store import Company, User
from sandbox.exact.webhooks import SUBSCRIPTIONS, VALIDATED, Notifier
from sandbox.exact.world import World


class ControlError(ValueError):
    """What was asked cannot be done."""

    def __init__(self, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@web.middleware
async def plain_refusals(request: web.Request, handler: object) -> web.StreamResponse:
    """Wrong input to these routes is answered in words."""
    if not callable(handler):
        raise TypeError
    try:
        return await handler(request)  # type: ignore[no-any-return]
    except ControlError as err:
        return refusal(str(err), status=err.status)
    except (BookingError, InvalidAppError, ScreenError) as err:
        return refusal(str(err), status=getattr(err, "status", 400))


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Handlers of the control routes."""

    world: World
    seeder: Seeder
    booking: Booking
    screens: Screens
    notifier: Notifier

    def routes(self) -> list[web.RouteDef]:
        """To be added to the application."""
        company = r"/sandbox/companies/{division:\d+}"
        record = company + r"/records/{path:[A-Za-z/]+}"
        return [
            web.get("/sandbox/apps", self.list_apps),
            web.post("/sandbox/apps", self.register_app),
            web.get("/sandbox/companies", self.list_companies),
            web.post("/sandbox/companies", self.found_company),
            web.get(company, self.show_company),
            web.patch(company, self.change_company),
            web.get(company + "/deliveries", self.list_deliveries),
            web.post(company + "/deliveries", self.book),
            web.get(company + "/deliveries/{key}", self.show_delivery),
            web.post(company + "/rights", self.set_rights),
            web.post(record, self.create_record),
            web.get(record + "/{key:[0-9a-fA-F-]{36}}", self.show_record),
            web.patch(record + "/{key:[0-9a-fA-F-]{36}}", self.change_record),
            web.delete(record + "/{key:[0-9a-fA-F-]{36}}", self.remove_record),
            web.post("/sandbox/users/{user_id}/revoke", self.revoke),
            web.post("/sandbox/users/{user_id}/divisions", self.open_division),
            web.post("/sandbox/tokens/let-renew", self.let_renew),
            web.get("/sandbox/subscriptions", self.list_subscriptions),
            web.get("/sandbox/notifications", self.list_notifications),
        ]

    async def register_app(self, request: web.Request) -> web.Response:
        """Register an app at a site, or replace its registration."""
        app = read_app(await read_object(request))
        self.world.apps[app.key] = app
        return json_answer(_shown_app(app.site, app.client_id, app.redirect_uris, app.scopes), status=201)

    async def list_apps(self, request: web.Request) -> web.Response:
        """Registrations without their secrets."""
        del request
        apps = [_shown_app(app.site, app.client_id, app.redirect_uris, app.scopes) for app in self.world.apps.values()]
        return json_answer({"apps": apps})

    async def found_company(self, request: web.Request) -> web.Response:
        """A company with sample data; `user` names a person who is there already, by id or e-mail."""
        order = await read_object(request)
        site = _text(order, "site") or "nl"
        if site not in SITES:
            raise ControlError("site must be one of: " + ", ".join(SITES))
        user = self._user(site, _text(order, "user"))
        company = self.seeder.make_company(site, user=user, name=_text(order, "name"), country=_text(order, "country"))
        return json_answer(self.booking.describe(company, user), status=201)

    async def list_companies(self, request: web.Request) -> web.Response:
        """Every company with its people."""
        del request
        companies = [self.booking.describe(company, self._owner(company)) for company in self.world.companies.values()]
        return json_answer({"companies": companies})

    async def show_company(self, request: web.Request) -> web.Response:
        """One company, as when it was founded."""
        company = self._company(request)
        return json_answer(self.booking.describe(company, self._owner(company)))

    async def change_company(self, request: web.Request) -> web.Response:
        """Facts of `system/Divisions`, such as `BlockingStatus`, `Status` (2 = archived) or `DivisionMoveDate`."""
        company = self._company(request)
        changed = self.screens.change_company(company, await read_object(request))
        return json_answer(changed)

    async def book(self, request: web.Request) -> web.Response:
        """Book goods deliveries as a person in Exact would, sales orders included."""
        company = self._company(request)
        order = await read_object(request)
        booked: list[dict[str, object]] = []
        for portion in portions(order):
            booked += self.booking.book(company, portion, user_id=self._owner(company).user_id)
            await asyncio.sleep(0)
        return json_answer({"deliveries": booked}, status=201)

    async def list_deliveries(self, request: web.Request) -> web.Response:
        """All deliveries with their lines."""
        return json_answer({"deliveries": self.booking.deliveries(self._company(request))})

    async def show_delivery(self, request: web.Request) -> web.Response:
        """One delivery with its lines."""
        return json_answer(self.booking.delivery(self._company(request), request.match_info["key"].lower()))

    async def set_rights(self, request: web.Request) -> web.Response:
        """Which resources (or `resource:VERB`) the company's users may not use."""
        company = self._company(request)
        missing = (await read_object(request)).get("missing")
        if not isinstance(missing, list):
            raise ControlError("missing is a list of resources.")
        company.missing_rights = frozenset(str(each) for each in missing)
        return json_answer({"missing": sorted(company.missing_rights)})

    async def create_record(self, request: web.Request) -> web.Response:
        """A record made by hand; read-only rules do not apply."""
        company = self._company(request)
        values = await read_object(request)
        made = self.screens.create(company, request.match_info["path"], values, user_id=self._owner(company).user_id)
        return json_answer(made, status=201)

    async def show_record(self, request: web.Request) -> web.Response:
        """Every property of a record."""
        found = self.screens.show(self._company(request), request.match_info["path"], request.match_info["key"].lower())
        return json_answer(found)

    async def change_record(self, request: web.Request) -> web.Response:
        """A record changed by hand."""
        company = self._company(request)
        changed = self.screens.change(
            company,
            request.match_info["path"],
            request.match_info["key"].lower(),
            await read_object(request),
            user_id=self._owner(company).user_id,
        )
        return json_answer(changed)

    async def remove_record(self, request: web.Request) -> web.Response:
        """A record removed by hand."""
        company = self._company(request)
        key = request.match_info["key"].lower()
        self.screens.remove(company, request.match_info["path"], key, user_id=self._owner(company).user_id)
        return json_answer({"removed": key})

    async def open_division(self, request: web.Request) -> web.Response:
        """Another person of the site may open the company too."""
        user = self.world.users.get(request.match_info["user_id"].lower())
        division = (await read_object(request)).get("division")
        company = self.world.companies.get(division) if isinstance(division, int) else None
        if user is None or company is None or company.site != user.site:
            raise ControlError("There is no such user, or no such company at this site.", status=404)
        if company.division not in user.divisions:
            user.divisions.append(company.division)
        return json_answer({"divisions": user.divisions})

    async def revoke(self, request: web.Request) -> web.Response:
        """The user withdraws consent from every app."""
        user_id = request.match_info["user_id"].lower()
        if user_id not in self.world.users:
            raise ControlError("There is no such user.", status=404)
        return json_answer({"revoked": self.world.grants.revoke_user(user_id)})

    async def let_renew(self, request: web.Request) -> web.Response:
        """Every token may be renewed now, as if 570 seconds had passed; limits and other clocks stay."""
        del request
        return json_answer({"chains": self.world.grants.let_renew()})

    async def list_subscriptions(self, request: web.Request) -> web.Response:
        """Webhook subscriptions of all companies, with whether they answered the empty call."""
        del request
        rows = [
            {
                "division": company.division,
                "topic": row["Topic"],
                "client_id": row["ClientID"],
                "callback_url": row["CallbackURL"],
                "is_instant": row["IsInstant"],
                "is_validated": row[VALIDATED],
            }
            for company in self.world.companies.values()
            for row in company.table(SUBSCRIPTIONS).rows()
        ]
        return json_answer({"subscriptions": rows})

    async def list_notifications(self, request: web.Request) -> web.Response:
        """Notifications with the answers they got, oldest first."""
        division = request.query.get("division")
        sent = [each.as_json() for each in self.notifier.sent if division is None or str(each.division) == division]
        return json_answer({"notifications": sent})

    def _company(self, request: web.Request) -> Company:
        company = self.world.companies.get(int(request.match_info["division"]))
        if company is None:
            raise ControlError("There is no such company.", status=404)
        return company

    def _owner(self, company: Company) -> User:
        return next(user for user in self.world.users.values() if company.division in user.divisions)

    def _user(self, site: str, wanted: str | None) -> User:
        if wanted is None:
            return self.seeder.make_user(site)
        for user in self.world.users_of(site):
            if wanted.lower() in {user.user_id, user.email}:
                return user
        raise ControlError("There is no such user at this site.", status=404)


def _shown_app(
    site: str, client_id: str, redirect_uris: tuple[str, ...], scopes: Mapping[str, str]
) -> dict[str, object]:
    return {"site": site, "client_id": client_id, "redirect_uris": list(redirect_uris), "scopes": dict(scopes)}


def _text(order: Mapping[str, object], name: str) -> str | None:
    value = order.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ControlError(f"{name} must be text.")
    return value
