"""What is set up, in a few lines: shown before a company goes live. Reads only, inside the tenant's context."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from exact.models import Connection
from syncjobs.models import ShipFrom, ShippingRule
from syncjobs.rule_book import live_connection
from syncjobs.ship_from import EVERYWHERE, places_of, ship_from_of
from ups.models import SEALED, Account
from ups.services import service_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A shipping method of Exact and the UPS service it means."""

    method: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What going live would use."""

    connection: Connection | None
    accounts: tuple[Account, ...]
    ship_from: ShipFrom | None
    mapped: tuple[Mapped, ...]

    @property
    def is_test(self) -> bool:
        """Whether all labels would be those of UPS's test system, which no driver takes."""
        return bool(self.accounts) and all(account.environment == Account.Environment.TEST for account in self.accounts)


def of(tenant_id: uuid.UUID) -> Summary:
    """Of the company that is connected now."""
    connection = live_connection(tenant_id)
    if connection is None:
        return Summary(connection=None, accounts=(), ship_from=None, mapped=())
    rules = ShippingRule.objects.filter(tenant_id=tenant_id, connection=connection).exclude(service_code="")
    rules = rules.select_related("account").defer(*(f"account__{name}" for name in SEALED)).order_by("position", "pk")
    places = places_of(connection)
    names = dict(connection.shipping_methods.values_list("exact_id", "description"))
    accounts = {rule.account.pk: rule.account for rule in rules if rule.account is not None}
    return Summary(
        connection=connection,
        accounts=tuple(accounts.values()),
        ship_from=places.get(EVERYWHERE),
        mapped=tuple(
            Mapped(
                method=names.get(rule.exact_method_id, ""),
                service=service_name(_origin(rule, places), rule.service_code),
            )
            for rule in rules
        ),
    )


def _origin(rule: ShippingRule, places: Mapping[str, ShipFrom]) -> str:
    """The country that such parcels leave from, which decides what UPS calls the service."""
    return ship_from_of(places, rule.account, rule.warehouse_code).country if rule.account else ""
