"""Where a company ships from: its own address in Exact, and its warehouses with theirs (`exact.md` 4 and 8.6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from pydantic import TypeAdapter

from connector_site.lib.secrets import UNREADABLE, seal, unseal
from exact import master
from exact.client import ExactClient
from exact.errors import ExactRejected, ExactRightMissing, ExactScopeMissing
from exact.models import Connection, MasterRecord
from exact.models import Warehouse as Row
from exact.records import Address, Division, Warehouse
from tenants.context import tenant_context

GOOD_FOR = timedelta(days=1)
"""Addresses of warehouses change seldom; they are read again once a day."""
_PURPOSE = "exact warehouse"
_SHAPE: TypeAdapter[Any] = TypeAdapter(Address)
_OURS = MasterRecord.Resource.WAREHOUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseAddress:
    """A warehouse and the address it ships from, where Exact has one."""

    code: str
    name: str
    is_main: bool
    address: Address | None


def company_address(connection: Connection) -> Address | None:
    """The company's own address as last read; its name stands in `account_name`. Within the tenant's context.

    None where it was not read yet, is empty in Exact, or cannot be opened: then it is read again within a day.
    """
    try:
        row = MasterRecord.objects.filter(connection=connection, resource=_OURS, key=connection.code).first()
        found: list[Address] = master.opened(connection.code, row) if row else []
    except UNREADABLE:
        return None
    return found[0] if found else None


def warehouses_of(connection: Connection) -> list[WarehouseAddress]:
    """The warehouses as last read, the main one first. Within the tenant's context."""
    rows = Row.objects.filter(connection=connection).order_by("-is_main", "exact_code")
    try:
        return [_shown(row, _opened(row)) for row in rows]
    except UNREADABLE:
        return [_shown(row, None) for row in rows.defer("sealed_address")]


def is_due(connection: Connection, *, at: datetime) -> bool:
    """Whether they were not read for a day. Within the tenant's context."""
    read = MasterRecord.objects.filter(connection=connection, resource=_OURS, key=connection.code)
    return not read.filter(read_at__gt=at - GOOD_FOR).exists()


def read_warehouses(connection: Connection, client: ExactClient) -> None:
    """Read the company's own address, and every warehouse with the address it ships from.

    Without the right or the scope for warehouses those that were read before stay.
    """
    at = timezone.now()
    mine = next((one for one in client.divisions() if one.code == connection.division), None)
    if mine is not None:
        keep_company(connection, mine, at=at)
    try:
        warehouses = client.warehouses()
        addresses = client.addresses_of_warehouses([warehouse.id for warehouse in warehouses])
    except (ExactScopeMissing, ExactRightMissing, ExactRejected):
        return
    _keep(connection, warehouses, addresses, at=at)


def keep_company(connection: Connection, division: Division, *, at: datetime) -> None:
    """Keep the company's own address as Exact just told it."""
    address = Address(
        id=connection.code,
        lines=division.lines,
        postcode=division.postcode,
        city=division.city,
        state=division.state,
        country=division.country,
        contact_id=None,
        contact_name="",
        phone=division.phone,
        account_id=None,
        account_name=division.name,
        warehouse_id=None,
        kind=None,
        is_main=True,
    )
    kept = [address] if division.lines else []
    master.store(connection, {(_OURS, connection.code): kept}, at=at)


def _keep(
    connection: Connection, warehouses: Iterable[Warehouse], addresses: Iterable[Address], *, at: datetime
) -> None:
    """Keep the warehouses as Exact lists them now; one that is gone goes here too."""
    ships_from: dict[UUID | None, Address] = {}
    for address in sorted(addresses, key=lambda one: (not one.is_main, str(one.id))):
        ships_from.setdefault(address.warehouse_id, address)
    rows = [
        Row(
            tenant_id=connection.tenant_id,
            connection=connection,
            exact_id=warehouse.id,
            exact_code=warehouse.code[:40],
            description=warehouse.description[:200],
            is_main=warehouse.is_main,
            sealed_address=_sealed(connection, warehouse.id, ships_from.get(warehouse.id)),
            read_at=at,
        )
        for warehouse in sorted(warehouses, key=lambda one: str(one.id))
    ]
    with tenant_context(connection.tenant_id):
        Row.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["tenant", "connection", "exact_id"],
            update_fields=["exact_code", "description", "is_main", "sealed_address", "read_at"],
        )
        Row.objects.filter(connection=connection, read_at__lt=at).delete()


def _shown(row: Row, address: Address | None) -> WarehouseAddress:
    return WarehouseAddress(code=row.exact_code, name=row.description, is_main=row.is_main, address=address)


def _sealed(connection: Connection, exact_id: UUID, address: Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return seal(_SHAPE.dump_python(address, mode="json"), owner=_owner(connection.pk, exact_id), purpose=_PURPOSE)


def _opened(row: Row) -> Address | None:
    if row.sealed_address is None:
        return None
    value = unseal(row.sealed_address, owner=_owner(row.connection_id, row.exact_id), purpose=_PURPOSE)
    address: Address = _SHAPE.validate_python(value)
    return address


def _owner(connection_id: int, exact_id: UUID) -> str:
    """The row is made anew over an older one, so its own code is not known when it is sealed."""
    return f"{connection_id} {exact_id}"
