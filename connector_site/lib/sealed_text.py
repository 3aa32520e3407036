"""Encrypted text for places that are not columns, as a session is: bound to an owner and a purpose like those."""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from fernet_fields.hkdf import derive_fernet_key

from connector_site.lib.secrets import seal, unseal


def seal_text(value: Any, *, owner: object, purpose: str) -> str:
    """What JSON can hold, as text that only our keys open."""
    envelope = json.dumps(seal(value, owner=owner, purpose=purpose))
    return _of_keys(tuple(settings.FERNET_KEYS)).encrypt(envelope.encode()).decode()


def unseal_text(text: str, *, owner: object, purpose: str) -> Any:
    """What was sealed for this owner and purpose; raises one of `secrets.UNREADABLE` for anything else."""
    envelope = _of_keys(tuple(settings.FERNET_KEYS)).decrypt(text.encode())
    return unseal(json.loads(envelope), owner=owner, purpose=purpose)


@lru_cache(maxsize=4)
def _of_keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(derive_fernet_key(key)) for key in keys])  # type: ignore[no-untyped-call]
