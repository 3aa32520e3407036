"""Every template compiles, so that a page nobody opened in a test cannot fail on a missing tag or include."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

TEMPLATES = Path(settings.BASE_DIR) / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))


def test_templates_are_found() -> None:
    assert "syncjobs/deliveries.html" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_template_compiles(name: str) -> None:
    assert get_template(name).origin.name == str(TEMPLATES / name)  # type: ignore[attr-defined]
