"""Making, changing and removing records: row versions, who and when, deletions log, notifications."""

from dataclasses import dataclass
from datetime import timedelta

from sandbox.exact.catalog import ENTITY_TYPES, RESOURCES
from sandbox.exact.settings import DELETED_KEPT_DAYS
from sandbox.exact.store import Company, Row, Value
from sandbox.exact.wallclock import to_wall_ms
from sandbox.exact.webhooks import Notifier
from sandbox.exact.world import World, new_guid

DELIVERIES = "salesorder/GoodsDeliveries"
DELIVERY_LINES = "salesorder/GoodsDeliveryLines"
DELETED = "sync/Deleted"


@dataclass(slots=True)
class Records:
    """The one way by which records change, whoever asks."""

    world: World
    notifier: Notifier

    def insert(self, company: Company, path: str, values: Row, *, user_id: str, announce: bool = True) -> Row:
        """A new record with key, maker and moment."""
        key = RESOURCES[path].key or ""
        now = self.world.now_ms()
        made: Row = {key: new_guid(), "Created": now, "Creator": user_id, "Modified": now, "Modifier": user_id}
        row = company.table(path).insert(made | values, timestamp=self.world.next_timestamp(company))
        if announce:
            self.announce(company, path, row, "Create")
        return row

    def update(
        self, company: Company, path: str, row: Row, changes: Row, *, user_id: str, announce: bool = True
    ) -> None:
        """Change a record; every update raises its row version, only marked properties notify (exact.md 11.5)."""
        changed = {name for name, value in changes.items() if row.get(name) != value}
        stamp: Row = {"Modified": self.world.now_ms(), "Modifier": user_id}
        company.table(path).change(row, changes | stamp, timestamp=self.world.next_timestamp(company))
        if announce and self._notifies(path, changed):
            self.announce(company, path, row, "Update")

    def delete(self, company: Company, path: str, row: Row, *, user_id: str) -> None:
        """Remove a record and note it for `sync/Deleted`."""
        company.table(path).remove(row)
        if path in ENTITY_TYPES:
            self._note_deleted(company, path, row, user_id)
        self.announce(company, path, row, "Delete")

    def announce(self, company: Company, path: str, row: Row, action: str) -> None:
        """Notify the subscribers of the topic this resource belongs to."""
        resource = RESOURCES[path]
        if resource.topic is None:
            return
        if path == DELIVERY_LINES and action == "Create" and not self.world.settings.notify_lines_on_create:
            return
        key = str(row[resource.key or ""])
        self.notifier.publish(
            company, topic=resource.topic, action=action, path=path, key=key, shown_key=self._shown_key(path, row, key)
        )

    def _shown_key(self, path: str, row: Row, key: str) -> str:
        if path == DELIVERY_LINES and self.world.settings.line_key == "EntryID":
            return str(row["EntryID"])
        return key

    def _notifies(self, path: str, changed: set[str]) -> bool:
        marked = {name for name, each in RESOURCES[path].properties.items() if each.notifies}
        return bool(changed & marked) if marked else bool(changed)

    def _note_deleted(self, company: Company, path: str, row: Row, user_id: str) -> None:
        now_ms = self.world.now_ms()
        gone: Row = {
            "ID": new_guid(),
            "EntityKey": row[RESOURCES[path].key or ""],
            "EntityType": ENTITY_TYPES[path],
            "DeletedBy": user_id,
            "DeletedDate": now_ms,
        }
        company.table(DELETED).insert(gone, timestamp=self.world.next_timestamp(company))
        self._forget_old_deletions(company)

    def _forget_old_deletions(self, company: Company) -> None:
        oldest_ms = to_wall_ms(self.world.clock.now() - timedelta(days=DELETED_KEPT_DAYS))
        table = company.table(DELETED)
        for row in [row for row in table.rows() if _number(row["DeletedDate"]) < oldest_ms]:
            table.remove(row)


def _number(value: Value) -> float:
    return value if isinstance(value, int | float) else 0
