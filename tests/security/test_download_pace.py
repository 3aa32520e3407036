"""Nobody takes along everything at once: a person's files are counted, and normal printing does not notice."""

import inspect
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import CodeType, FunctionType
from typing import Any

import pytest
from django.urls import reverse

from audit.models import Event
from syncjobs.models import Label
from tenants import download_pace
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.pages.test_isolation import ROUTES, identifiers
from tests.security.test_fresh_factor import views

pytestmark = pytest.mark.django_db
GIVE_FILES = {
    "audit:export", "syncjobs:batch_file", "syncjobs:export_file", "syncjobs:label_original", "syncjobs:label_pdf",
    "syncjobs:label_preview", "syncjobs:labels_pdf", "syncjobs:labels_printer", "syncjobs:list_file",
    "syncjobs:print_labels", "syncjobs:proof", "syncjobs:reports_csv", "syncjobs:scan_file",
}  # fmt: skip
HAND_OUT = {"syncjobs:batch_again", "syncjobs:scan_print", "syncjobs:take_labels"}
"""They mark labels as printed, and their page fetches the file: that is not counted once more."""
SHOWS_NOTHING = {"syncjobs:test_page"}
"""A file without anything of a company's."""
A_BURST = 30


def limit(monkeypatch: pytest.MonkeyPatch, requests: int) -> None:
    """So many in a minute, counted apart from every other test."""
    rule = replace(download_pace.DOWNLOADS, name=f"downloads {uuid.uuid4()}", requests=requests)
    monkeypatch.setattr(download_pace, "DOWNLOADS", rule)


def gives_a_file(function: Callable[..., Any], seen: set[CodeType] | None = None) -> bool:
    """Whether it names the header of a file, itself or in anything of ours that it calls."""
    seen = set() if seen is None else seen
    inner = inspect.unwrap(function)
    if not isinstance(inner, FunctionType) or inner.__code__ in seen or ".views" not in inner.__module__:
        return False
    seen.add(inner.__code__)
    called = (inner.__globals__.get(name) for name in inner.__code__.co_names)
    return "Content-Disposition" in texts(inner.__code__.co_consts) or any(
        gives_a_file(one, seen) for one in called if isinstance(one, FunctionType)
    )


def texts(constants: tuple[object, ...]) -> Iterator[str]:
    for one in constants:
        if isinstance(one, str):
            yield one
        elif isinstance(one, tuple):
            yield from texts(one)


def test_every_address_that_gives_a_file_counts(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    codes = identifiers(desk)
    client = as_user(cast.owner)
    answers = {
        name: client.get(reverse(name, args=[cast.tenant.code, *(codes[one] for one in needs)]))
        for name, needs in ROUTES.items()
    }

    files = {name for name, answer in answers.items() if answer.has_header("Content-Disposition")}

    assert {name for name, view in views().items() if hasattr(view, "is_at_a_pace")} == GIVE_FILES | HAND_OUT
    assert {name for name, view in views().items() if gives_a_file(view)} == GIVE_FILES | SHOWS_NOTHING
    assert files <= GIVE_FILES | SHOWS_NOTHING
    assert {"syncjobs:label_pdf", "syncjobs:reports_csv"} <= files


def test_who_takes_too_many_files_is_told_when_to_go_on_and_gets_none(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, 2 * download_pace.WHOLE)
    scene.make_shipped(desk)
    address = reverse("syncjobs:list_file", args=[cast.tenant.code])
    client, sent = as_user(cast.owner), {"kind": "csv", "whole": "1"}

    taken = [client.post(address, sent).status_code for _ in range(2)]
    refused = client.post(address, sent)
    of_colleague = as_user(cast.viewer).post(address, sent)

    assert (taken, refused.status_code, of_colleague.status_code) == ([200, 200], 429, 200)
    assert 0 < int(refused["Retry-After"]) <= download_pace.DOWNLOADS.seconds
    assert f"Go on in {refused['Retry-After']} second" in refused.content.decode()
    assert not refused.has_header("Content-Disposition")
    with tenant_context(cast.tenant.id):
        assert Event.objects.filter(details__what="list of deliveries").count() == 3


def test_printing_as_fast_as_people_pack_is_not_slowed(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A burst of 30 labels, each looked at first and fetched for paper and as UPS sent it."""
    limit(monkeypatch, download_pace.DOWNLOADS.requests)
    code = identifiers(desk)["label_code"]
    client = as_user(cast.owner)
    names = ("label_preview", "label_pdf", "label_original")
    pages = [reverse(f"syncjobs:{name}", args=[cast.tenant.code, code]) for name in names]

    statuses = {client.get(page).status_code for _ in range(A_BURST) for page in pages}

    assert statuses == {200}


def at_the_scan_desk(desk: Desk) -> tuple[str, str]:
    """Where a label is printed, and its file."""
    code = scene.make_shipped(desk).code
    places = [reverse(f"syncjobs:{name}", args=[desk.tenant.code, code]) for name in ("scan_print", "scan_file")]
    return places[0], places[1]


def test_who_takes_too_many_marks_no_label_as_printed(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_user(cast.owner)
    printing, file = at_the_scan_desk(desk)
    limit(monkeypatch, 1)
    assert client.get(file).status_code == 200

    refused = client.post(printing)

    assert refused.status_code == 429
    with tenant_context(cast.tenant.id):
        assert set(Label.objects.values_list("prints", flat=True)) == {0}


def test_what_was_just_handed_out_is_fetched_whatever_was_taken_before(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_user(cast.owner)
    printing, file = at_the_scan_desk(desk)
    limit(monkeypatch, 1)

    assert client.post(printing)["Location"].endswith("?print=1")
    assert client.get(file).status_code == 200
    monkeypatch.setattr(download_pace, "FETCHED_WITHIN", 0)
    assert client.get(file).status_code == 429
