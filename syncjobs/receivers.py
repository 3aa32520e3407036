"""Showing who a delivery goes to. Reads only; a receiver that cannot be read is no obstacle to the rest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BinaryField, ExpressionWrapper, F, QuerySet

from connector_site.lib.secrets import UNREADABLE
from syncjobs.models import Delivery, PartyAddress
from syncjobs.parties import open_party

_SEALED, _SEALED_KEY = PartyAddress._meta.get_field("sealed"), PartyAddress._meta.get_field("sealed_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who a delivery goes to, opened for showing; all empty where that cannot be read, or was erased.

    All but `in_exact` is as UPS is told; that is as Exact has it, and empty for what was read by an older version.
    """

    name: str = ""
    attention: str = ""
    lines: tuple[str, ...] = ()
    place: str = ""
    country: str = ""
    phone: str = ""
    in_exact: tuple[str, ...] = ()
    is_readable: bool = True
    erased_at: datetime | None = None

    @property
    def whereabouts(self) -> str:
        """Place and country; less than both where Exact has less."""
        return ", ".join(part for part in (self.place, self.country) if part)


def with_receiver(found: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """With what `receiver_of` opens, still sealed: opened by the query, one that cannot be read would cost them all."""
    return found.annotate(
        sealed_receiver=ExpressionWrapper(F("ship_to__sealed"), output_field=BinaryField()),
        sealed_receiver_key=ExpressionWrapper(F("ship_to__sealed_key"), output_field=BinaryField()),
        receiver_erased_at=F("ship_to__erased_at"),
    )


def receiver_of(delivery: Delivery) -> Receiver | None:
    """The receiver once the delivery was read, else None; for deliveries found `with_receiver`."""
    found: Any = delivery
    if found.receiver_erased_at is not None:
        return Receiver(is_readable=False, erased_at=found.receiver_erased_at)
    if found.sealed_receiver is None:
        return None
    try:
        key = _SEALED_KEY.from_db_value(found.sealed_receiver_key, None, connection)  # type: ignore[no-untyped-call]
        sealed = _SEALED.from_db_value(found.sealed_receiver, None, connection)  # type: ignore[no-untyped-call]
        return shown(open_party(key, sealed, delivery_code=delivery.code))
    except UNREADABLE:
        return Receiver(is_readable=False)


def shown(party: dict[str, Any]) -> Receiver:
    """A party as it was kept."""
    return Receiver(
        name=party.get("name", ""),
        attention=party.get("attention", ""),
        lines=tuple(party.get("lines", ())),
        place=" ".join(part for part in (party.get("postal_code"), party.get("city"), party.get("state")) if part),
        country=party.get("country", ""),
        phone=party.get("phone", ""),
        in_exact=tuple(party.get("in_exact", ())),
    )
