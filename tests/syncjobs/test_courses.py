"""Where a delivery goes when UPS tells of its parcels, and when a person has to decide."""

import pytest

from syncjobs.models import Delivery
from syncjobs.tracking.courses import Course, Followed, course_of
from syncjobs.tracking.milestones import Standing
from tests.syncjobs.tellings import NOON, M
from ups.events import Milestone

S = Delivery.State
NOBODY = frozenset[str]()
LOST = Standing(milestone=M.EXCEPTION, reason="lost_or_destroyed", milestone_at=NOON, is_confirmed=True)
SAID_LOST = Standing(milestone=M.EXCEPTION, reason="lost_or_destroyed", milestone_at=NOON, claim_at=NOON)


def followed(standing: Standing | Milestone, *, number: str = "1Z1", words: str = "") -> Followed:
    where = standing if isinstance(standing, Standing) else Standing(milestone=standing)
    return Followed(tracking_number=number, standing=where, last_words=words)


def course(state: str, *standings: Standing | Milestone, codes: frozenset[str] = NOBODY) -> Course | None:
    return course_of(state, codes, [followed(one, number=f"1Z{place}") for place, one in enumerate(standings, 1)])


def codes_of(found: Course | None) -> tuple[str, ...]:
    assert found is not None
    assert found.to == S.REVIEW
    return tuple(problem.code for problem in found.problems)


@pytest.mark.parametrize(
    ("state", "standings", "to"),
    [
        (S.REPORTED, [M.PICKED_UP], S.IN_TRANSIT),
        (S.REPORTED, [M.LABEL_CREATED, M.OUT_FOR_DELIVERY], S.IN_TRANSIT),
        (S.REPORTED, [M.EXCEPTION], S.IN_TRANSIT),
        (S.REPORTED, [M.DELIVERED], S.DELIVERED),
        (S.REPORTED, [M.DELIVERED, M.LABEL_CREATED], S.IN_TRANSIT),
        (S.IN_TRANSIT, [M.DELIVERED, M.DELIVERED], S.DELIVERED),
        (S.IN_TRANSIT, [M.DELIVERED, M.VOIDED], S.DELIVERED),
    ],
)
def test_a_delivery_follows_its_parcels(state: str, standings: list[Milestone], to: str) -> None:
    assert course(state, *standings) == Course(to=S(to))


@pytest.mark.parametrize(
    ("state", "standings"),
    [
        (S.REPORTED, [M.LABEL_CREATED]),
        (S.REPORTED, [M.UNKNOWN]),
        (S.IN_TRANSIT, [M.DELIVERED, M.OUT_FOR_DELIVERY]),
        (S.IN_TRANSIT, [M.EXCEPTION]),
        (S.IN_TRANSIT, [SAID_LOST]),
        (S.DELIVERED, [M.DELIVERED]),
        (S.CLOSED, [M.DELIVERED, M.DELIVERED]),
        (S.CLOSED, []),
    ],
)
def test_nothing_to_do_is_nothing_done(state: str, standings: list[Standing | Milestone]) -> None:
    assert course(state, *standings) is None


@pytest.mark.parametrize("state", [S.LABELLED, S.SHIPPING, S.HOLD, S.CANCELLED, S.SKIPPED, S.RECEIVED, S.READY])
@pytest.mark.parametrize("standing", [M.DELIVERED, M.RETURNED_TO_SENDER, LOST])
def test_ups_moves_nothing_that_it_has_no_say_in(state: str, standing: Standing | Milestone) -> None:
    assert course(state, standing) is None


@pytest.mark.parametrize("state", [S.REPORTED, S.IN_TRANSIT, S.DELIVERED, S.CLOSED])
@pytest.mark.parametrize(("standing", "code"), [(M.RETURNED_TO_SENDER, "returned"), (LOST, "lost")])
def test_returned_and_lost_parcels_are_a_persons_matter(state: str, standing: Standing, code: str) -> None:
    assert codes_of(course(state, M.DELIVERED, standing)) == (code,)


def test_each_parcel_in_trouble_is_named_with_what_ups_said() -> None:
    found = course_of(
        S.IN_TRANSIT,
        NOBODY,
        [
            followed(M.RETURNED_TO_SENDER, number="1Z1", words="Returned to shipper"),
            followed(LOST, number="1Z2"),
            followed(M.OUT_FOR_DELIVERY, number="1Z3"),
        ],
    )

    assert found is not None
    assert [problem.text for problem in found.problems] == [
        "UPS brought parcel 1Z1 back to the sender (“Returned to shipper”).",
        "UPS reports parcel 1Z2 as lost or destroyed.",
    ]


def test_a_shipment_that_was_voided_at_ups_is_a_persons_matter_until_it_is_scanned_after_all() -> None:
    assert codes_of(course(S.REPORTED, M.VOIDED)) == ("voided_at_ups",)
    assert course(S.REPORTED, M.VOIDED, M.LABEL_CREATED) is None

    found = course(S.REVIEW, M.PICKED_UP, codes=frozenset({"voided_at_ups"}))

    assert found is not None
    assert found.to == S.IN_TRANSIT


@pytest.mark.parametrize("state", [S.DELIVERED, S.CLOSED])
def test_a_delivery_taken_back_after_the_end_is_told_to_a_person(state: str) -> None:
    assert codes_of(course(state, M.DELIVERED, M.EXCEPTION)) == ("corrected",)


@pytest.mark.parametrize("standing", [M.EXCEPTION, M.RETURNED_TO_SENDER, LOST])
@pytest.mark.parametrize("has_proof", [True, False])
def test_trouble_after_the_end_says_that_the_filed_proof_no_longer_holds(
    standing: Standing | Milestone, *, has_proof: bool
) -> None:
    found = course_of(S.CLOSED, NOBODY, [followed(standing)], has_proof=has_proof)

    assert found is not None
    assert ("proof of delivery filed in Exact Online no longer holds" in found.problems[0].text) is has_proof


@pytest.mark.parametrize(
    ("codes", "standing", "to"),
    [
        ({"lost"}, M.IN_TRANSIT, S.IN_TRANSIT),
        ({"lost"}, M.DELIVERED, S.DELIVERED),
        ({"returned"}, M.EXCEPTION, S.IN_TRANSIT),
        ({"corrected"}, M.DELIVERED, S.DELIVERED),
    ],
)
def test_what_ups_reported_it_can_also_end(codes: set[str], standing: Milestone, to: str) -> None:
    assert course(S.REVIEW, standing, codes=frozenset(codes)) == Course(to=S(to))


@pytest.mark.parametrize(
    ("codes", "standing"),
    [
        ({"lost"}, LOST),
        ({"returned"}, M.RETURNED_TO_SENDER),
        ({"corrected"}, M.OUT_FOR_DELIVERY),
        ({"doubled"}, M.DELIVERED),
        ({"lost", "doubled"}, M.DELIVERED),
        (set(), M.DELIVERED),
    ],
)
def test_a_review_that_ups_did_not_settle_stays(codes: set[str], standing: Standing | Milestone) -> None:
    assert course(S.REVIEW, standing, codes=frozenset(codes)) is None


def test_a_corrected_delivery_that_comes_back_is_told_as_returned() -> None:
    assert codes_of(course(S.REVIEW, M.RETURNED_TO_SENDER, codes=frozenset({"corrected"}))) == ("returned",)
