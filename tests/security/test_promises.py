"""What `docs/security.md` promises has a test that exists, and every required item stands there."""

import ast
import re

from tests.connector_site.test_settings import ROOT

PROMISES = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
REQUIRED = {
    "8.2": (1, 2, 3),
    "8.4": (1,),
    "10.1": (1, 2),
    "10.2": (1, 2),
    "1.3": (6,),
    "13.2": (4, 5),
    "2.3": (1, 2, 3, 4),
    "2.4": (1,),
    "6.3": (1, 3),
    "6.5": (1,),
    "7.2": (4,),
    "7.3": (1, 2),
    "7.4": (2, 3),
    "7.5": (1,),
    "3.3": (1, 2, 3, 4),
    "3.4": (1, 2, 3, 4, 5, 6),
    "3.5": (1,),
    "14.3": (2,),
    "11.2": (2,),
    "11.3": (2, 3),
    "11.5": (1,),
    "13.3": (1, 2),
    "16.2": (5,),
    "16.3": (1, 2, 3),
    "16.4": (2, 3),
    "16.5": (1, 2, 3),
}
"""`reliability.md` 5, the table of ASVS items."""


def functions(path: str) -> set[str]:
    """Every test of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def items() -> set[str]:
    """The items in the first column, ranges written out."""
    found: set[str] = set()
    for line in PROMISES.splitlines():
        first = line.split("|")[1] if line.startswith("|") else ""
        for part in first.split(","):
            begin, _, end = part.strip().partition("-")
            if re.fullmatch(r"\d+\.\d+\.\d+", begin):
                stem, number = begin.rsplit(".", 1)
                last = int(end.rsplit(".", 1)[1]) if end else int(number)
                found |= {f"{stem}.{one}" for one in range(int(number), last + 1)}
    return found


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(PROMISES)

    assert [f"{path}::{name}" for path, name in named if name not in functions(path)] == []
    assert len(named) > 50


def test_every_required_item_has_its_line() -> None:
    assert {f"{stem}.{one}" for stem, ones in REQUIRED.items() for one in ones} - items() == set()
