"""What a new customer has done and still has to do. Reads only, inside the tenant's context."""

import uuid
from dataclasses import dataclass

from exact.models import Connection
from syncjobs.models import ShippingRule
from ups.models import SEALED, Account


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStep:
    """One step; `address` is the name of its page."""

    address: str
    title: str
    is_done: bool
    text: str
    button: str


def first_steps(tenant_id: uuid.UUID) -> list[FirstStep]:
    """The three steps in the order they are taken."""
    connection = Connection.objects.filter(tenant_id=tenant_id, disconnected_at=None).first()
    account = Account.objects.defer(*SEALED).filter(tenant_id=tenant_id).order_by("pk").first()
    mapped = ShippingRule.objects.filter(tenant_id=tenant_id).exclude(service_code="").count()
    is_checked = account is not None and account.checked_at is not None and not account.check_problem
    return [
        FirstStep(
            address="exact:connection",
            title="Connect Exact Online",
            is_done=connection is not None,
            text=f"Connected with {connection.division_name}." if connection else "Allow us to read goods deliveries.",
            button="Connect",
        ),
        FirstStep(
            address="ups:accounts",
            title="Connect UPS",
            is_done=is_checked,
            text=_ups_words(account, is_checked=is_checked),
            button="Add account" if account is None else "See what is wrong",
        ),
        FirstStep(
            address="syncjobs:rules",
            title="Choose a UPS service for each shipping method",
            is_done=mapped > 0,
            text=_rules_words(mapped),
            button="Choose",
        ),
    ]


def _ups_words(account: Account | None, *, is_checked: bool) -> str:
    if account is None:
        return "Enter your shipper number and the credentials of your UPS app."
    if is_checked:
        return f"{account.name} ({account.shipper_number}, {account.get_environment_display()})."
    return account.check_problem or "UPS was not asked yet whether the account works."


def _rules_words(mapped: int) -> str:
    if mapped == 0:
        return "Only deliveries with a chosen shipping method become UPS shipments."
    return f"{mapped} shipping method{'' if mapped == 1 else 's'} {'goes' if mapped == 1 else 'go'} with UPS."
