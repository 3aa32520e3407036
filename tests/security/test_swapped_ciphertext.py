"""A sealed value copied into another row does not open there, whichever column it stands in."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from connector_site import reencryption
from connector_site.lib.record_keys import lock_bytes, lock_json, open_bytes, open_json
from connector_site.lib.secrets import UNREADABLE, seal, seal_bytes, unseal, unseal_bytes
from exact import addresses, consent_links, grants, master
from exact.models import Connection, ConsentLink, Grant, MasterRecord, Warehouse
from exact.records import Address
from syncjobs import notes, parties, raw_messages
from syncjobs.actions import previewing
from syncjobs.labels import files
from syncjobs.models import DryRun, Label, Note, Receipt, TrackingEvent, ViewPage
from syncjobs.personal import exporting
from syncjobs.setup import dry_run
from syncjobs.tracking import history_rows
from ups import credentials
from ups.models import ALERT_CLIENT_SECRET, ALERT_CREDENTIAL, CLIENT_ID, CLIENT_SECRET, TOKEN, Account

HERE, THERE = uuid.uuid4(), uuid.uuid4()
PAIR = {"access": "a", "refresh": "r"}
ADDRESS = Address(
    id=HERE, lines=("Kade 12",), postcode="", city="", state="", country="NL", contact_id=None, contact_name="",
    phone="", account_id=None, account_name="", warehouse_id=None, kind=None, is_main=True,
)  # fmt: skip
Reader = Callable[[uuid.UUID], Any]
"""Reads, as the product does, in the row of this code what was sealed for the row `HERE`."""


def _label(code: uuid.UUID) -> bytes | None:
    locked = lock_bytes(b"GIF", owner=HERE, purpose=files.PURPOSE)
    return files.content_of(Label(code=code, sealed_key=locked.sealed_key, content=locked.content))


def _label_key(code: uuid.UUID) -> bytes:
    """The key of another label, beside content of its own."""
    ours = lock_bytes(b"GIF", owner=HERE, purpose=files.PURPOSE)
    theirs = lock_bytes(b"GIF", owner=code, purpose=files.PURPOSE)
    return open_bytes(ours.sealed_key, theirs.content if code != HERE else ours.content, owner=code, purpose="label")


def _party(code: uuid.UUID) -> Any:
    locked = lock_json({"name": "Jansen"}, owner=HERE, purpose=parties.PURPOSE)
    return open_json(locked.sealed_key, locked.sealed, owner=code, purpose=parties.PURPOSE)


def _receipt(code: uuid.UUID) -> bytes:
    return raw_messages.pushed(Receipt(code=code, sealed_body=raw_messages.sealed_push(b"{}", receipt_code=HERE)))


def _page(code: uuid.UUID) -> bytes:
    return raw_messages.viewed(ViewPage(code=code, body=raw_messages.sealed_view(b"{}", page_code=HERE)))


def _warehouse(code: uuid.UUID) -> Any:
    sealed = addresses._sealed(Connection(pk=1), HERE, ADDRESS)
    row = Warehouse(connection_id=1, exact_id=code, sealed_address=sealed)
    return addresses._opened(row)


def _consent(code: uuid.UUID) -> Any:
    sealed = seal({}, owner=HERE, purpose=consent_links._PURPOSE)
    row = ConsentLink(code=code, sealed_answer=sealed)
    return unseal(row.sealed_answer, owner=row.code, purpose=consent_links._PURPOSE)


def _record(code: uuid.UUID) -> Any:
    sealed = seal({}, owner=master._owner(HERE, HERE), purpose="item")
    return unseal(MasterRecord(sealed_fields=sealed).sealed_fields, owner=master._owner(HERE, code), purpose="item")


def _dry(code: uuid.UUID) -> None:
    """What cannot be opened is told as None there."""
    run = DryRun(code=code, sealed_results=seal([], owner=HERE, purpose=dry_run._PURPOSE))
    unseal(run.sealed_results, owner=run.code, purpose=dry_run._PURPOSE)
    assert dry_run._read(run) == ()


def _note(code: uuid.UUID) -> str:
    locked = lock_json({"text": "x"}, owner=HERE, purpose=notes.PURPOSE)
    return notes.words_of(Note(code=code, sealed_key=locked.sealed_key, sealed=locked.sealed))


def _token(code: uuid.UUID) -> Any:
    row = Account(code=code, token=seal("t", owner=HERE, purpose=TOKEN))
    row.token_renew_at = row.token_expires_at = timezone.now()
    return credentials._held(row)


def _account(column: str, purpose: str) -> Reader:
    def read(code: uuid.UUID) -> Any:
        row = Account(code=code, **{column: seal("x", owner=HERE, purpose=purpose)})
        return unseal(getattr(row, column), owner=row.code, purpose=purpose)

    return read


READERS: dict[str, Reader] = {
    "exact_consentlink.sealed_answer": _consent,
    "exact_grant.sealed_tokens": lambda code: grants.pair_of(
        Grant(code=code, sealed_tokens=seal(PAIR, owner=HERE, purpose=grants._TOKENS))
    ),
    "exact_grant.sealed_user": lambda code: unseal(
        seal({}, owner=HERE, purpose=grants._USER), owner=code, purpose=grants._USER
    ),
    "exact_masterrecord.sealed_fields": _record,
    "exact_warehouse.sealed_address": _warehouse,
    "syncjobs_attempt.request": lambda code: unseal(seal({}, owner=HERE, purpose="A1"), owner=code, purpose="A1"),
    "syncjobs_dryrun.sealed_results": _dry,
    "syncjobs_exportpart.packed": lambda code: unseal_bytes(
        seal_bytes(b"PK", owner=HERE, purpose=exporting._PURPOSE), owner=code, purpose=exporting._PURPOSE
    ),
    "syncjobs_label.content": _label,
    "syncjobs_label.sealed_key": _label_key,
    "syncjobs_note.sealed": _note,
    "syncjobs_note.sealed_key": _note,
    "syncjobs_partyaddress.sealed": _party,
    "syncjobs_partyaddress.sealed_key": _party,
    "syncjobs_preview.sealed_result": lambda code: unseal(
        seal({}, owner=HERE, purpose=previewing._PURPOSE), owner=code, purpose=previewing._PURPOSE
    ),
    "syncjobs_receipt.sealed_body": _receipt,
    "syncjobs_trackingevent.sealed": lambda code: history_rows._open(
        TrackingEvent(code=code, sealed=seal({}, owner=HERE, purpose=history_rows.PURPOSE))
    ),
    "syncjobs_viewpage.body": _page,
    "ups_account.alert_client_secret": _account("alert_client_secret", ALERT_CLIENT_SECRET),
    "ups_account.alert_credential": _account("alert_credential", ALERT_CREDENTIAL),
    "ups_account.client_id": lambda code: Account(
        code=code, client_id=seal("x", owner=HERE, purpose=CLIENT_ID)
    ).reveal_client_id(),
    "ups_account.client_secret": lambda code: Account(
        code=code, client_secret=seal("x", owner=HERE, purpose=CLIENT_SECRET)
    ).open_client_secret(),
    "ups_account.token": _token,
}


def test_every_encrypted_column_has_a_line_here() -> None:
    assert set(READERS) == {column.label for column in reencryption.columns()}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_it_opens_in_its_own_row_alone(read: Reader) -> None:
    read(HERE)

    with pytest.raises(UNREADABLE):
        read(THERE)
