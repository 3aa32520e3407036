"""The words of a `$filter`: literals, names and signs (exact.md 6.1)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from sandbox.exact.errors import bad_request
from sandbox.exact.store import Value
from sandbox.exact.wallclock import parse_wall

GUID_PATTERN = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<guid>guid'(?P<guid_text>[^']*)')
    | (?P<datetime>datetime'(?P<datetime_text>[^']*)')
    | '(?P<string>(?:[^']|'')*)'
    | (?P<number>-?\d+(?:\.\d+)?)(?P<suffix>[LlDdMmFf]?)(?![\w.])
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>[(),])
    )""",
    re.VERBOSE,
)
_GUID = re.compile(GUID_PATTERN)


class Kind(StrEnum):
    """What sort of value a word stands for; comparisons must agree on it."""

    GUID = "Edm.Guid"
    DATETIME = "Edm.DateTime"
    STRING = "Edm.String"
    NUMBER = "a number"
    BOOLEAN = "Edm.Boolean"
    NULL = "null"
    NAME = "name"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """A word with its value; names and signs carry their text."""

    kind: Kind
    value: Value


_CONSTANTS = {
    "true": Token(Kind.BOOLEAN, value=True),
    "false": Token(Kind.BOOLEAN, value=False),
    "null": Token(Kind.NULL, value=None),
}


def read_tokens(text: str) -> list[Token]:
    """All words of an expression; a character that belongs to none is refused."""
    tokens: list[Token] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise bad_request(f"Syntax error at position {position} in '{text}'.")
        tokens.append(_token_of(match))
        position = match.end()
    return tokens


def _token_of(match: re.Match[str]) -> Token:
    if match["guid"] is not None:
        return Token(Kind.GUID, read_guid(match["guid_text"]))
    if match["datetime"] is not None:
        return Token(Kind.DATETIME, _read_datetime(match["datetime_text"]))
    if match["string"] is not None:
        return Token(Kind.STRING, match["string"].replace("''", "'"))
    if match["number"] is not None:
        return Token(Kind.NUMBER, _read_number(match["number"], match["suffix"]))
    if match["name"] is not None:
        return _CONSTANTS.get(match["name"]) or Token(Kind.NAME, match["name"])
    return Token(Kind.SIGN, match["sign"])


def read_guid(text: str) -> str:
    """A GUID in lower case."""
    if not _GUID.fullmatch(text):
        raise bad_request(f"Unrecognized 'Edm.Guid' literal 'guid'{text}''.")
    return text.lower()


def _read_datetime(text: str) -> int:
    wall_ms = parse_wall(text)
    if wall_ms is None:
        raise bad_request(f"Unrecognized 'Edm.DateTime' literal 'datetime'{text}''.")
    return wall_ms


def _read_number(text: str, suffix: str) -> int | float:
    if suffix.upper() == "L" and "." in text:
        raise bad_request(f"Unrecognized 'Edm.Int64' literal '{text}{suffix}'.")
    return float(text) if "." in text else int(text)
