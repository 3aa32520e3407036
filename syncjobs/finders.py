"""Finding the deliveries of one person without opening every address: keyed hashes of the words she is looked for by.

They are made with the key of the service and the customer's own number, so they say nothing to anybody else, and they
go with the address.
"""

import hmac
import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

MOST_WORDS = 40
"""Our own bound; a name and an address have a dozen."""
PHONE_DIGITS = 9
"""The last digits of a number are the same with and without the country's code."""
_DIGEST_CHARACTERS = 32
_WORD = re.compile(r"[^\W_]+")
_PHONE = re.compile(r"[+\d][\d\s()./-]{5,}")


def mark() -> str:
    """Stands among the hashes that the present key made; where it is missing they are made anew (`retention`)."""
    return "key " + hmac.digest(str(settings.SECRET_KEY).encode(), b"mark of finders", "sha256").hex()[:16]


def finders_of(tenant_id: uuid.UUID, party: Mapping[str, Any]) -> list[str]:
    """The hashes to keep beside an address, as `parties` keeps it, and the mark of their key."""
    texts = [party.get("name", ""), party.get("attention", ""), *party.get("lines", ())]
    texts += [party.get("postal_code", ""), party.get("city", "")]
    words = {word for text in texts for word in _words(text)}
    words |= {_joined(party.get("postal_code", "")), _phone(party.get("phone", ""))}
    words.add(party.get("email", "").strip().casefold())
    return [mark(), *_hashes(tenant_id, sorted(words - {""})[:MOST_WORDS], str(settings.SECRET_KEY))]


def wanted(tenant_id: uuid.UUID, asked: str) -> list[list[str]]:
    """What a search stands for: an address that has all hashes of one of these lists is found.

    One list for each key of the service that is still accepted.
    """
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    ways = _ways(asked)
    return [_hashes(tenant_id, way, key) for key in keys for way in ways if way]


def mark_of_words(tenant_id: uuid.UUID, text: str) -> str:
    """Stands for free words where they themselves may not stand; nobody without the key can try words against it."""
    return _hashes(tenant_id, [f"words: {text}"], str(settings.SECRET_KEY))[0]


def _ways(asked: str) -> list[list[str]]:
    """As words that all occur; or as a phone number, or as an e-mail address, where it looks like one."""
    text = asked.strip()
    if "@" in text:
        return [[text.casefold()]]
    phone = [[_phone(text)]] if _PHONE.fullmatch(text) and _phone(text) else []
    joined = [[_joined(text)]] if any(letter.isdigit() for letter in text) else []
    return [sorted(set(_words(text))), *phone, *joined]


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))


def _joined(text: str) -> str:
    return "".join(_words(text))


def _phone(text: str) -> str:
    digits = "".join(letter for letter in text if letter.isdigit())
    return f"phone {digits[-PHONE_DIGITS:]}" if len(digits) >= PHONE_DIGITS - 2 else ""


def _hashes(tenant_id: uuid.UUID, words: Iterable[str], secret: str) -> list[str]:
    key = _key(tenant_id, secret)
    return [hmac.digest(key, word.encode(), "sha256").hex()[:_DIGEST_CHARACTERS] for word in words]


@lru_cache(maxsize=1024)
def _key(tenant_id: uuid.UUID, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"finders of " + tenant_id.bytes, "sha256")
