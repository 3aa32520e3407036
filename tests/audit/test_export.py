"""An exported trail verifies by the published recipe, and a forged copy of it does not."""

import contextlib
import hashlib
import io
import json
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from audit import exporting, verify_export
from audit.models import Event
from audit.record import Happening, acting, happenings
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.audit.test_chain import record_three
from tests.audit.test_pruning import make_old, pruned
from tests.factories import make_tenant

Lines = list[str]


def exported(tenant: Tenant, folder: Path, **during: Any) -> Path:
    """The archive as it is downloaded."""
    path = folder / "trail.zip"
    wanted = {"from_at": None, "until_at": None} | during
    path.write_bytes(b"".join(exporting.archive(tenant.id, **wanted)))
    return path


def verified(path: Path, *arguments: str) -> tuple[int, str]:
    """How the program ends and what it says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = verify_export.main([str(path), *arguments])
    return code, said.getvalue()


def verified_alone(path: Path) -> tuple[int, str]:
    """The same of the program that lies in the archive, run without anything of ours."""
    with zipfile.ZipFile(path) as packed:
        packed.extract("verify_export.py", path.parent)
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-I", path.with_name("verify_export.py"), path], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def forged(path: Path, change: Callable[[Lines], Lines], **manifest: Any) -> Path:
    """A copy in which the lines, and values of the manifest, are others."""
    copy = path.with_name("forged.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == verify_export.EVENTS:
                content = "".join(change(content.decode().splitlines(keepends=True))).encode()
            if name == verify_export.MANIFEST:
                content = json.dumps(json.loads(content) | manifest).encode()
            new.writestr(name, content)
    return copy


def lines_of(path: Path) -> Lines:
    with zipfile.ZipFile(path) as packed:
        return packed.read(verify_export.EVENTS).decode().splitlines()


def edited(line: str, **values: Any) -> str:
    return json.dumps(json.loads(line) | values, ensure_ascii=False) + "\n"


def resealed(line: str, before: str, after: str) -> str:
    """Changed in the text and in the readable fields, with a hash that fits again."""
    event = json.loads(line.replace(before, after))
    return edited(json.dumps(event), hash=hashlib.sha256(event["text"].encode()).hexdigest())


@pytest.fixture
def tenant(db: None) -> Tenant:
    """With six events, words beyond ASCII and numbers of every sort among them."""
    del db
    made = make_tenant()
    record_three(made)
    details = {"what": "Größe 10,5 “naïve”", "number": 1.50, "many": [1, 2.0, True, None], "deep": {"b": 1, "aa": 2}}
    with acting("user:x"), tenant_context(made.id):
        happenings(
            made.id,
            [
                Happening(
                    kind=Event.Kind.CHANGED,
                    subject_kind="tenant",
                    subject=made.code,
                    correlation=uuid.uuid4(),
                    from_state="a",
                    to_state="b",
                    details=details | {"step": number},
                )
                for number in range(3)
            ],
        )
    return made


def test_an_export_verifies_with_nothing_but_what_is_in_it(tenant: Tenant, tmp_path: Path) -> None:
    path = exported(tenant, tmp_path)

    code, told = verified_alone(path)

    with tenant_context(tenant.id):
        head = Event.objects.get(sequence=6)
    assert code == 0
    assert "6 events, numbers 1 to 6: each one fits." in told
    assert f"Last event: 6:{head.hash}" in told
    assert verified(path, "--noted", f"6:{head.hash}")[0] == 0
    assert "Größe" in lines_of(path)[3]


FORGERIES: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "a readable field was changed": (lambda rows: [edited(rows[0], actor="nobody"), *rows[1:]], "Event 1"),
    "a readable detail was changed": (lambda rows: [*rows[:4], edited(rows[4], details={}), rows[5]], "Event 5"),
    "a number became a truth": (
        lambda rows: [*rows[:3], rows[3].replace('"number": 1.5', '"number": true', 1), *rows[4:]],
        "Event 4",
    ),
    "a field was added": (lambda rows: [edited(rows[0], note="x"), *rows[1:]], "Event 1"),
    "a key stands twice": (lambda rows: [rows[0].replace("{", '{"actor": "nobody", ', 1), *rows[1:]], "Line 1"),
    "the text was changed": (lambda rows: [rows[0].replace("worker", "nobody"), *rows[1:]], "Event 1"),
    "text and hash were changed": (lambda rows: [*rows[:1], resealed(rows[1], "worker", "nobody"), *rows[2:]], "3"),
    "a line was removed": (lambda rows: [*rows[:2], *rows[3:]], "Event 4"),
    "lines were swapped": (lambda rows: [rows[0], rows[2], rows[1], *rows[3:]], "Event 3"),
    "the tail was cut": (lambda rows: rows[:4], "The manifest says otherwise"),
    "a line was added": (lambda rows: [*rows, rows[5]], "Event 6 (line 7)"),
    "the beginning was cut": (lambda rows: rows[2:], "The manifest says otherwise"),
    "everything was removed": (lambda rows: rows[:0], "The manifest says otherwise"),
    "a line is no event": (lambda rows: [*rows, "hello\n"], "Line 7"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_copy_does_not_verify(forgery: str, tenant: Tenant, tmp_path: Path) -> None:
    change, named = FORGERIES[forgery]

    code, told = verified(forged(exported(tenant, tmp_path), change))

    assert (code, told[:7]) == (1, "BROKEN.")
    assert named in told


def test_a_cut_tail_under_a_forged_manifest_is_betrayed_by_the_head_or_by_a_note(
    tenant: Tenant, tmp_path: Path
) -> None:
    path = exported(tenant, tmp_path)
    with tenant_context(tenant.id):
        fourth, last = Event.objects.get(sequence=4), Event.objects.get(sequence=6)
    lies = {"events": 4, "last_sequence": 4, "last_hash": fourth.hash}
    forged_head = {"sequence": 4, "hash": fourth.hash}

    code, told = verified(forged(path, lambda rows: rows[:4], **lies))
    assert (code, "the trail went on to event 6" in told) == (1, True)

    copy = forged(path, lambda rows: rows[:4], **lies, head=forged_head)
    assert verified(copy)[0] == 0
    assert verified(copy, "--noted", f"6:{last.hash}")[0] == 1
    assert verified(copy, "--noted", f"4:{'0' * 64}")[0] == 1


def test_a_part_says_that_it_is_one(tenant: Tenant, tmp_path: Path) -> None:
    with tenant_context(tenant.id):
        fourth = Event.objects.get(sequence=4)

    code, told = verified(exported(tenant, tmp_path, from_at=fourth.recorded_at))

    assert code == 0
    assert "3 events, numbers 4 to 6" in told
    assert "a part of the trail" in told


def test_a_time_in_which_nothing_happened_is_no_mistake(tenant: Tenant, tmp_path: Path) -> None:
    assert verified(exported(tenant, tmp_path, from_at=timezone.now()))[0] == 0


@pytest.mark.django_db(transaction=True)
def test_a_trail_whose_old_events_were_deleted_begins_where_an_event_says_so(tmp_path: Path) -> None:
    tenant = make_tenant()
    record_three(tenant)
    record_three(tenant)
    make_old(tenant, through=4, months=30)
    assert pruned(tenant) == 4
    path = exported(tenant, tmp_path)

    code, told = verified(path)

    assert (code, "3 events, numbers 5 to 7" in told) == (0, True)
    first = json.loads(lines_of(path)[1])
    cut = forged(path, lambda rows: rows[1:], events=2, first_sequence=6, first_previous_hash=first["previous_hash"])
    code, told = verified(cut)
    assert (code, "no event tells" in told) == (1, True)


def test_a_file_that_is_none_is_refused_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "trail.zip"
    path.write_bytes(b"PK\x03\x04 nothing")

    assert verify_export.main([str(path)]) in (1, 2)
    assert verify_export.main([str(tmp_path / "missing.zip")]) == 2
