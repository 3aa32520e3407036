"""What a consent opened, kept until a person has chosen: so that showing the choice calls nobody."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from exact import connecting, grants
from exact.connecting import Consent
from exact.records import Division


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A company that may be chosen, unless it is archived or blocked."""

    code: int
    name: str
    city: str
    country: str
    is_archived: bool
    is_blocked: bool

    @property
    def is_open(self) -> bool:
        """Whether it can be chosen now."""
        return not self.is_archived and not self.is_blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The site, the user in words, and the companies that she opened."""

    site: str
    user: str
    offers: tuple[Offer, ...]


def answer_of(consent: Consent) -> Answer:
    """What is kept of a consent."""
    grant, _ = grants.read(consent.grant_id)
    offers = sorted((_offer(division) for division in consent.divisions), key=lambda one: one.name.casefold())
    return Answer(site=grant.site, user=connecting.user_words(grant), offers=tuple(offers))


def as_json(answer: Answer) -> dict[str, Any]:
    """For keeping."""
    return asdict(answer)


def from_json(kept: Mapping[str, Any]) -> Answer:
    """As it was kept."""
    return Answer(site=kept["site"], user=kept["user"], offers=tuple(Offer(**offer) for offer in kept["offers"]))


def _offer(division: Division) -> Offer:
    return Offer(
        code=division.code,
        name=division.name,
        city=division.city,
        country=division.country,
        is_archived=division.is_archived,
        is_blocked=division.is_blocked,
    )
