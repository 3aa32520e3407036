"""Every text of the sources that people read, as one catalogue: from templates and from Python."""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PYTHON_FOLDERS = ("audit", "connector_site", "exact", "syncjobs", "tenants", "ups")
NOT_SHOWN = frozenset({"admin.py", "demo", "management", "migrations"})
"""Files and folders whose texts are for us alone."""
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "said": None,
}


def collected() -> Catalog:
    """All messages with the files they stand in."""
    catalog = Catalog(charset="utf-8")
    for path in [*python_files(), *template_files()]:
        where = path.relative_to(ROOT).as_posix()
        for _line, message, _comments, context in extract("python", io.BytesIO(_source(path)), KEYWORDS):
            catalog.add(message, locations=[(where, 1)], context=context)
    return catalog


def python_files() -> Iterator[Path]:
    """The product's own modules."""
    for folder in PYTHON_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not NOT_SHOWN & set(path.parts):
                yield path


def template_files() -> list[Path]:
    """Pages, parts of pages and mails."""
    return sorted(path for path in (ROOT / "templates").rglob("*.*") if path.suffix in {".html", ".txt"})


def _source(path: Path) -> bytes:
    """The file as Python: of a template, its marked texts alone, each line without its indent."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text.encode()
    return "\n".join(line.lstrip() for line in templatize(text).splitlines()).encode()
