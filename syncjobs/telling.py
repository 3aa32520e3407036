"""Events of the trail as its page shows them: in words, with who and what by name. Inside the tenant's context."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.models import Event
from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.models import Delivery
from syncjobs.trail_words import DELIVERY, SUBJECTS, words_of
from tenants.models import Membership, User
from ups.models import SEALED, Account

PERSON = "user:"
TEAM = said("Team of ml-connector")
ACTORS: dict[str, str] = {
    "worker": said("ml-connector, by itself"),
    "system": said("ml-connector, by itself"),
    "exact": said("Exact Online"),
    "ups": "UPS",
    "comparison": said("Nightly comparison"),
}
BY_ITSELF = ("worker", "system", "comparison")
_LINK = "consent_link:"
_ACCOUNTS = ("ups account", "ups_account")
_TOLD_APART = ("changes", "fields")
_EMPTY = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one setting was and is; both are empty where the trail keeps only that it was changed."""

    name: str
    before: str = ""
    after: str = ""
    is_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event with its words. `delivery` is the code of the delivery that it is about, if it still exists."""

    event: Event
    words: str
    look: str
    more: str
    by: str
    about: str
    name: str
    delivery: uuid.UUID | None
    differences: tuple[Difference, ...]
    facts: tuple[tuple[str, str], ...]


def members_of(tenant_id: uuid.UUID) -> dict[str, str]:
    """Each member's actor with her name, by name."""
    rows = Membership.objects.filter(tenant_id=tenant_id).values_list("user__code", "user__name", "user__email")
    names = {f"{PERSON}{code}": name or email for code, name, email in rows}
    return dict(sorted(names.items(), key=lambda one: one[1].casefold()))


def team_actors() -> tuple[str, ...]:
    """The actors of our own team."""
    codes = User.objects.filter(is_staff=True).values_list("code", flat=True)
    return tuple(f"{PERSON}{code}" for code in codes)


def tell(tenant_id: uuid.UUID, events: Sequence[Event], *, members: Mapping[str, str]) -> list[Told]:
    """In the order given."""
    people = _people(events, members)
    names = _deliveries(tenant_id, events) | _others(tenant_id, events)
    return [_told(event, people, names) for event in events]


def _told(event: Event, people: Mapping[str, str], names: Mapping[uuid.UUID, str]) -> Told:
    words, look, more = words_of(event)
    is_there = event.subject_kind == DELIVERY and event.subject in names
    return Told(
        event=event,
        words=words,
        look=look,
        more=more,
        by=people.get(event.actor) or _by(event.actor),
        about=SUBJECTS.get(event.subject_kind, event.subject_kind),
        name=names.get(event.subject, ""),
        delivery=event.subject if is_there else None,
        differences=_differences(event.details),
        facts=tuple((name, _text(value)) for name, value in event.details.items() if name not in _TOLD_APART),
    )


def _by(actor: str) -> str:
    if actor.startswith(_LINK):
        return said("A colleague, by a link")
    return ACTORS.get(actor, actor)


def _people(events: Iterable[Event], members: Mapping[str, str]) -> dict[str, str]:
    """The actors that are persons by name; one who left is "a former member"."""
    actors = {event.actor for event in events if event.actor.startswith(PERSON)}
    strangers = {actor.removeprefix(PERSON) for actor in actors - members.keys()}
    team = (
        set(User.objects.filter(code__in=strangers, is_staff=True).values_list("code", flat=True)) if strangers else ()
    )
    ours = {f"{PERSON}{code}" for code in team}
    return {actor: members.get(actor, TEAM if actor in ours else said("a former member")) for actor in actors}


def _deliveries(tenant_id: uuid.UUID, events: Iterable[Event]) -> dict[uuid.UUID, str]:
    codes = {event.subject for event in events if event.subject_kind == DELIVERY}
    rows = Delivery.objects.filter(tenant_id=tenant_id, code__in=codes) if codes else Delivery.objects.none()
    return dict(rows.values_list("code", "delivery_number"))


def _others(tenant_id: uuid.UUID, events: Iterable[Event]) -> dict[uuid.UUID, str]:
    """UPS accounts and companies of Exact by name."""
    kinds = {event.subject_kind for event in events}
    names: dict[uuid.UUID, str] = {}
    if kinds.intersection(_ACCOUNTS):
        names |= dict(Account.objects.defer(*SEALED).filter(tenant_id=tenant_id).values_list("code", "name"))
    if "exact_connection" in kinds:
        names |= dict(Connection.objects.filter(tenant_id=tenant_id).values_list("code", "division_name"))
    return names


def _differences(details: Mapping[str, Any]) -> tuple[Difference, ...]:
    changes = details.get("changes")
    known = changes if isinstance(changes, dict) else {}
    shown = [
        Difference(name=name, before=_text(values[0]), after=_text(values[1]))
        for name, values in known.items()
        if isinstance(values, list) and len(values) == 2  # noqa: PLR2004  before and after
    ]
    fields = details.get("fields")
    hidden = [str(name) for name in fields if name not in known] if isinstance(fields, list) else []
    return (*shown, *(Difference(name=name, is_known=False) for name in hidden))


def _text(value: object) -> str:
    if value is None or value in ("", []):
        return _EMPTY
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    return str(value)
