"""Master data of one company: cached rows that sync keeps fresh, and calls only for what is missing."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

from django.db import connection as db_connection
from django.db.models import BinaryField, ExpressionWrapper, F, Q
from django.utils import timezone
from pydantic import TypeAdapter

from connector_site.lib.secrets import UNREADABLE, seal, unseal
from exact.client import ExactClient
from exact.models import Connection, MasterRecord, ShippingMethod, SyncCursor
from exact.records import Account, Address, Contact, Item, SalesOrder, ShippingMethodRecord
from tenants.context import tenant_context

MAX_AGE = timedelta(hours=24)
"""Older rows are read again even when sync reported nothing: sync may have been down."""
MAX_ORDER_AGE = timedelta(minutes=15)
"""Orders change while they are picked, and no sync keeps them fresh."""

Resource = MasterRecord.Resource
_SEALED_FIELDS: Any = MasterRecord._meta.get_field("sealed_fields")
Master = Item | Address | Account | Contact | SalesOrder
AnyMaster = TypeVar("AnyMaster", Item, Address, Account, Contact, SalesOrder)
_SHAPES: dict[str, TypeAdapter[Any]] = {
    Resource.ITEM: TypeAdapter(Item),
    Resource.ADDRESS: TypeAdapter(Address),
    Resource.ACCOUNT: TypeAdapter(Account),
    Resource.CONTACT: TypeAdapter(Contact),
    Resource.ORDER: TypeAdapter(SalesOrder),
    Resource.WAREHOUSE: TypeAdapter(list[Address]),
}
_KINDS: dict[type, str] = {
    Item: Resource.ITEM,
    Address: Resource.ADDRESS,
    Account: Resource.ACCOUNT,
    Contact: Resource.CONTACT,
    SalesOrder: Resource.ORDER,
}


def order_key(connection_code: UUID, number: int) -> UUID:
    """The key an order is kept under: lines name it by number only."""
    return uuid5(connection_code, f"order {number}")


class MasterData:
    """Master data of one connection, for the length of one piece of work.

    `load` reads all rows that will be needed in one statement; each getter then calls Exact only for what is
    missing, one call per resource, and keeps the answer. With `fresh` nothing kept is used.
    """

    def __init__(self, connection: Connection, client: ExactClient, *, fresh: bool = False) -> None:
        self._connection = connection
        self._client = client
        self._fresh = fresh
        self._held: dict[tuple[str, UUID], Any] = {}
        self._asked: set[tuple[str, UUID]] = set()

    def load(
        self,
        *,
        items: Iterable[UUID] = (),
        addresses: Iterable[UUID] = (),
        accounts: Iterable[UUID] = (),
        contacts: Iterable[UUID] = (),
        orders: Iterable[int] = (),
    ) -> None:
        """Read what is kept of all these in one statement."""
        code = self._connection.code
        self._read(
            {
                Resource.ITEM: list(items),
                Resource.ADDRESS: list(addresses),
                Resource.ACCOUNT: list(accounts),
                Resource.CONTACT: list(contacts),
                Resource.ORDER: [order_key(code, number) for number in orders],
            }
        )

    def items(self, ids: Sequence[UUID]) -> dict[UUID, Item]:
        """Items by id; one that Exact does not have is left out."""
        return self._find(Resource.ITEM, ids, self._client.items)

    def addresses(self, ids: Sequence[UUID]) -> dict[UUID, Address]:
        """Addresses by id, as above."""
        return self._find(Resource.ADDRESS, ids, self._client.addresses)

    def accounts(self, ids: Sequence[UUID]) -> dict[UUID, Account]:
        """Accounts by id, as above."""
        return self._find(Resource.ACCOUNT, ids, self._client.accounts)

    def contacts(self, ids: Sequence[UUID]) -> dict[UUID, Contact]:
        """Contacts by id, as above."""
        return self._find(Resource.CONTACT, ids, self._client.contacts)

    def sales_orders(self, numbers: Sequence[int]) -> dict[int, SalesOrder]:
        """Orders by number, as above."""
        number_of = {order_key(self._connection.code, number): number for number in numbers}

        def fetch(keys: Sequence[UUID]) -> Sequence[SalesOrder]:
            return self._client.sales_orders([number_of[key] for key in keys])

        found = self._find(Resource.ORDER, list(number_of), fetch)
        return {number_of[key]: order for key, order in found.items()}

    def address(self, address_id: UUID) -> Address | None:
        """An address."""
        return self.addresses([address_id]).get(address_id)

    def account(self, account_id: UUID) -> Account | None:
        """An account."""
        return self.accounts([account_id]).get(account_id)

    def contact(self, contact_id: UUID) -> Contact | None:
        """A contact."""
        return self.contacts([contact_id]).get(contact_id)

    def sales_order(self, number: int) -> SalesOrder | None:
        """The order with this number."""
        return self.sales_orders([number]).get(number)

    def shipping_method(self, method_id: UUID) -> ShippingMethodRecord | None:
        """A shipping method as the customer named it; all are read again when one is unknown."""
        rows = self._methods()
        if method_id not in rows or self._fresh:
            keep_shipping_methods(self._connection, self._client.shipping_methods(), at=timezone.now())
            rows = self._methods()
        return rows.get(method_id)

    def _methods(self) -> dict[UUID, ShippingMethodRecord]:
        with tenant_context(self._connection.tenant_id):
            rows = list(ShippingMethod.objects.filter(connection=self._connection))
        return {
            row.exact_id: ShippingMethodRecord(
                id=row.exact_id, code=row.exact_code, description=row.description, is_active=row.active
            )
            for row in rows
        }

    def _find(
        self, resource: str, keys: Sequence[UUID], fetch: Callable[[Sequence[UUID]], Sequence[AnyMaster]]
    ) -> dict[UUID, AnyMaster]:
        wanted = list(dict.fromkeys(keys))
        self._ensure_read(resource, wanted)
        missing = [key for key in wanted if (resource, key) not in self._held]
        if missing:
            self._keep({(resource, self._key(record)): record for record in fetch(missing)})
        return {key: self._held[resource, key] for key in wanted if (resource, key) in self._held}

    def _key(self, record: Master) -> UUID:
        return key_of(self._connection.code, record)

    def _ensure_read(self, resource: str, keys: list[UUID]) -> None:
        unread = [key for key in keys if (resource, key) not in self._asked]
        if unread:
            self._read({resource: unread})

    def _read(self, wanted: dict[str, list[UUID]]) -> None:
        self._asked |= {(resource, key) for resource, keys in wanted.items() for key in keys}
        if self._fresh or not any(wanted.values()):
            return
        condition = Q()
        for resource, keys in wanted.items():
            if keys:
                condition |= Q(resource=resource, key__in=keys)
        with tenant_context(self._connection.tenant_id):
            rows = list(MasterRecord.objects.filter(condition, connection=self._connection))
        at = timezone.now()
        for row in rows:
            if row.read_at > at - (MAX_ORDER_AGE if row.resource == Resource.ORDER else MAX_AGE):
                self._held[row.resource, row.key] = opened(self._connection.code, row)

    def _keep(self, found: dict[tuple[str, UUID], Any]) -> None:
        self._held |= found
        if found:
            store(self._connection, found, at=timezone.now())


def key_of(connection_code: UUID, record: Master) -> UUID:
    """The key a record is kept under."""
    return order_key(connection_code, record.number) if isinstance(record, SalesOrder) else record.id


def store(connection: Connection, found: dict[tuple[str, UUID], Any], *, at: datetime) -> None:
    """Keep records, newer over older, in one statement."""
    rows = [
        MasterRecord(
            tenant_id=connection.tenant_id,
            connection=connection,
            resource=resource,
            key=key,
            sealed_fields=_sealed(connection.code, resource, key, value),
            read_at=at,
        )
        for (resource, key), value in sorted(found.items(), key=lambda pair: (pair[0][0], str(pair[0][1])))
    ]
    with tenant_context(connection.tenant_id):
        MasterRecord.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["tenant", "connection", "resource", "key"],
            update_fields=["sealed_fields", "read_at"],
        )


def refresh_held(connection: Connection, records: Sequence[Master], *, at: datetime) -> int:
    """Write what sync reported over the rows that are held, and only those; within the tenant's context."""
    wanted: dict[tuple[str, UUID], Master] = {
        (_KINDS[type(record)], key_of(connection.code, record)): record for record in records
    }
    held = MasterRecord.objects.filter(
        connection=connection, key__in=[key for _, key in wanted], resource__in={kind for kind, _ in wanted}
    )
    rows = [row for row in held if (row.resource, row.key) in wanted]
    for row in rows:
        row.sealed_fields = _sealed(connection.code, row.resource, row.key, wanted[row.resource, row.key])
        row.read_at = at
    MasterRecord.objects.bulk_update(rows, ["sealed_fields", "read_at"], batch_size=200)
    return len(rows)


def forget(connection: Connection) -> None:
    """Remove what is kept of items and people, and how far it was read; within the tenant's context."""
    MasterRecord.objects.filter(connection=connection).delete()
    SyncCursor.objects.filter(connection=connection).delete()


def mentioning(tenant_id: UUID, texts: Iterable[str]) -> list[int]:
    """The keys of kept records that say one of these texts, in whatever spelling of capitals; within the context.

    What cannot be read is among them: nobody can say that it does not.
    """
    wanted = [text.casefold() for text in texts]
    raw = ExpressionWrapper(F("sealed_fields"), output_field=BinaryField())
    rows = MasterRecord.objects.filter(tenant_id=tenant_id).exclude(resource=Resource.ITEM).annotate(raw=raw)
    found = rows.values_list("pk", "connection__code", "key", "resource", "raw")
    return [pk for pk, code, key, kind, raw in found.iterator() if _says(raw, _owner(code, key), kind, wanted)]


def _says(raw: bytes, owner: str, resource: str, wanted: Sequence[str]) -> bool:
    try:
        sealed = _SEALED_FIELDS.from_db_value(raw, None, db_connection)
        told = json.dumps(unseal(sealed, owner=owner, purpose=resource), ensure_ascii=False).casefold()
    except UNREADABLE:
        return True
    return any(text in told for text in wanted)


def opened(connection_code: UUID, row: MasterRecord) -> Any:
    """The record in a row."""
    value = unseal(row.sealed_fields, owner=_owner(connection_code, row.key), purpose=row.resource)
    return _SHAPES[row.resource].validate_python(value)


def keep_shipping_methods(connection: Connection, methods: Sequence[ShippingMethodRecord], *, at: datetime) -> None:
    """Keep the methods as Exact lists them now; one that is gone becomes inactive, since rules may name it."""
    rows = [
        ShippingMethod(
            tenant_id=connection.tenant_id,
            connection=connection,
            exact_id=method.id,
            exact_code=method.code[:40],
            description=method.description[:200],
            active=method.is_active,
            read_at=at,
        )
        for method in sorted(methods, key=lambda method: str(method.id))
    ]
    with tenant_context(connection.tenant_id):
        ShippingMethod.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["tenant", "connection", "exact_id"],
            update_fields=["exact_code", "description", "active", "read_at"],
        )
        ShippingMethod.objects.filter(connection=connection, read_at__lt=at).update(active=False)


def _owner(connection_code: UUID, key: UUID) -> str:
    return f"{connection_code} {key}"


def _sealed(connection_code: UUID, resource: str, key: UUID, value: Any) -> dict[str, Any]:
    content = _SHAPES[resource].dump_python(value, mode="json")
    return seal(content, owner=_owner(connection_code, key), purpose=resource)
