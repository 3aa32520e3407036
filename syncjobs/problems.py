"""What keeps a delivery from going on, in words that a person can act upon."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One obstacle: `code` for machines, `text` says what is wrong, `where` says where to fix it.

    `content` is the fingerprint of what a person is asked to approve; her approval holds for that alone.
    """

    code: str
    text: str
    where: str = ""
    field: str = ""
    content: str = ""


def as_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """For the delivery's column."""
    rows = [asdict(problem) for problem in problems]
    return [{name: value for name, value in row.items() if value or name != "content"} for row in rows]


def from_json(rows: list[dict[str, str]]) -> list[Problem]:
    """What `as_json` stored."""
    return [Problem(**row) for row in rows]
