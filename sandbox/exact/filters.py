"""`$filter`: parsed once, checked against the resource, compiled to a test of a row (exact.md 6.1).

Beside the test it says which index narrows the search: `EntryID eq guid'..' or EntryID eq guid'..'` reads two rows
of many thousands. What Exact was not seen to accept (`not`, `in`, `endswith`, arithmetic) is refused.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from sandbox.exact.catalog import RESOURCES, TIMESTAMP, Resource
from sandbox.exact.errors import RefusedError, bad_request
from sandbox.exact.fields import reader
from sandbox.exact.filter_tokens import Kind, Token, read_tokens
from sandbox.exact.store import INDEXED, Company, Row, Value

Test = Callable[[Company, Row], bool]
Read = Callable[[Company, Row], Value]

MAX_DEPTH = 40
KIND_OF_EDM = {
    "Guid": Kind.GUID,
    "DateTime": Kind.DATETIME,
    "String": Kind.STRING,
    "Boolean": Kind.BOOLEAN,
} | dict.fromkeys(("Byte", "Int16", "Int32", "Int64", "Double", "Decimal"), Kind.NUMBER)
_COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": cast("Callable[[Value, Value], bool]", operator.gt),
    "ge": cast("Callable[[Value, Value], bool]", operator.ge),
    "lt": cast("Callable[[Value, Value], bool]", operator.lt),
    "le": cast("Callable[[Value, Value], bool]", operator.le),
}
_MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_TEXT_FUNCTIONS: dict[str, Callable[[str], str]] = {"tolower": str.lower, "trim": str.strip}
_TRUTH_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": lambda text, part: text.startswith(part),
    "substringof": lambda part, text: part in text,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """One side of a comparison. `name` is set for a bare property, `is_constant` for a literal."""

    kind: Kind
    read: Read
    name: str | None = None
    is_indexed: bool = False
    is_constant: bool = False
    value: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A compiled expression.

    `keys` are (indexed property, value) pairs that cover every match; `above` bounds the row version.
    """

    test: Test
    keys: tuple[tuple[str, Value], ...] | None = None
    above: int | None = None


@lru_cache(maxsize=2048)
def compile_filter(path: str, text: str) -> Filter:
    """The filter for a resource; what the resource or the dialect does not know is refused with 400."""
    parser = _Parser(RESOURCES[path], read_tokens(text))
    return parser.whole()


class _Parser:
    def __init__(self, resource: Resource, tokens: list[Token]) -> None:
        self._resource = resource
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def whole(self) -> Filter:
        found = self._any_of()
        if self._position < len(self._tokens):
            raise bad_request(f"Syntax error in $filter near '{self._tokens[self._position].value}'.")
        return found

    def _any_of(self) -> Filter:
        parts = [self._all_of()]
        while self._takes_name("or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else _either(parts)

    def _all_of(self) -> Filter:
        parts = [self._one()]
        while self._takes_name("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else _both(parts)

    def _one(self) -> Filter:
        if not self._takes_sign("("):
            return self._comparison()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise bad_request("The $filter is nested too deeply.")
        inside = self._any_of()
        self._expect(")")
        self._depth -= 1
        return inside

    def _comparison(self) -> Filter:
        left = self._operand()
        sign = self._peek()
        if sign is None or sign.kind is not Kind.NAME or sign.value not in _COMPARE:
            return self._alone(left)
        self._position += 1
        return _compared(left, str(sign.value), self._operand())

    def _alone(self, operand: Operand) -> Filter:
        if operand.kind is not Kind.BOOLEAN or operand.name or operand.is_constant:
            raise bad_request("Expression of type 'Edm.Boolean' expected in $filter.")
        return Filter(test=cast("Test", operand.read))

    def _operand(self) -> Operand:
        token = self._next()
        if token.kind is Kind.SIGN:
            raise bad_request(f"Expression expected in $filter near '{token.value}'.")
        if token.kind is not Kind.NAME:
            return _constant(token)
        if self._takes_sign("("):
            return self._function(str(token.value))
        return self._property(str(token.value))

    def _property(self, name: str) -> Operand:
        found = self._resource.properties.get(name)
        if found is None or found.is_collection or found.edm not in KIND_OF_EDM:
            raise no_such_property(name, self._resource)
        if self._resource.filterable is not None and name not in self._resource.filterable:
            raise bad_request(f"The property '{name}' can not be used in $filter of this resource.")
        table = self._resource.table
        is_indexed = name in INDEXED.get(table, (self._resource.key,))
        return Operand(kind=KIND_OF_EDM[found.edm], read=reader(table, name), name=name, is_indexed=is_indexed)

    def _function(self, name: str) -> Operand:
        if name not in _TEXT_FUNCTIONS and name not in _TRUTH_FUNCTIONS:
            raise bad_request(f"Unknown function '{name}' in $filter.")
        arguments = [self._operand()]
        if name in _TRUTH_FUNCTIONS:
            self._expect(",")
            arguments.append(self._operand())
        self._expect(")")
        if any(each.kind is not Kind.STRING for each in arguments):
            raise bad_request(f"No applicable function found for '{name}' with these arguments.")
        return _called(name, arguments)

    def _peek(self) -> Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise bad_request("Unexpected end of $filter.")
        self._position += 1
        return token

    def _takes(self, kind: Kind, text: str) -> bool:
        token = self._peek()
        if token is None or token.kind is not kind or token.value != text:
            return False
        self._position += 1
        return True

    def _takes_name(self, name: str) -> bool:
        return self._takes(Kind.NAME, name)

    def _takes_sign(self, sign: str) -> bool:
        return self._takes(Kind.SIGN, sign)

    def _expect(self, sign: str) -> None:
        if not self._takes_sign(sign):
            raise bad_request(f"'{sign}' expected in $filter.")


def no_such_property(name: str, resource: Resource) -> RefusedError:
    """400 for a name that the resource does not have."""
    return bad_request(f"No property '{name}' exists in type 'Exact.Web.Api.Models.{resource.model}'.")


def _constant(token: Token) -> Operand:
    value = token.value
    return Operand(kind=token.kind, read=lambda _company, _row: value, is_constant=True, value=value)


def _called(name: str, arguments: list[Operand]) -> Operand:
    first = arguments[0].read
    if name in _TEXT_FUNCTIONS:
        change = _TEXT_FUNCTIONS[name]

        def read_text(company: Company, row: Row) -> Value:
            value = first(company, row)
            return change(value) if isinstance(value, str) else None

        return Operand(kind=Kind.STRING, read=read_text)
    second = arguments[1].read
    judge = _TRUTH_FUNCTIONS[name]

    def read_truth(company: Company, row: Row) -> Value:
        left, right = first(company, row), second(company, row)
        return isinstance(left, str) and isinstance(right, str) and judge(left, right)

    return Operand(kind=Kind.BOOLEAN, read=read_truth)


def _compared(left: Operand, sign: str, right: Operand) -> Filter:
    if left.kind is not right.kind and Kind.NULL not in {left.kind, right.kind}:
        raise bad_request(f"Operator '{sign}' incompatible with operand types '{left.kind}' and '{right.kind}'.")
    if left.is_constant and not right.is_constant:
        left, sign, right = right, _MIRRORED[sign], left
    if not right.is_constant or left.is_constant:
        return Filter(test=_test_of_two(left.read, sign, right.read))
    return Filter(
        test=_test_of_constant(left.read, sign, right.value),
        keys=((left.name, right.value),) if left.name and left.is_indexed and sign == "eq" else None,
        above=_bound(left.name, sign, right.value),
    )


def _bound(name: str | None, sign: str, value: Value) -> int | None:
    if name != TIMESTAMP or not isinstance(value, int):
        return None
    return {"gt": value, "ge": value - 1}.get(sign)


def _test_of_constant(read: Read, sign: str, value: Value) -> Test:
    compare = _COMPARE[sign]
    if sign in {"eq", "ne"}:
        return lambda company, row: compare(read(company, row), value)
    if value is None:
        return lambda _company, _row: False

    def test(company: Company, row: Row) -> bool:
        found = read(company, row)
        return found is not None and compare(found, value)

    return test


def _test_of_two(read_left: Read, sign: str, read_right: Read) -> Test:
    compare = _COMPARE[sign]

    def test(company: Company, row: Row) -> bool:
        left, right = read_left(company, row), read_right(company, row)
        if sign not in {"eq", "ne"} and (left is None or right is None):
            return False
        return compare(left, right)

    return test


def _either(parts: list[Filter]) -> Filter:
    tests = [part.test for part in parts]
    keys: list[tuple[str, Value]] = []
    for part in parts:
        if part.keys is None:
            return Filter(test=lambda company, row: any(test(company, row) for test in tests))
        keys.extend(part.keys)
    return Filter(test=lambda company, row: any(test(company, row) for test in tests), keys=tuple(keys))


def _both(parts: list[Filter]) -> Filter:
    tests = [part.test for part in parts]
    bounds = [part.above for part in parts if part.above is not None]
    return Filter(
        test=lambda company, row: all(test(company, row) for test in tests),
        keys=_narrowest([part.keys for part in parts if part.keys is not None]),
        above=max(bounds, default=None),
    )


def _narrowest(choices: list[tuple[tuple[str, Value], ...]]) -> tuple[tuple[str, Value], ...] | None:
    return min(choices, key=len, default=None)
