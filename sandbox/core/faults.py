"""Trouble on order: which calls go wrong, how often, and in what way."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

import orjson

DEFAULT_STALL_SECONDS = 60.0


class Action(StrEnum):
    """What happens to the call."""

    STATUS = "status"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    STALL_BEFORE = "stall_before"
    STALL_AFTER = "stall_after"
    HALF_BODY = "half_body"
    HTML_200 = "html_200"
    WRONG_SHAPE = "wrong_shape"
    DROP_LABEL = "drop_label"
    UNKNOWN_FIELDS = "unknown_fields"
    PLACEHOLDER = "placeholder"
    MORE_PACKAGES = "more_packages"
    LATE_EFFECT = "late_effect"


class InvalidFaultError(ValueError):
    """The fault asked for cannot be understood."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One order for trouble: matches by operation or path and method, lets `skip` calls pass, then hits `times` calls.

    `times` None means until taken back. `after` lets `status` and `html_200` come after the effect instead of before.
    `name` is what the call log says of it, the action unless given.
    """

    id: int
    action: Action
    operation: str | None = None
    path_regex: re.Pattern[str] | None = None
    method: str | None = None
    skip: int = 0
    times: int | None = 1
    status: int = 503
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    seconds: float = DEFAULT_STALL_SECONDS
    after: bool = False
    name: str = ""
    hits: int = 0

    def matches(self, *, method: str, path: str, operation: str) -> bool:
        """Whether this order is about such a call."""
        if self.method is not None and self.method != method:
            return False
        if self.operation is not None and self.operation != operation:
            return False
        return self.path_regex is None or self.path_regex.search(path) is not None

    def body_bytes(self) -> bytes:
        """The scripted body as it goes over the wire."""
        if self.body is None:
            return b""
        if isinstance(self.body, str):
            return self.body.encode()
        return orjson.dumps(self.body)

    def as_json(self) -> dict[str, object]:
        """The order as shown by `GET /sandbox/faults`."""
        return {
            "id": self.id,
            "action": self.action.value,
            "operation": self.operation,
            "path_regex": self.path_regex.pattern if self.path_regex else None,
            "method": self.method,
            "skip": self.skip,
            "times": self.times,
            "status": self.status,
            "seconds": self.seconds,
            "after": self.after,
            "name": self.name,
            "hits": self.hits,
        }


@dataclass(slots=True)
class FaultScript:
    """The orders in the sequence they were given; a call takes the first one that is its turn."""

    _faults: list[Fault] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, order: Mapping[str, object]) -> Fault:
        """Read an order as posted to `/sandbox/faults`; raises `InvalidFaultError`."""
        fault = read_fault(order, fault_id=next(self._ids))
        self._faults.append(fault)
        return fault

    def take(self, *, method: str, path: str, operation: str) -> Fault | None:
        """The fault that hits this call, if any. Used-up orders disappear."""
        if not self._faults:
            return None
        for fault in self._faults:
            if not fault.matches(method=method, path=path, operation=operation):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            self._count_hit(fault)
            return fault
        return None

    def remove(self, fault_id: int) -> bool:
        """Take back one order; False when there is none of that number."""
        kept = [fault for fault in self._faults if fault.id != fault_id]
        was_there = len(kept) < len(self._faults)
        self._faults = kept
        return was_there

    def clear(self) -> None:
        """Take back everything."""
        self._faults = []

    def waiting(self) -> list[Fault]:
        """Orders not used up yet."""
        return list(self._faults)

    def _count_hit(self, fault: Fault) -> None:
        fault.hits += 1
        if fault.times is not None and fault.hits >= fault.times:
            self._faults = [other for other in self._faults if other is not fault]


KNOWN_FIELDS = frozenset(each.name for each in fields(Fault)) - {"hits"}


def read_fault(order: Mapping[str, object], *, fault_id: int) -> Fault:
    """Check and type an order."""
    unknown = sorted(set(order) - KNOWN_FIELDS)
    if unknown:
        raise InvalidFaultError("Unknown field in a fault: " + ", ".join(unknown))
    times = order.get("times", 1)
    headers = order.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise InvalidFaultError("headers must be an object of texts.")
    method = _optional_text(order, "method")
    action = _read_action(order.get("action"))
    return Fault(
        id=fault_id,
        action=action,
        operation=_optional_text(order, "operation"),
        path_regex=_read_pattern(_optional_text(order, "path_regex")),
        method=method.upper() if method else None,
        skip=int(_read_number(order, "skip", 0)),
        times=None if times is None else int(_read_number(order, "times", 1)),
        status=int(_read_number(order, "status", 503)),
        body=order.get("body"),
        headers={str(name): str(value) for name, value in headers.items()},
        content_type=_optional_text(order, "content_type") or "application/json",
        seconds=_read_number(order, "seconds", DEFAULT_STALL_SECONDS),
        after=order.get("after") is True,
        name=_optional_text(order, "name") or action.value,
    )


def _read_action(value: object) -> Action:
    try:
        return Action(str(value))
    except ValueError as err:
        known = ", ".join(action.value for action in Action)
        raise InvalidFaultError(f"action must be one of: {known}") from err


def _read_pattern(value: str | None) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        return re.compile(value)
    except re.error as err:
        raise InvalidFaultError(f"path_regex is not a regular expression: {err}") from err


def _read_number(order: Mapping[str, object], name: str, default: float) -> float:
    value = order.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise InvalidFaultError(f"{name} must be a number, zero or more.")
    return float(value)


def _optional_text(order: Mapping[str, object], name: str) -> str | None:
    value = order.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidFaultError(f"{name} must be text.")
    return value
