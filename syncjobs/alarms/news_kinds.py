"""The kinds of news that a person chooses about, each for one or several alarms that mean the same to her."""

from dataclasses import dataclass
from enum import StrEnum

from connector_site.lib.wording import said
from syncjobs.alarms.kinds import NATURES, AlarmKind


class NewsKind(StrEnum):
    """What one may want to hear of."""

    REVIEW = "review"
    HELD = "held"
    EXCEPTION = "exception"
    IN_DOUBT = "in_doubt"
    ORPHAN = "orphan"
    RECONNECT = "reconnect"
    RENEWAL = "renewal"
    REFUSAL = "refusal"
    SILENCE = "silence"
    BUDGET = "budget"
    ACCOUNT = "account"
    COMPARISON = "comparison"


N, A = NewsKind, AlarmKind
NEWS_OF: dict[AlarmKind, NewsKind] = {
    A.REVIEW: N.REVIEW,
    A.HELD: N.HELD,
    A.EXCEPTION: N.EXCEPTION,
    A.IN_DOUBT: N.IN_DOUBT,
    A.ORPHAN: N.ORPHAN,
    A.NEEDS_RECONNECT: N.RECONNECT,
    A.TOKEN_20_DAYS: N.RENEWAL,
    A.TOKEN_25_DAYS: N.RENEWAL,
    A.TOKEN_28_DAYS: N.RENEWAL,
    A.BREAKER_OPEN: N.REFUSAL,
    A.HOOKS_SILENT: N.SILENCE,
    A.DAY_BUDGET: N.BUDGET,
    A.ACCOUNT_STOPPED: N.ACCOUNT,
    A.FINDING: N.COMPARISON,
}
"""Every alarm that a company is told of stands here."""
DAILY_WORK = frozenset({N.HELD, N.EXCEPTION})
"""Comes up every day and stands on the page "To do": mailed to those alone who ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Kinds of news under one heading."""

    title: str
    kinds: tuple[NewsKind, ...]


TOPICS = (
    Topic(title=said("Deliveries"), kinds=(N.REVIEW, N.HELD, N.EXCEPTION, N.IN_DOUBT, N.ORPHAN)),
    Topic(title="Exact Online", kinds=(N.RECONNECT, N.RENEWAL, N.REFUSAL, N.SILENCE, N.BUDGET)),
    Topic(title="UPS", kinds=(N.ACCOUNT,)),
    Topic(title=said("Comparison"), kinds=(N.COMPARISON,)),
)
WORDS: dict[NewsKind, str] = {
    **{news: NATURES[alarm].title for alarm, news in NEWS_OF.items() if news != N.RENEWAL},
    N.RENEWAL: said("The permission for Exact Online ends soon unless somebody connects again"),
}


def alarms_of(kinds: set[NewsKind]) -> list[str]:
    """The alarms behind these kinds of news."""
    return [alarm.value for alarm, news in NEWS_OF.items() if news in kinds]
