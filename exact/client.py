"""Exact's endpoints, one method each, typed values in and out.

Records are looked up by `$filter`, never by address: a key that is gone gives an empty list, while a 404 would count
toward Exact's limit of ten errors an hour (`reliability.md` 2.3).
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from connector_site.lib.wording import said
from exact import changes, payloads
from exact.directory import WireHrmDivision, WireMe, WireSystemDivision
from exact.document_resources import WireAttachment, WireDocument, WireDocumentType, WireMade, require_attachable
from exact.errors import ExactOutcomeUnknown, ExactRejected, ExactRightMissing, ExactScopeMissing
from exact.filters import given, key_clauses, quoted
from exact.payloads import SERVER_ZONE, AnyWire, UnreadableAnswer, is_deferred, select_list
from exact.records import (
    Account,
    Address,
    Attachment,
    Contact,
    Division,
    Document,
    DocumentType,
    GoodsDelivery,
    GoodsDeliveryChanges,
    GoodsDeliveryLine,
    GoodsDeliveryLineChanges,
    Item,
    Me,
    NewDocument,
    SalesOrder,
    ShippingMethodRecord,
    Subscription,
    SyncPage,
    Warehouse,
)
from exact.resources import (
    LINES_PROPERTY,
    WireAccount,
    WireAddress,
    WireContact,
    WireGoodsDelivery,
    WireGoodsDeliveryLine,
    WireItem,
    WireLatest,
    WireLineOwner,
    WireSalesOrder,
    WireShippingMethod,
    WireSubscription,
    WireWarehouse,
    distinct,
    lines_of,
)
from exact.transport import MAX_URL_LENGTH, Request, Transport, query_text, unexpected

DELIVERY_ADDRESS = 4
"""`crm/Addresses.Type` of a delivery address (`exact.md` 8.6)."""
GOODS_DELIVERIES_TOPIC = "GoodsDeliveries"
NO_RECORD = UUID(int=0)
LATEST_WITHIN = timedelta(days=365)
"""Exact may refuse a list without any filter where a sync twin exists (`exact.md` 5)."""


def _nothing() -> None:
    return


class ExactClient:
    """Calls for one company.

    `expand_lines` says whether this company answers `$expand` on deliveries; `on_expand_refused` is told once when it
    does not.
    """

    def __init__(
        self, transport: Transport, *, expand_lines: bool = True, on_expand_refused: Callable[[], None] = _nothing
    ) -> None:
        self._transport = transport
        self._expand_lines = expand_lines
        self._on_expand_refused = on_expand_refused

    @property
    def division(self) -> int:
        """The company's number."""
        return self._transport.division

    # --- goods deliveries (`exact.md` 8.1, 8.2) ---

    def goods_deliveries(self, entry_ids: Sequence[UUID]) -> list[GoodsDelivery]:
        """Deliveries with their lines; what does not exist (any more) is left out."""
        found, expands = self._expanded_deliveries(entry_ids) if self._expand_lines else (None, False)
        if found is not None:
            return found
        headers = self._by_keys("goods_deliveries", WireGoodsDelivery, "EntryID", entry_ids)
        lines = self._lines([header.entry_id for header in headers])
        if self._expand_lines and not expands:
            self._expand_lines = False
            self._on_expand_refused()
        return [header.record(lines.get(header.entry_id, ())) for header in headers]

    def latest_goods_deliveries(self, count: int) -> list[GoodsDelivery]:
        """The newest deliveries of the last year with their lines, newest first."""
        since = (datetime.now(SERVER_ZONE) - LATEST_WITHIN).strftime("%Y-%m-%dT00:00:00")
        params = {
            "$select": select_list(WireLatest),
            "$filter": f"DeliveryDate ge datetime'{since}'",
            "$orderby": "DeliveryDate desc,Created desc",
            "$top": str(count),
        }
        request = Request(
            operation="latest_goods_deliveries", method="GET", path=WireLatest.path, query=query_text(params)
        )
        newest = self._parse("latest_goods_deliveries", WireLatest, self._transport.rows(request))[:count]
        found = {delivery.entry_id: delivery for delivery in self.goods_deliveries([row.entry_id for row in newest])}
        return [found[row.entry_id] for row in newest if row.entry_id in found]

    def entries_of_lines(self, keys: Sequence[UUID]) -> list[UUID]:
        """The deliveries behind keys of line notifications, which may be a line's or a delivery's (`exact.md` 11.3)."""
        clauses = [f"ID eq guid'{key}' or EntryID eq guid'{key}'" for key in dict.fromkeys(keys)]
        rows = self._by_clauses("entries_of_lines", WireLineOwner, clauses)
        return list(dict.fromkeys(row.entry_id for row in rows))

    def put_goods_delivery(self, entry_id: UUID, changes: GoodsDeliveryChanges) -> None:
        """Change a delivery; properties left None stay (`exact.md` 6.4: PUT is a partial update)."""
        content = given(TrackingNumber=changes.tracking_number, Remarks=changes.remarks, Document=changes.document)
        self._put("put_goods_delivery", WireGoodsDelivery.path, entry_id, content)

    def put_goods_delivery_line(self, line_id: UUID, changes: GoodsDeliveryLineChanges) -> None:
        """Change a line of a delivery."""
        content = given(TrackingNumber=changes.tracking_number, Notes=changes.notes)
        self._put("put_goods_delivery_line", WireGoodsDeliveryLine.path, line_id, content)

    # --- master data (`exact.md` 8.3 to 8.8) ---

    def items(self, ids: Sequence[UUID]) -> list[Item]:
        """Items by id."""
        return [row.record() for row in self._by_keys("items", WireItem, "ID", ids)]

    def addresses(self, ids: Sequence[UUID]) -> list[Address]:
        """Addresses by id."""
        return [row.record() for row in self._by_keys("addresses", WireAddress, "ID", ids)]

    def accounts(self, ids: Sequence[UUID]) -> list[Account]:
        """Accounts by id."""
        return [row.record() for row in self._by_keys("accounts", WireAccount, "ID", ids)]

    def contacts(self, ids: Sequence[UUID]) -> list[Contact]:
        """Contacts by id."""
        return [row.record() for row in self._by_keys("contacts", WireContact, "ID", ids)]

    def sales_orders(self, numbers: Sequence[int]) -> list[SalesOrder]:
        """Sales orders by their number, which is what a delivery's line names."""
        clauses = [f"OrderNumber eq {number}" for number in dict.fromkeys(numbers)]
        return [row.record() for row in self._by_clauses("sales_orders", WireSalesOrder, clauses)]

    def warehouses(self) -> list[Warehouse]:
        """Every warehouse."""
        return [row.record() for row in self._list("warehouses", WireWarehouse)]

    def addresses_of_warehouses(self, warehouse_ids: Sequence[UUID]) -> list[Address]:
        """The delivery addresses of these warehouses; many have none (`exact.md` 8.6)."""
        clauses = [f"Warehouse eq guid'{key}' and Type eq {DELIVERY_ADDRESS}" for key in dict.fromkeys(warehouse_ids)]
        return [row.record() for row in self._by_clauses("addresses_of_warehouses", WireAddress, clauses)]

    def shipping_methods(self) -> list[ShippingMethodRecord]:
        """Every shipping method, inactive ones too."""
        return [row.record() for row in self._list("shipping_methods", WireShippingMethod)]

    # --- documents (`exact.md` 8.9) ---

    def document_types(self) -> list[DocumentType]:
        """Every type of document, also those that cannot be made through the API."""
        return [row.record() for row in self._list("document_types", WireDocumentType)]

    def documents(self, ids: Sequence[UUID]) -> list[Document]:
        """Documents by id; what does not exist (any more) is left out."""
        return [row.record() for row in self._by_keys("documents", WireDocument, "ID", ids)]

    def documents_by_subject(self, subject: str, *, account_id: UUID | None = None) -> list[Document]:
        """Documents with exactly this subject, of one account where it is given; the lowest number first."""
        clause = f"Subject eq {quoted(subject)}"
        clause += f" and Account eq guid'{account_id}'" if account_id else ""
        rows = self._list("documents_by_subject", WireDocument, filter_text=clause)
        found = [row.record() for row in rows if row.subject == subject.strip()]
        return sorted(found, key=lambda document: (document.number or 0, document.id))

    def create_document(self, new: NewDocument) -> UUID:
        """Make a document; not idempotent. Only the id is taken of an answer that may be null otherwise."""
        content: dict[str, Any] = {
            "Subject": new.subject.strip(),
            "Type": new.type,
            "DocumentDate": new.document_date.isoformat(),
        }
        if new.account_id is not None:
            content["Account"] = str(new.account_id)
        if new.sales_order_number is not None:
            content["SalesOrderNumber"] = new.sales_order_number
        document_id = self._post("create_document", WireDocument.path, content)
        if document_id is None:
            raise ExactOutcomeUnknown(
                said("Exact Online did not say which document it made; it is looked up before anything is repeated."),
                operation="create_document",
                reason="no_id",
            )
        return document_id

    def attachments_of(self, document_id: UUID) -> list[Attachment]:
        """The files at a document."""
        clause = f"Document eq guid'{document_id}'"
        return [row.record() for row in self._list("attachments_of", WireAttachment, filter_text=clause)]

    def create_attachment(self, document_id: UUID, file_name: str, content: bytes) -> UUID | None:
        """Add a file to a document; not idempotent. The id if the answer carried one."""
        require_attachable(content)
        encoded = base64.b64encode(content).decode()
        values = {"Document": str(document_id), "FileName": file_name, "Attachment": encoded}
        return self._post("create_attachment", WireAttachment.path, values)

    # --- users, companies, rights (`exact.md` 4) ---

    def me(self) -> Me:
        """The user who gave the permission."""
        query = query_text({"$select": select_list(WireMe)})
        request = Request(operation="me", method="GET", path=WireMe.path, query=query, is_global=True)
        rows = self._parse("me", WireMe, self._transport.rows(request))
        if not rows:
            raise unexpected("me", UnreadableAnswer("no user"))
        return rows[0].record()

    def divisions(self) -> list[Division]:
        """The companies this permission may open; without addresses when the scope for those is missing."""
        try:
            return [row.record() for row in self._list("divisions", WireSystemDivision)]
        except (ExactRightMissing, ExactScopeMissing):
            return [row.record() for row in self._list("divisions_without_address", WireHrmDivision)]

    def user_has_rights(self, endpoint: str, action: str) -> bool:
        """Whether the user may do this to that resource; asks without side effects."""
        request = Request(
            operation="user_has_rights",
            method="GET",
            path="users/UserHasRights",
            query=query_text({"endpoint": f"'{endpoint}'", "action": f"'{action}'"}),
        )
        rows = self._transport.page(request).rows
        answer = rows[0].get("UserHasRights") if len(rows) == 1 else None
        if not isinstance(answer, bool):
            raise unexpected("user_has_rights", UnreadableAnswer("UserHasRights"))
        return answer

    def look_at(self, path: str, key: str) -> None:
        """Ask for a record that there is not, to see whether this part of Exact is open to us.

        By a filter, for a list without one may be refused where a sync twin exists (`exact.md` 5).
        """
        query = query_text({"$select": key, "$filter": f"{key} eq guid'{NO_RECORD}'", "$top": "1"})
        self._transport.page(Request(operation="look_at", method="GET", path=path, query=query))

    # --- webhook subscriptions (`exact.md` 11.1) ---

    def subscriptions(self) -> list[Subscription]:
        """Our own subscriptions; an app sees no others."""
        return [row.record() for row in self._list("subscriptions", WireSubscription)]

    def subscribe(self, topic: str, callback_url: str, *, instant: bool) -> UUID | None:
        """Subscribe; the id if the answer carried one. `IsInstant` is for goods deliveries only."""
        content: dict[str, Any] = {"Topic": topic, "CallbackURL": callback_url}
        if instant:
            content["IsInstant"] = True
        return self._post("subscribe", WireSubscription.path, content)

    def unsubscribe(self, subscription_id: UUID) -> None:
        """End a subscription."""
        self._transport.write(
            Request(
                operation="unsubscribe",
                method="DELETE",
                path=WireSubscription.path,
                key=f"(guid'{subscription_id}')",
            )
        )

    # --- changes (`exact.md` 12) ---

    def sync(self, endpoint: changes.SyncEndpoint, after: int) -> SyncPage:
        """What changed after a timestamp, at most a page of 1,000; `more` says whether to ask again."""
        operation = f"sync_{endpoint.name.lower()}"
        request = Request(
            operation=operation, method="GET", path=endpoint.value, query=query_text(changes.query(endpoint, after))
        )
        page = self._transport.page(request)
        try:
            return changes.read(endpoint, page, after)
        except UnreadableAnswer as error:
            raise unexpected(operation, error) from error

    def sync_timestamp(self, endpoint: changes.SyncEndpoint, changed_since_at: datetime) -> int | None:
        """The timestamp of the first record changed at or after a moment; None when there is none."""
        wall = changed_since_at.astimezone(SERVER_ZONE).strftime("%Y-%m-%dT%H:%M:%S")
        params = {"modified": f"datetime'{wall}'", "endPoint": f"'{endpoint.value.rsplit('/', 1)[-1]}'"}
        request = Request(
            operation="sync_timestamp", method="GET", path="read/sync/Sync/SyncTimestamp", query=query_text(params)
        )
        rows = self._parse("sync_timestamp", changes.WireSyncTimestamp, self._transport.page(request).rows)
        return rows[0].time_stamp_as_big_int if rows else None

    # --- how ---

    def _expanded_deliveries(self, entry_ids: Sequence[UUID]) -> tuple[list[GoodsDelivery] | None, bool]:
        """Deliveries with lines in one call, None where lines are to be asked for apart; and whether it expands."""
        params = {"$select": f"{select_list(WireGoodsDelivery)},{LINES_PROPERTY}", "$expand": LINES_PROPERTY}
        try:
            rows = self._rows_by_clauses(
                "goods_deliveries", WireGoodsDelivery.path, params, key_clauses("EntryID", entry_ids)
            )
        except ExactRejected as error:
            if error.status == HTTPStatus.BAD_REQUEST:
                return None, False
            raise
        headers = self._parse("goods_deliveries", WireGoodsDelivery, rows)
        try:
            lines = [lines_of(row) for row in rows]
        except UnreadableAnswer as error:
            raise unexpected("goods_deliveries", error) from error
        whole = [header.record(found) for header, found in zip(headers, lines, strict=True) if found is not None]
        if len(whole) == len(rows):
            return whole, True
        return None, not any(is_deferred(row.get(LINES_PROPERTY)) for row in rows)

    def _lines(self, entry_ids: Sequence[UUID]) -> dict[UUID, tuple[GoodsDeliveryLine, ...]]:
        rows = self._by_keys("goods_delivery_lines", WireGoodsDeliveryLine, "EntryID", entry_ids)
        grouped: dict[UUID, list[GoodsDeliveryLine]] = {}
        for row in rows:
            grouped.setdefault(row.entry_id, []).append(row.record())
        return {entry_id: distinct(tuple(lines)) for entry_id, lines in grouped.items()}

    def _put(self, operation: str, path: str, key: UUID, content: dict[str, Any]) -> None:
        if not content:
            return
        self._transport.write(
            Request(operation=operation, method="PUT", path=path, key=f"(guid'{key}')", content=content)
        )

    def _post(self, operation: str, path: str, content: dict[str, Any]) -> UUID | None:
        """Make a record; its id if the answer carried one."""
        body = self._transport.write(Request(operation=operation, method="POST", path=path, content=content))
        try:
            rows = payloads.parse(WireMade, payloads.read_page(body).rows)
        except UnreadableAnswer:
            return None
        return rows[0].id if rows else None

    def _list(self, operation: str, model: type[AnyWire], *, filter_text: str = "") -> list[AnyWire]:
        params = {"$select": select_list(model)} | ({"$filter": filter_text} if filter_text else {})
        request = Request(operation=operation, method="GET", path=model.path, query=query_text(params))
        return self._parse(operation, model, self._transport.rows(request))

    def _by_keys(self, operation: str, model: type[AnyWire], name: str, keys: Iterable[UUID]) -> list[AnyWire]:
        return self._by_clauses(operation, model, key_clauses(name, keys))

    def _by_clauses(self, operation: str, model: type[AnyWire], clauses: Sequence[str]) -> list[AnyWire]:
        rows = self._rows_by_clauses(operation, model.path, {"$select": select_list(model)}, clauses)
        return self._parse(operation, model, rows)

    def _rows_by_clauses(
        self, operation: str, path: str, params: dict[str, str], clauses: Sequence[str]
    ) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for request in self._requests(operation, path, params, clauses):
            rows.extend(self._transport.rows(request))
        return rows

    def _requests(self, operation: str, path: str, params: dict[str, str], clauses: Sequence[str]) -> Iterator[Request]:
        """As few requests as keep each address within `MAX_URL_LENGTH`."""

        def asking(some: Sequence[str]) -> Request:
            query = query_text(params | {"$filter": " or ".join(some)})
            return Request(operation=operation, method="GET", path=path, query=query)

        waiting: list[str] = []
        for clause in clauses:
            if waiting and self._transport.url_length(asking([*waiting, clause])) > MAX_URL_LENGTH:
                yield asking(waiting)
                waiting = []
            waiting.append(clause)
        if waiting:
            yield asking(waiting)

    def _parse(self, operation: str, model: type[AnyWire], rows: Sequence[dict[str, Any]]) -> list[AnyWire]:
        try:
            return payloads.parse(model, rows)
        except UnreadableAnswer as error:
            raise unexpected(operation, error) from error
