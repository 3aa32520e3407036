"""What is set up, in a few lines: shown before a company goes live. Reads only, inside the tenant's context."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from exact.models import Connection, ShippingMethod
from syncjobs.models import ShipFrom, ShippingRule
from syncjobs.setup.rule_book import live_connection, methods_to_map
from syncjobs.setup.ship_from import EVERYWHERE, places_of, ship_from_of
from ups.models import SEALED, Account
from ups.services import service_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A shipping method of Exact and the UPS service it means."""

    method: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What going live would use, and the shipping methods whose deliveries stay with the customer."""

    connection: Connection | None
    accounts: tuple[Account, ...]
    ship_from: ShipFrom | None
    mapped: tuple[Mapped, ...]
    not_ups: tuple[str, ...] = ()
    not_chosen: tuple[str, ...] = ()

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
    left = _left(connection)
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
        not_ups=tuple(method.description for method, is_decided in left if is_decided),
        not_chosen=tuple(method.description for method, is_decided in left if not is_decided),
    )


def _left(connection: Connection) -> list[tuple[ShippingMethod, bool]]:
    """Active methods that no UPS service was chosen for, and whether that was decided."""
    pairs = methods_to_map(connection.tenant_id, connection)
    return [(method, rule is not None) for method, rule in pairs if method.active and not (rule and rule.is_ups)]


def _origin(rule: ShippingRule, places: Mapping[str, ShipFrom]) -> str:
    """The country that such parcels leave from, which decides what UPS calls the service."""
    return ship_from_of(places, rule.account, rule.warehouse_code).country if rule.account else ""
