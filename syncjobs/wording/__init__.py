"""The words for sender and receiver in five languages, with their dates and times."""

from datetime import date, datetime

from syncjobs.wording.de import GERMAN
from syncjobs.wording.en import ENGLISH
from syncjobs.wording.es import SPANISH
from syncjobs.wording.fr import FRENCH
from syncjobs.wording.nl import DUTCH
from syncjobs.wording.words import Words

LANGUAGES = {words.code: words for words in (ENGLISH, DUTCH, GERMAN, FRENCH, SPANISH)}


def words_for(language: str) -> Words:
    """The words of `nl`, `nl-BE` or `NL`; English for a language that we do not speak."""
    return LANGUAGES.get(language[:2].lower(), ENGLISH)


def milestone_word(words: Words, milestone: str) -> str:
    """The word for a `Milestone`; one that is not known is an unknown status."""
    return str(getattr(words.milestones, milestone, words.milestones.unknown))


def reason_phrase(words: Words, reason: str) -> str:
    """The phrase for a `Reason`; nothing for none and for one that is not known."""
    return str(getattr(words.reasons, reason, ""))


def format_day(words: Words, day: date) -> str:
    """Written out, so that no reader takes the month for the day."""
    number = words.first_of_month if day.day == 1 else str(day.day)
    return words.day_form.format(day=number, month=words.months[day.month - 1], year=day.year)


def format_moment(words: Words, local_at: datetime) -> str:
    """Day and time by the clock of the place; seconds and zone are left out."""
    return words.moment_form.format(day=format_day(words, local_at), time=f"{local_at:%H:%M}")
