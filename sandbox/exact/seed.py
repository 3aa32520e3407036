"""A new company with believable records."""

import itertools
import random
import unicodedata
from dataclasses import dataclass

from sandbox.exact.catalog import RESOURCES, Style
from sandbox.exact.records import Records
from sandbox.exact.sales import Sales
from sandbox.exact.sample_data import (
    ACCOUNTS,
    COMPANY_NAMES,
    DOCUMENT_TYPES,
    FIRST_NAMES,
    ITEMS,
    LAST_NAMES,
    METHODS,
    PLACES,
    SampleAccount,
    SamplePlace,
)
from sandbox.exact.sites import SITES
from sandbox.exact.store import Company, Row, Table, User
from sandbox.exact.wallclock import start_of_day_ms
from sandbox.exact.world import World, new_guid

VISIT_ADDRESS, DELIVERY_ADDRESS = 1, 4
METHOD_CODE_WIDTH = 10
COUNTERS = ("order", "delivery", "entry", "account", "contact", "document")
SAMPLE_ORDERS = 3


@dataclass(slots=True)
class Seeder:
    """Founds companies and users."""

    world: World
    records: Records
    sales: Sales

    def make_user(self, site: str) -> User:
        """A person with a login at the site."""
        first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
        user_id = new_guid()
        email = f"{first}.{last.replace(' ', '')}.{user_id[:4]}@example.com".lower()
        user = User(user_id=user_id, site=site, email=email, first_name=first, last_name=last)
        self.world.users[user_id] = user
        return user

    def make_company(self, site: str, *, user: User, name: str | None, country: str | None) -> Company:
        """A division that the user may open, with warehouses, carriers, goods, customers and orders."""
        company = self._found(site, name=name, country=country or SITES[site].country)
        self.world.companies[company.division] = company
        user.divisions.append(company.division)
        self._add_warehouse(company, user)
        self._add_masters(company, user)
        own_first = sorted(ACCOUNTS, key=lambda each: each.country != company.country)
        accounts = [self._add_account(company, each, user) for each in own_first]
        items = list(company.table("logistics/Items").rows())
        for account in accounts[:SAMPLE_ORDERS]:
            lines: list[Row] = [{"Item": item["ID"], "Quantity": 2.0} for item in random.sample(items[:-1], 2)]
            self.sales.make_order(company, {"OrderedBy": account["ID"]}, lines, user_id=user.user_id)
        return company

    def _found(self, site: str, *, name: str | None, country: str) -> Company:
        division = self.world.new_division()
        facts = _division_facts(
            SITES[site].currency, PLACES.get(country, PLACES["NL"]), country, now_ms=self.world.now_ms()
        )
        return Company(
            division=division,
            site=site,
            name=name or f"{random.choice(COMPANY_NAMES)} {division % 1000:03d} B.V.",
            country=country,
            created_at=self.world.clock.now(),
            users=self.world.users,
            facts=facts,
            tables=_empty_tables(),
            numbers={counter: itertools.count(random.randrange(1_000, 80_000)) for counter in COUNTERS},
        )

    def _add_warehouse(self, company: Company, user: User) -> None:
        warehouse = self.records.insert(
            company,
            "inventory/Warehouses",
            {"Code": "1", "Description": "Main warehouse", "Main": 1, "UseStorageLocations": 1},
            user_id=user.user_id,
        )
        company.facts["_warehouse"] = warehouse["ID"]
        for position in (1, 2, 3):
            place: Row = {
                "Code": f"A{position:02d}",
                "Description": f"Aisle A, shelf {position}",
                "Warehouse": warehouse["ID"],
                "Main": int(position == 1),
            }
            self.records.insert(company, "inventory/StorageLocations", place, user_id=user.user_id)
        here = PLACES.get(company.country, PLACES["NL"])
        address: Row = _place_columns(here, company.country) | {
            "Type": DELIVERY_ADDRESS,
            "Main": True,
            "Warehouse": warehouse["ID"],
            "Account": None,
        }
        self.records.insert(company, "crm/Addresses", address, user_id=user.user_id)
        without_address: Row = {"Code": "2", "Description": "Returns", "Main": 0, "UseStorageLocations": 0}
        self.records.insert(company, "inventory/Warehouses", without_address, user_id=user.user_id)

    def _add_masters(self, company: Company, user: User) -> None:
        for method in METHODS:
            row: Row = {
                "Code": method.code.ljust(METHOD_CODE_WIDTH),
                "Description": method.description,
                "Active": method.is_active,
                "TrackingURL": method.tracking_url,
                "Amount": 0.0,
            }
            self.records.insert(company, "sales/ShippingMethods", row, user_id=user.user_id)
        for item in ITEMS:
            row = {
                "Code": item.code,
                "Description": item.description,
                "NetWeight": item.net_weight,
                "GrossWeight": None if item.net_weight is None else round(item.net_weight * 1.1, 3),
                "Unit": "pc",
                "UnitDescription": "Piece",
                "UnitType": "O",
                "IsStockItem": True,
                "IsSalesItem": True,
                "StandardSalesPrice": item.price,
                "CostPriceStandard": round(item.price * 0.6, 2),
                "StatisticalCode": item.statistical_code,
                "StartDate": company.facts["StartDate"],
            }
            self.records.insert(company, "logistics/Items", row, user_id=user.user_id)
        unit: Row = {"Code": "pc", "Description": "Piece", "Type": "O", "Active": True, "Main": 1}
        self.records.insert(company, "logistics/Units", unit, user_id=user.user_id)
        for type_id, text, is_creatable in DOCUMENT_TYPES:
            kind: Row = {
                "ID": type_id,
                "Description": text,
                "DocumentIsCreatable": is_creatable,
                "DocumentIsDeletable": is_creatable,
                "DocumentIsUpdatable": is_creatable,
                "DocumentIsViewable": True,
            }
            self.records.insert(company, "documents/DocumentTypes", kind, user_id=user.user_id)

    def _add_account(self, company: Company, sample: SampleAccount, user: User) -> Row:
        place = _account_columns(sample)
        account_row: Row = place | {
            "Code": str(company.next_number("account")).rjust(18),
            "Name": sample.name,
            "Phone": sample.phone,
            "Email": f"info@{_domain(sample)}",
            "VATNumber": sample.vat_number,
            "Status": "C",
            "Type": "A",
            "IsSales": True,
            "Blocked": False,
            "DeliveryAdvice": 0,
            "StartDate": company.facts["StartDate"],
        }
        account = self.records.insert(company, "crm/Accounts", account_row, user_id=user.user_id)
        contact_row: Row = {
            "Account": account["ID"],
            "FirstName": sample.first_name,
            "LastName": sample.last_name,
            "FullName": f"{sample.first_name} {sample.last_name}",
            "Email": _email(sample),
            "BusinessEmail": _email(sample),
            "Phone": sample.phone,
            "BusinessPhone": sample.phone,
            "IsMainContact": True,
            "HID": company.next_number("contact"),
        }
        contact = self.records.insert(company, "crm/Contacts", contact_row, user_id=user.user_id)
        table = company.table("crm/Accounts")
        table.change(account, {"MainContact": contact["ID"]}, timestamp=self.world.next_timestamp(company))
        for kind in (VISIT_ADDRESS, DELIVERY_ADDRESS):
            address: Row = place | {
                "Account": account["ID"],
                "Type": kind,
                "Main": True,
                "Contact": contact["ID"],
                "Phone": sample.phone,
            }
            self.records.insert(company, "crm/Addresses", address, user_id=user.user_id)
        return account


def _empty_tables() -> dict[str, Table]:
    """A table per single resource, and the deletions log."""
    return {
        path: Table(path, resource.key)
        for path, resource in RESOURCES.items()
        if resource.key and resource.table == path and (resource.style is Style.SINGLE or path == "sync/Deleted")
    }


def _division_facts(currency: str, place: SamplePlace, country: str, *, now_ms: int) -> Row:
    """What `system/Divisions` shows beside name and number."""
    return _place_columns(place, country) | {
        "Currency": currency,
        "Customer": new_guid(),
        "CustomerCode": str(random.randrange(100_000, 9_999_999)).rjust(18),
        "StartDate": start_of_day_ms(now_ms),
        "Created": now_ms,
        "Modified": now_ms,
        "Creator": new_guid(),
        "HID": random.randrange(1, 90),
        "BlockingStatus": 0,
        "Status": 1,
        "DivisionMoveDate": None,
        "DivisionHRLinkUnlinkDate": None,
    }


def _place_columns(place: SamplePlace, country: str) -> Row:
    return {
        "AddressLine1": place.street,
        "AddressLine2": None,
        "AddressLine3": None,
        "Postcode": place.postcode,
        "City": place.city,
        "State": place.state,
        "Country": country.ljust(3),
        "Phone": place.phone,
    }


def _account_columns(sample: SampleAccount) -> Row:
    return {
        "AddressLine1": sample.street,
        "AddressLine2": sample.street2,
        "AddressLine3": None,
        "Postcode": sample.postcode,
        "City": sample.city,
        "State": sample.state,
        "Country": sample.country.ljust(3),
    }


def _email(sample: SampleAccount) -> str:
    return f"{_plain(sample.first_name)}@{_domain(sample)}"


def _domain(sample: SampleAccount) -> str:
    words = "".join(letter if letter.isalnum() else "-" for letter in _plain(sample.name))
    return "-".join(word for word in words.split("-") if word)[:30].strip("-") + ".example"


def _plain(text: str) -> str:
    """Lower-case ASCII, accents dropped."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
