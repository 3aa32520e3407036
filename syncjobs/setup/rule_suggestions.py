"""Which UPS service the name of a shipping method speaks of. A suggestion only: it counts once a person saves it."""

import re
import unicodedata
from collections.abc import Sequence

from ups.services import Service

NOT_UPS = ""
"""Suggested where the name is another carrier's, or the customer fetches the goods."""
_WORD = re.compile(r"[a-z0-9]+")
_CARRIERS = "postnl dhl dpd gls fedex tnt bpost colissimo chronopost hermes correos seur mrw nacex dsv"
_FETCHING = "afhalen abholung abholer pickup picks retrait enlevement recogida collect collects collection"
_OTHER_WAYS = frozenset(f"{_CARRIERS} {_FETCHING}".split())
_CARRIER = "ups"
_FILLERS = frozenset({"ups", "worldwide", "service"})
_SHORT_FORMS = {"std": "standard", "exp": "express", "expr": "express", "sav": "saver", "expd": "expedited"}
"""How methods abbreviate the services, as in the code UPSSTD."""
_PARTS_BY_LENGTH = sorted(_SHORT_FORMS, key=len, reverse=True)


def suggested_service(code: str, description: str, offered: Sequence[Service]) -> str | None:
    """A code among `offered`, `NOT_UPS`, or None where the name tells nothing.

    The description goes before the code, and the service with the most words in it before the others.
    """
    words = _words(description)
    if words & _OTHER_WAYS:
        return NOT_UPS
    short = _of_code(code)
    if _CARRIER not in words | short:
        return NOT_UPS if _words(code) & _OTHER_WAYS else None
    return _best(words, offered) or _best(short, offered)


def _best(words: frozenset[str], offered: Sequence[Service]) -> str | None:
    named = [(len(meant), service.code) for service in offered if (meant := _meaning(service)) and meant <= words]
    most = max((length for length, _ in named), default=0)
    best = [code for length, code in named if length == most]
    return best[0] if len(best) == 1 else None


def _meaning(service: Service) -> frozenset[str]:
    """What tells the service from the others."""
    return _words(service.name) - _FILLERS


def _words(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    found = _WORD.findall(plain)
    return frozenset(found) | {_SHORT_FORMS[word] for word in found if word in _SHORT_FORMS}


def _of_code(code: str) -> frozenset[str]:
    """Words of a code, which are often written together: UPSEXPSAV, UPS-STD."""
    words = set(_words(code))
    rest = next((word.removeprefix(_CARRIER) for word in words if word.startswith(_CARRIER)), None)
    if rest is None:
        return frozenset(words)
    words.add(_CARRIER)
    while rest:
        part = next((part for part in _PARTS_BY_LENGTH if rest.startswith(part)), None)
        if part is None:
            return frozenset({*words, rest})
        words.add(_SHORT_FORMS[part])
        rest = rest.removeprefix(part)
    return frozenset(words)
