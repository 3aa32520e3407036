"""Where a delivery goes from where its parcels stand. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector_site.lib.wording import said
from syncjobs.models import Delivery
from syncjobs.problems import Problem
from syncjobs.tracking.milestones import Standing
from ups.events import Milestone

D = Delivery.State
RETURNED, LOST, CORRECTED, VOIDED = "returned", "lost", "corrected", "voided_at_ups"
TOLD_BY_UPS = frozenset({RETURNED, LOST, CORRECTED, VOIDED})
"""Problems that UPS's news can also end by themselves: a lost parcel that is found, a wrong delivery put right."""
FOLLOWED = frozenset({D.REPORTED, D.IN_TRANSIT, D.DELIVERED, D.CLOSED})
"""States that the news of UPS moves on."""
_MOVED = frozenset(set(Milestone) - {Milestone.LABEL_CREATED, Milestone.UNKNOWN, Milestone.VOIDED})

_UNTRUE = said("The proof of delivery filed in Exact Online no longer holds.")
_ANOTHER = said("If the goods are still to come back, order another return label on the page of their delivery.")
_BACK = {
    RETURNED: _ANOTHER,
    LOST: said("Open a claim at UPS, and settle it with the customer."),
    VOIDED: _ANOTHER,
    CORRECTED: said("Nothing is to be done while UPS still brings it; if no news comes, ask UPS where it is."),
}
"""Where each of them is put right for goods that come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A parcel, where it stands, and what UPS said last about it."""

    tracking_number: str
    standing: Standing
    last_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The state to go to, and what a person must know."""

    to: Delivery.State
    problems: tuple[Problem, ...] = ()


def course_of(
    state: str,
    problem_codes: frozenset[str],
    parcels: Sequence[Followed],
    *,
    has_proof: bool = False,
    is_return: bool = False,
) -> Course | None:
    """Where to go; None to stay. What is on hold, cancelled or in review for another reason stays where it is.

    From review to review when UPS's news is another than the one it is there for. `has_proof`: a proof of delivery was
    filed in Exact, which a trouble after it makes untrue. A return (`is_return`) is put right in another way.
    """
    course = _course(state, problem_codes, parcels)
    if course is not None and is_return:
        course = replace(course, problems=tuple(replace(one, where=_BACK[one.code]) for one in course.problems))
    if course is None or not course.problems or not has_proof:
        return course
    return replace(course, problems=tuple(replace(one, text=f"{one.text} {_UNTRUE}") for one in course.problems))


def _course(state: str, problem_codes: frozenset[str], parcels: Sequence[Followed]) -> Course | None:
    alive = [one for one in parcels if one.standing.milestone != Milestone.VOIDED] or list(parcels)
    is_ours_to_end = state == D.REVIEW and bool(problem_codes) and problem_codes <= TOLD_BY_UPS
    if not alive or not (state in FOLLOWED or is_ours_to_end):
        return None
    problems = tuple(problem for one in alive for problem in _problems(one))
    if problems:
        is_said = is_ours_to_end and {problem.code for problem in problems} == problem_codes
        return None if is_said else Course(to=D.REVIEW, problems=problems)
    is_delivered = all(one.standing.milestone == Milestone.DELIVERED for one in alive)
    if state in {D.DELIVERED, D.CLOSED}:
        open_ones = [one for one in alive if one.standing.milestone != Milestone.DELIVERED]
        return None if is_delivered else Course(to=D.REVIEW, problems=tuple(_corrected(one) for one in open_ones))
    has_moved = any(one.standing.milestone in _MOVED for one in alive)
    goes_on = has_moved if state == D.REPORTED else is_ours_to_end and CORRECTED not in problem_codes
    if is_delivered or goes_on:
        return Course(to=D.DELIVERED if is_delivered else D.IN_TRANSIT)
    return None


def _problems(parcel: Followed) -> list[Problem]:
    if parcel.standing.milestone == Milestone.RETURNED_TO_SENDER:
        return [
            Problem(
                code=RETURNED,
                text=_brought_back(parcel),
                where=said("Send the goods again with a new delivery in Exact Online, or credit the customer."),
            )
        ]
    if parcel.standing.milestone == Milestone.VOIDED:
        return [_voided(parcel)]
    if parcel.standing.is_lost:
        return [
            Problem(
                code=LOST,
                text=_is_lost(parcel),
                where=said("Open a claim at UPS; then send the goods again, or credit the customer."),
            )
        ]
    return []


def _voided(parcel: Followed) -> Problem:
    return Problem(
        code=VOIDED,
        text=_was_voided(parcel),
        where=said("If the goods still leave, book the delivery again in Exact Online; this label is no longer good."),
    )


def _corrected(parcel: Followed) -> Problem:
    return Problem(
        code=CORRECTED,
        text=_was_taken_back(parcel),
        where=said("Nothing is to be done while UPS still brings it; if no news comes, ask UPS where it is."),
    )


def _brought_back(parcel: Followed) -> str:
    number, words = parcel.tracking_number, parcel.last_words
    if not words:
        return said("UPS brought parcel {number} back to the sender.", number=number)
    return said("UPS brought parcel {number} back to the sender (“{words}”).", number=number, words=words)


def _is_lost(parcel: Followed) -> str:
    number, words = parcel.tracking_number, parcel.last_words
    if not words:
        return said("UPS reports parcel {number} as lost or destroyed.", number=number)
    return said("UPS reports parcel {number} as lost or destroyed (“{words}”).", number=number, words=words)


def _was_voided(parcel: Followed) -> str:
    number, words = parcel.tracking_number, parcel.last_words
    if not words:
        return said("The shipment of parcel {number} was voided at UPS.", number=number)
    return said("The shipment of parcel {number} was voided at UPS (“{words}”).", number=number, words=words)


def _was_taken_back(parcel: Followed) -> str:
    number, words = parcel.tracking_number, parcel.last_words
    if not words:
        return said("UPS had reported parcel {number} as delivered and has taken that back.", number=number)
    return said(
        "UPS had reported parcel {number} as delivered and has taken that back (“{words}”).", number=number, words=words
    )
