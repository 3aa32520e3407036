"""Secrets at rest: encrypted columns whose plaintext names its owner and its purpose.

Fernet has no associated data: a ciphertext copied into another row would decrypt there. So each sealed value carries
the row and the purpose it was made for, and reading it for another row or purpose fails (`dependencies.md` 3).
"""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from fernet_fields import EncryptedBinaryField, EncryptedJSONField


class WrongOwner(Exception):
    """A sealed value was found in a row or a role it was not made for."""


UNREADABLE = (InvalidToken, WrongOwner)
"""What reading a stored secret raises when its key is gone, or when it was made for another row."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that must not be shown: it prints as stars and gives itself away only when asked to."""

    _text: str

    def reveal(self) -> str:
        """The text itself, for the one call that needs it."""
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"

    def __bool__(self) -> bool:
        return bool(self._text)


class _EncryptsExpressionsNever:
    """Keeps `bulk_update` from encrypting the text of its own SQL expression instead of the value."""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql"):
            return value
        return super().get_db_prep_save(value, connection)  # type: ignore[misc]


class SealedField(_EncryptsExpressionsNever, EncryptedJSONField):
    """An encrypted JSON column; values are made by `seal` and read by `unseal`."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]


class EncryptedBytesField(_EncryptsExpressionsNever, EncryptedBinaryField):
    """An encrypted column of bytes; values are made by `seal_bytes` and read by `unseal_bytes`."""

    _pyi_private_set_type: bytes
    _pyi_private_get_type: bytes

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]


def seal(value: Any, *, owner: object, purpose: str) -> dict[str, Any]:
    """The envelope to store in a `SealedField` of the row `owner` (its public code)."""
    return {"owner": str(owner), "purpose": purpose, "value": value}


def unseal(envelope: dict[str, Any] | None, *, owner: object, purpose: str) -> Any:
    """What was sealed for this owner and purpose; raises `WrongOwner` for any other envelope."""
    if envelope is None or envelope.get("owner") != str(owner) or envelope.get("purpose") != purpose:
        raise WrongOwner(purpose)
    return envelope["value"]


def unseal_secret(envelope: dict[str, Any] | None, *, owner: object, purpose: str) -> Secret:
    """`unseal` for a single text that must not be shown."""
    return Secret(unseal(envelope, owner=owner, purpose=purpose))


_BOUND = b"\x00bound\x00"
"""Begins bytes that name their owner; no label, archive or JSON text begins so."""


def seal_bytes(content: bytes, *, owner: object, purpose: str) -> bytes:
    """What to store in an `EncryptedBytesField` of the row `owner` (its public code)."""
    made_for = json.dumps({"owner": str(owner), "purpose": purpose}).encode()
    return _BOUND + made_for + b"\n" + content


def unseal_bytes(stored: bytes | memoryview, *, owner: object, purpose: str) -> bytes:
    """The content that was sealed for this owner and purpose; raises `WrongOwner` for any other.

    Bytes that were stored before owners were named are given as they are.
    """
    found = bytes(stored)
    if not found.startswith(_BOUND):
        return found
    made_for, _, content = found.removeprefix(_BOUND).partition(b"\n")
    unseal({**json.loads(made_for), "value": None}, owner=owner, purpose=purpose)
    return content
