"""A key per record: what shows a person is encrypted under a key of its own, and erasing is throwing that key away.

The key stands sealed beside the record. Deleting it makes every copy of the content unreadable, also one in a backup of
the content alone. The owner and the purpose are bound to the ciphertext, as in `connector_site.lib.secrets`. Records
from before there were such keys have none, and are read as they were written.
"""

import base64
import json
import os
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector_site.lib.secrets import seal, unseal

_KEY_BITS = 256
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedJson:
    """The two columns of a record of JSON."""

    sealed_key: dict[str, Any]
    sealed: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedBytes:
    """The two columns of a record of bytes."""

    sealed_key: dict[str, Any]
    content: bytes


def new_key() -> bytes:
    """A random key for one record."""
    return AESGCM.generate_key(_KEY_BITS)


def lock_json(value: Any, *, owner: object, purpose: str) -> LockedJson:
    """Encrypt a value under a new key."""
    key = new_key()
    plain = json.dumps(value, separators=(",", ":")).encode()
    locked = base64.b64encode(_encrypt(key, plain, owner, purpose)).decode()
    return LockedJson(
        sealed_key=_seal_key(key, owner, purpose), sealed=seal(locked, owner=owner, purpose=_locked(purpose))
    )


def open_json(sealed_key: dict[str, Any] | None, sealed: dict[str, Any] | None, *, owner: object, purpose: str) -> Any:
    """What `lock_json` locked, or what an older version sealed without a key; raises one of `secrets.UNREADABLE`."""
    if sealed_key is None:
        return unseal(sealed, owner=owner, purpose=purpose)
    locked = base64.b64decode(unseal(sealed, owner=owner, purpose=_locked(purpose)))
    return json.loads(_decrypt(_open_key(sealed_key, owner, purpose), locked, owner, purpose))


def lock_bytes(content: bytes, *, owner: object, purpose: str) -> LockedBytes:
    """Encrypt bytes under a new key."""
    key = new_key()
    return LockedBytes(sealed_key=_seal_key(key, owner, purpose), content=_encrypt(key, bytes(content), owner, purpose))


def open_bytes(sealed_key: dict[str, Any] | None, content: bytes, *, owner: object, purpose: str) -> bytes:
    """What `lock_bytes` locked, or bytes of an older version as they are; raises one of `secrets.UNREADABLE`."""
    if sealed_key is None:
        return bytes(content)
    return _decrypt(_open_key(sealed_key, owner, purpose), bytes(content), owner, purpose)


def _locked(purpose: str) -> str:
    """Another purpose than that of a value without a key: taking the key away must not make one pass for the other."""
    return f"{purpose}, locked"


def _seal_key(key: bytes, owner: object, purpose: str) -> dict[str, Any]:
    return seal(base64.b64encode(key).decode(), owner=owner, purpose=f"{purpose}, key")


def _open_key(sealed_key: dict[str, Any], owner: object, purpose: str) -> bytes:
    return base64.b64decode(unseal(sealed_key, owner=owner, purpose=f"{purpose}, key"))


def _bound_to(owner: object, purpose: str) -> bytes:
    return f"{purpose}\n{owner}".encode()


def _encrypt(key: bytes, plain: bytes, owner: object, purpose: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound_to(owner, purpose))


def _decrypt(key: bytes, locked: bytes, owner: object, purpose: str) -> bytes:
    try:
        return AESGCM(key).decrypt(locked[:_NONCE_BYTES], locked[_NONCE_BYTES:], _bound_to(owner, purpose))
    except (InvalidTag, ValueError) as error:
        raise InvalidToken from error
