"""Imports point one way (`design.md` 2): every import of the product and the sandbox is read and checked."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = {"tenants": 1, "audit": 2, "exact": 3, "ups": 3, "syncjobs": 4}
EDGE_MODULES = {"views", "forms", "urls", "admin", "tasks", "api", "management"}
EDGE_FLOOR = 5
SITE_FLOOR = 6
LINES_PER_FILE = 400
LINES_PER_FUNCTION = 50


def floor(module: str) -> int:
    """The floor a module stands on."""
    parts = module.split(".")
    if parts[0] == "connector_site":
        return 0 if parts[1:2] == ["lib"] else SITE_FLOOR
    if len(parts) > 1 and parts[1] in EDGE_MODULES:
        return EDGE_FLOOR
    return APPS[parts[0]]


def may_import(importer: str, imported: str) -> bool:
    """Own app freely as long as it is no higher, others only from a lower floor."""
    if importer.split(".", maxsplit=1)[0] == imported.split(".", maxsplit=1)[0] != "connector_site":
        return floor(imported) <= floor(importer)
    if floor(importer) == floor(imported):
        return importer.startswith("connector_site") and imported.startswith("connector_site")
    return floor(imported) < floor(importer)


def sources(*folders: str) -> list[Path]:
    """Every Python file below these folders, migrations left out."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def module_name(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module named in an import of this file, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def product(name: str) -> bool:
    """Whether a dotted name is ours and not the sandbox's."""
    return name.split(".", maxsplit=1)[0] in {*APPS, "connector_site"}


PRODUCT_FILES = sources("connector_site", *APPS)


@pytest.mark.parametrize("path", PRODUCT_FILES, ids=module_name)
def test_every_import_points_down(path: Path) -> None:
    wrong = [name for name in imports(path) if product(name) and not may_import(module_name(path), name)]

    assert wrong == []


@pytest.mark.parametrize("path", PRODUCT_FILES, ids=module_name)
def test_the_product_never_imports_the_sandbox_or_the_tests(path: Path) -> None:
    assert [name for name in imports(path) if name.split(".")[0] in {"sandbox", "tests", "bench"}] == []


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    wrong = [(module_name(path), name) for path in sources("sandbox") for name in imports(path) if product(name)]

    assert wrong == []


def test_exact_and_ups_do_not_know_each_other() -> None:
    pairs = [("exact", "ups"), ("ups", "exact")]
    wrong = [
        (module_name(path), name)
        for one, other in pairs
        for path in sources(one)
        for name in imports(path)
        if name.split(".")[0] == other
    ]

    assert wrong == []


def test_imports_stand_at_the_top_of_the_file() -> None:
    hidden = [
        (module_name(path), node.lineno)
        for path in PRODUCT_FILES
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert hidden == []


def test_no_file_and_no_function_is_too_long() -> None:
    long: list[tuple[str, int]] = []
    for path in sources("connector_site", *APPS, "sandbox", "tests", "bench"):
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > LINES_PER_FILE:
            long.append((module_name(path), len(text.splitlines())))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LINES_PER_FUNCTION:
                    long.append((f"{module_name(path)}.{node.name}", lines))

    assert long == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("exact.client", "ups.client"),
        ("exact.client", "syncjobs.models.Delivery"),
        ("tenants.models", "audit.models"),
        ("ups.client", "connector_site.settings"),
        ("syncjobs.engine", "exact.views"),
        ("syncjobs.views", "exact.views"),
        ("syncjobs.engine", "syncjobs.tasks"),
        ("connector_site.lib.http", "tenants.models"),
    ],
)
def test_the_check_itself_refuses_wrong_arrows(importer: str, imported: str) -> None:
    assert not may_import(importer, imported)
