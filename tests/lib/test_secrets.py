"""Secrets at rest and in hand: unreadable in the table, useless in another row, invisible in print."""

import json
import logging
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from fernet_fields.fields import DecryptionError
from pytest_django import Settings

from connector_site.lib.secrets import SealedField, Secret, WrongOwner, seal, unseal, unseal_secret
from syncjobs.models import Delivery, PartyAddress
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.rows import make_connection, make_delivery

TEXT = "hunter2-of-Jansen"
SECRET = Secret(TEXT)


def field() -> SealedField:
    """A column that has not read its keys yet."""
    made = SealedField()
    made.set_attributes_from_name("sealed")
    return made


def stored(value: Any, keys: list[str], settings: Settings) -> bytes:
    """What stands in the table, written with these keys."""
    settings.FERNET_KEYS = keys
    return bytes(field().get_db_prep_save(value, connection).obj)


def read(column: bytes, keys: list[str], settings: Settings) -> Any:
    """The value, read with these keys."""
    settings.FERNET_KEYS = keys
    return field().from_db_value(column, None, connection)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "printed",
    [
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>20}",
        "%s %r" % (SECRET, SECRET),  # noqa: UP031  the old way prints too
        repr([SECRET]),
        repr({"secret": SECRET}),
        str(ValueError(SECRET)),
    ],
)
def test_a_secret_prints_as_stars(printed: str) -> None:
    assert TEXT not in printed
    assert "***" in printed


@dataclass(frozen=True)
class Holder:
    secret: Secret


def test_a_secret_inside_something_else_or_in_a_log_prints_as_stars(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("tests").warning("signing in with %s of %s", SECRET, Holder(secret=SECRET))

    assert caplog.messages == ["signing in with *** of Holder(secret=Secret(***))"]


def test_a_secret_does_not_slip_into_json() -> None:
    with pytest.raises(TypeError):
        json.dumps({"secret": SECRET})


def test_a_secret_is_given_away_only_when_asked() -> None:
    assert SECRET.reveal() == TEXT
    assert (bool(SECRET), bool(Secret(""))) == (True, False)
    assert Secret(TEXT) == SECRET
    assert Secret("other") != SECRET


def test_what_was_sealed_is_read_by_its_owner_for_its_purpose() -> None:
    owner = uuid.uuid4()
    envelope = seal({"a": [1, "x"]}, owner=owner, purpose="token")

    assert unseal(envelope, owner=str(owner), purpose="token") == {"a": [1, "x"]}
    assert unseal_secret(seal(TEXT, owner=owner, purpose="token"), owner=owner, purpose="token").reveal() == TEXT


@pytest.mark.parametrize(
    ("envelope", "owner", "purpose"),
    [
        (seal(TEXT, owner="one", purpose="token"), "other", "token"),
        (seal(TEXT, owner="one", purpose="token"), "one", "client secret"),
        (None, "one", "token"),
        ({}, "one", "token"),
        ({"value": TEXT}, "None", "token"),
    ],
    ids=["another row", "another purpose", "nothing", "empty", "bare"],
)
def test_a_value_in_the_wrong_place_is_refused_without_showing_it(
    envelope: dict[str, Any] | None, owner: str, purpose: str
) -> None:
    for reading in (unseal, unseal_secret):
        with pytest.raises(WrongOwner) as refused:
            reading(envelope, owner=owner, purpose=purpose)
        assert TEXT not in str(refused.value)


def test_a_new_key_comes_first_and_what_the_old_one_wrote_stays_readable(settings: Settings) -> None:
    written_before = stored(seal(TEXT, owner="x", purpose="y"), ["old"], settings)
    written_after = stored(seal(TEXT, owner="x", purpose="y"), ["new", "old"], settings)

    assert read(written_before, ["new", "old"], settings)["value"] == TEXT
    assert read(written_after, ["new"], settings)["value"] == TEXT
    with pytest.raises(DecryptionError):
        read(written_after, ["old"], settings)
    with pytest.raises(DecryptionError):
        read(written_before, ["new"], settings)


def test_a_changed_column_is_refused(settings: Settings) -> None:
    column = bytearray(stored({"a": 1}, ["key"], settings))
    column[len(column) // 2] ^= 1

    with pytest.raises(DecryptionError):
        read(bytes(column), ["key"], settings)


@pytest.mark.parametrize("value", [{"a": 1}, [], "", 0, {"name": "Jørgen ☃", "x": None}])
def test_every_kind_of_value_comes_back_as_it_was(value: object, settings: Settings) -> None:
    assert read(stored(value, ["key"], settings), ["key"], settings) == value


def addresses(count: int) -> list[PartyAddress]:
    """So many rows with sealed values of their own, of one tenant."""
    of = make_connection(make_tenant())
    deliveries = [make_delivery(of) for _ in range(count)]
    return [make_address(delivery) for delivery in deliveries]


def make_address(delivery: Delivery) -> PartyAddress:
    """An address sealed for its delivery."""
    sealed = seal(TEXT, owner=delivery.code, purpose="p")
    with tenant_context(delivery.tenant_id):
        return PartyAddress.objects.create(tenant_id=delivery.tenant_id, delivery=delivery, sealed=sealed)


def columns(rows: list[PartyAddress]) -> list[bytes]:
    """As the table has them."""
    with tenant_context(rows[0].tenant_id), connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM syncjobs_partyaddress ORDER BY id")
        return [bytes(row[0]) for row in cursor.fetchall()]


def values(rows: list[PartyAddress]) -> list[Any]:
    """As the model reads them."""
    with tenant_context(rows[0].tenant_id):
        return [row.sealed for row in PartyAddress.objects.order_by("id")]


@pytest.mark.django_db
def test_the_table_holds_nothing_readable_and_no_two_alike() -> None:
    rows = addresses(2)

    one, other = columns(rows)

    assert TEXT.encode() not in one + other
    assert one != other


@pytest.mark.django_db
def test_a_bulk_update_writes_the_values_and_not_the_words_of_its_statement() -> None:
    rows = addresses(3)
    for number, row in enumerate(rows):
        row.sealed = {"number": number}

    with tenant_context(rows[0].tenant_id):
        assert PartyAddress.objects.bulk_update(rows, ["sealed"]) == 3

    assert values(rows) == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert not any(b"CASE" in column or b"number" in column for column in columns(rows))


@pytest.mark.django_db
def test_a_value_copied_into_another_row_is_refused_there() -> None:
    rows = addresses(2)
    with tenant_context(rows[0].tenant_id), connection.cursor() as cursor:
        cursor.execute("UPDATE syncjobs_partyaddress SET sealed = %s", [columns(rows)[0]])

    read_back = values(rows)

    assert unseal(read_back[0], owner=rows[0].delivery.code, purpose="p") == TEXT
    with pytest.raises(WrongOwner):
        unseal(read_back[1], owner=rows[1].delivery.code, purpose="p")
