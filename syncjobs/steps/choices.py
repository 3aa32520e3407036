"""What the tenant has chosen, read once for all deliveries that are worked on together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from exact.models import Connection
from syncjobs.models import ShipFrom, ShippingRule
from syncjobs.setup.ship_from import places_of
from tenants.models import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The rules of one connection with their UPS accounts, the unit of weights, and the names of shipping methods.

    `shipping_mode` and `ships_from_at` say whether and from when anything is shipped, `ship_from` from where, by
    Exact's code of the warehouse (`ship_from.ship_from_of`). What is planned with them is as old as they are
    (`read_at`).
    """

    read_at: datetime
    rules: tuple[ShippingRule, ...]
    weight_unit: Tenant.WeightUnit
    shipping_mode: Tenant.ShippingMode
    ships_from_at: datetime | None
    method_names: dict[UUID, str]
    ship_from: Mapping[str, ShipFrom] = field(default_factory=dict)

    def rules_for(self, method_id: UUID | None) -> list[ShippingRule]:
        """The rules that speak of this shipping method."""
        return [rule for rule in self.rules if rule.exact_method_id == method_id]


def choices_of(connection: Connection) -> Choices:
    """Read them, within the tenant's context."""
    read_at = timezone.now()
    rules = ShippingRule.objects.filter(tenant_id=connection.tenant_id, connection=connection)
    tenant = Tenant.objects.only("weight_unit", "shipping_mode", "ships_from_at").get(pk=connection.tenant_id)
    names = connection.shipping_methods.values_list("exact_id", "exact_code", "description")
    return Choices(
        read_at=read_at,
        rules=tuple(rules.select_related("account")),
        weight_unit=Tenant.WeightUnit(tenant.weight_unit),
        shipping_mode=Tenant.ShippingMode(tenant.shipping_mode),
        ships_from_at=tenant.ships_from_at,
        method_names={exact_id: f"{code} {description}".strip() for exact_id, code, description in names},
        ship_from=places_of(connection),
    )
