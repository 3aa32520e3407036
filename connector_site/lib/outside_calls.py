"""What is remembered of a call to an outside system: never a body, a token or an address."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideCall:
    """One call as the audit trail keeps it."""

    system: str
    operation: str
    method: str
    route: str
    at: datetime
    duration_ms: int
    status: int | None
    error_code: str = ""
    transaction_id: str = ""
    request_hash: str = ""

    def details(self) -> dict[str, Any]:
        """The call as small JSON, empty values left out."""
        shown = asdict(self)
        shown["at"] = self.at.isoformat()
        return {name: value for name, value in shown.items() if value not in ("", None)}


Observer = Callable[[OutsideCall], None]


def ignore(call: OutsideCall) -> None:
    """An observer for calls that no audit trail has a place for."""
