"""Rows made for one call: who is signed in, and which companies the app may see (exact.md 4)."""

from sandbox.exact.access import Caller
from sandbox.exact.sites import SITES
from sandbox.exact.store import Company, Row
from sandbox.exact.wallclock import to_wall_ms, utc_offset_seconds, wall_text
from sandbox.exact.world import World

ARCHIVED = 2
_SECONDS_TEXT = len("2026-05-04T09:15:27")


def visible_companies(world: World, caller: Caller) -> list[Company]:
    """Companies the user may open and allowed the app to see."""
    allowed = world.grants.consents.get(caller.grant, frozenset())
    mine = (world.companies.get(division) for division in caller.user.divisions if division in allowed)
    return [company for company in mine if company is not None and company.site == caller.app.site]


def current_division(caller: Caller) -> int:
    """What the user opened last in Exact's own screens: here the newest company, allowed to the app or not."""
    return caller.user.divisions[-1] if caller.user.divisions else 0


def me_row(world: World, caller: Caller) -> Row:
    """The one row of `current/Me`."""
    now = world.clock.now()
    user = caller.user
    company = world.companies.get(current_division(caller))
    return {
        "UserID": user.user_id,
        "UserName": user.email,
        "FullName": user.full_name,
        "FirstName": user.first_name,
        "LastName": user.last_name,
        "Email": user.email,
        "Language": user.language,
        "LanguageCode": "en-GB",
        "Gender": "O",
        "CurrentDivision": current_division(caller),
        "AccountingDivision": current_division(caller),
        "DivisionCustomer": company.facts["Customer"] if company else None,
        "DivisionCustomerCode": company.facts["CustomerCode"] if company else None,
        "DivisionCustomerName": company.name if company else None,
        "CustomerCode": company.facts["CustomerCode"] if company else None,
        "Legislation": SITES[caller.app.site].legislation,
        "ServerTime": wall_text(to_wall_ms(now))[:_SECONDS_TEXT],
        "ServerUtcOffset": float(utc_offset_seconds(now)),
        "PackageCode": "EOLAPPCENTER",
        "IsClientUser": True,
        "IsEmployeeSelfServiceUser": False,
        "IsMyFirmLiteUser": False,
        "IsMyFirmPortalUser": False,
        "IsStarterUser": False,
        "IsOEIMigrationMandatory": False,
    }


def division_row(company: Company, caller: Caller, *, resource_path: str) -> Row:
    """One company. `Status` has other codes in hrm (0, 1) than in system (1, 2) (exact.md 4)."""
    facts = company.facts
    common: Row = dict(facts) | {
        "Code": company.division,
        "Description": company.name,
        "Country": company.country.ljust(3),
        "CustomerName": company.name,
        "Main": company.division == caller.user.divisions[0],
        "VATNumber": None,
    }
    if resource_path == "hrm/Divisions":
        return common | {"Status": 1 if facts["Status"] == ARCHIVED else 0, "HID": facts["HID"]}
    return common | {
        "Current": company.division == current_division(caller),
        "Hid": facts["HID"],
        "Legislation": company.country.ljust(3),
        "IsMainDivision": common["Main"],
        "IsDossierDivision": False,
        "IsHRDivision": False,
        "IsPracticeDivision": False,
        "Email": caller.user.email,
    }
