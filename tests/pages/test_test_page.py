"""A page to try the printer with: of the true size, and nobody can take it for a label."""

import re

import pytest
from django.urls import reverse

from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


def address(desk: Desk, size: str, kind: str) -> str:
    return f"{reverse('syncjobs:test_page', args=[desk.tenant.code])}?size={size}&kind={kind}"


@pytest.mark.parametrize(("size", "points"), [("4x6", b"288 432"), ("4x8", b"288 576")])
def test_the_pdf_has_the_size_of_the_label(cast: Cast, desk: Desk, as_user: SignIn, size: str, points: bytes) -> None:
    answer = as_user(cast.viewer).get(address(desk, size, "pdf"))

    assert answer.headers["Content-Type"] == "application/pdf"
    assert re.findall(rb"/MediaBox \[ 0 0 ([\d. ]+) \]", answer.content) == [points]


@pytest.mark.parametrize(("size", "dots"), [("4x6", 1218), ("4x8", 1624)])
def test_the_zebra_page_has_the_size_of_the_label_and_says_that_it_is_none(
    cast: Cast, desk: Desk, as_user: SignIn, size: str, dots: int
) -> None:
    commands = as_user(cast.viewer).get(address(desk, size, "zpl")).content.decode()

    assert commands.startswith("^XA\n")
    assert commands.endswith("^XZ\n")
    assert f"^PW812\n^LL{dots}\n" in commands
    assert "^FDTEST - not a label^FS" in commands


@pytest.mark.parametrize(("size", "kind"), [("4x7", "pdf"), ("4x6", "exe"), ("", "")])
def test_there_is_no_other_size_or_format(cast: Cast, desk: Desk, as_user: SignIn, size: str, kind: str) -> None:
    assert as_user(cast.owner).get(address(desk, size, kind)).status_code == 404
