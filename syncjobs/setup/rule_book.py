"""The customer's shipping rules: which of Exact's shipping methods means which UPS service. Read and saved here."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from audit.models import Event
from audit.record import Happening, acting, changes, happenings
from exact.models import Connection, ShippingMethod
from syncjobs import replay
from syncjobs.models import ShippingRule
from syncjobs.setup.ship_from import EVERYWHERE, places_of, ship_from_of
from tenants import shipping_switch
from tenants.context import tenant_context
from ups.models import SEALED, SEALED_OF_ACCOUNT, Account

PLAIN_POSITION = 100
"""Rules of the page stand here; finer ones, by country or warehouse, come before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person chose for one shipping method; without an account the method is "not UPS"."""

    method: ShippingMethod
    account: Account | None
    service_code: str
    packaging_code: str
    length_cm: int | None
    width_cm: int | None
    height_cm: int | None
    parcel_max_weight_kg: Decimal | None
    label_format: str
    label_size: str

    def columns(self) -> dict[str, Any]:
        """The rule's columns."""
        return {
            "account": self.account,
            "service_code": self.service_code,
            "packaging_code": self.packaging_code,
            "length_cm": self.length_cm,
            "width_cm": self.width_cm,
            "height_cm": self.height_cm,
            "parcel_max_weight_kg": self.parcel_max_weight_kg,
            "label_format": self.label_format,
            "label_size": self.label_size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """An account with the country that its parcels leave from, which decides what UPS offers."""

    account: Account
    origin_country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a save did."""

    rules: int
    looked_at_again: int


def live_connection(tenant_id: uuid.UUID) -> Connection | None:
    """The Exact company whose methods are mapped. Inside the tenant's context."""
    return Connection.objects.filter(tenant_id=tenant_id, disconnected_at=None).order_by("pk").first()


def senders_of(connection: Connection) -> list[Sender]:
    """The accounts a rule may name, by name. Inside the tenant's context."""
    places = places_of(connection)
    accounts = Account.objects.defer(*SEALED).filter(tenant_id=connection.tenant_id).order_by("name", "pk")
    return [
        Sender(account=account, origin_country=ship_from_of(places, account, EVERYWHERE).country)
        for account in accounts
    ]


def methods_to_map(tenant_id: uuid.UUID, connection: Connection) -> list[tuple[ShippingMethod, ShippingRule | None]]:
    """Active methods, then inactive ones that have a rule, with the rule of each. Inside the tenant's context."""
    rules = {rule.exact_method_id: rule for rule in _plain_rules(tenant_id, connection.pk)}
    found = ShippingMethod.objects.filter(tenant_id=tenant_id, connection=connection).order_by(
        "-active", "exact_code", "pk"
    )
    return [(method, rules.get(method.exact_id)) for method in found if method.active or method.exact_id in rules]


def save(
    *,
    actor: str,
    tenant_id: uuid.UUID,
    connection: Connection,
    chosen: Iterable[Choice],
    dropped: Iterable[ShippingMethod],
    at: datetime,
) -> Saved:
    """Keep the choices, forget the rules of `dropped`, and look again at what was skipped for want of a rule."""
    with acting(actor), tenant_context(tenant_id):
        rules = {rule.exact_method_id: rule for rule in _plain_rules(tenant_id, connection.pk)}
        events = [event for choice in chosen if (event := _keep(choice, rules.get(choice.method.exact_id), connection))]
        events += [_forget(method, rules[method.exact_id]) for method in dropped if method.exact_id in rules]
        if events:
            shipping_switch.plan_anew(tenant_id, at=at)
        again = replay.reconsider_skipped(tenant_id, at) if events else 0
        happenings(tenant_id, events)
    return Saved(rules=len(events), looked_at_again=again)


def _plain_rules(tenant_id: uuid.UUID, connection_id: int) -> Iterable[ShippingRule]:
    rows = ShippingRule.objects.select_related("account").defer(*SEALED_OF_ACCOUNT)
    return rows.filter(
        tenant_id=tenant_id, connection_id=connection_id, country="", warehouse_code="", position=PLAIN_POSITION
    )


def _keep(choice: Choice, rule: ShippingRule | None, connection: Connection) -> Happening | None:
    columns = choice.columns()
    if rule is None:
        rule = ShippingRule.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            exact_method_id=choice.method.exact_id,
            position=PLAIN_POSITION,
            **columns,
        )
        return _changed(rule, choice.method, changes({}, _plain(columns), shown=columns))
    before = {name: getattr(rule, name) for name in columns}
    told = changes(_plain(before), _plain(columns), shown=columns)
    if not told:
        return None
    for name in told["fields"]:
        setattr(rule, name, columns[name])
    rule.save(update_fields=told["fields"])
    return _changed(rule, choice.method, told)


def _plain(columns: Mapping[str, Any]) -> dict[str, Any]:
    """As the trail keeps them: an account by its code, a measure by its digits."""
    return {name: value.code if isinstance(value, Account) else value for name, value in columns.items()}


def _forget(method: ShippingMethod, rule: ShippingRule) -> Happening:
    event = _changed(rule, method, {"fields": ["removed"]})
    rule.delete()
    return event


def _changed(rule: ShippingRule, method: ShippingMethod, told: Mapping[str, Any]) -> Happening:
    return Happening(
        kind=Event.Kind.CHANGED,
        subject_kind="shipping rule",
        subject=rule.code,
        details={"method": method.exact_code, "service": rule.service_code or "not UPS", **told},
    )
