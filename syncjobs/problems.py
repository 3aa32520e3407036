"""What keeps a delivery from going on, in words that a person can act upon."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One obstacle: `code` for machines, `text` says what is wrong, `where` says where to fix it."""

    code: str
    text: str
    where: str = ""
    field: str = ""


def as_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """For the delivery's column."""
    return [asdict(problem) for problem in problems]


def from_json(rows: list[dict[str, str]]) -> list[Problem]:
    """What `as_json` stored."""
    return [Problem(**row) for row in rows]
