"""The page on which a person decides: what it shows, who may decide, and that nothing is done without a second step."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from connector_site.lib.secrets import seal
from syncjobs.doubts import decisions, testimony
from syncjobs.doubts.evidence import reasons_kept
from syncjobs.doubts.options import Case, Decision, NotPossible, cases
from syncjobs.doubts.settling import Reason
from syncjobs.forms.deciding import DecisionForm
from syncjobs.models import Attempt, Delivery, SyncJob
from tenants.context import tenant_context
from tenants.models import Role
from tests import factories
from tests.factories import Cast
from tests.pages import doubts, scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
WHY = "UPS's customer service told me so by telephone."
A, D = Attempt.State, Delivery.State
Make = Callable[[Desk], Delivery]


def address(delivery: Delivery, desk: Desk) -> str:
    return reverse("syncjobs:review", args=[desk.tenant.code, delivery.code])


def page(client: Client, desk: Desk, delivery: Delivery) -> str:
    return client.get(address(delivery, desk)).content.decode()


def case_of(desk: Desk, delivery: Delivery) -> Case:
    with tenant_context(desk.tenant.id):
        (case,) = cases(desk.tenant.id, Delivery.objects.get(pk=delivery.pk))
    return case


def words(desk: Desk, delivery: Delivery, decision: Decision, *, number: str = "", why: str = WHY) -> dict[str, str]:
    """What the browser sends, step left out."""
    form = DecisionForm(case=case_of(desk, delivery))
    key = str(form.prefix)
    said = {"case": key, f"{key}-seen": form.mark, f"{key}-decision": decision.value, f"{key}-reason": why}
    return said | ({f"{key}-number_{decision.value}": number} if number else {})


def send(client: Client, desk: Desk, delivery: Delivery, said: dict[str, str], step: str = "confirm") -> HttpResponse:
    answer = client.post(address(delivery, desk), said | {"step": step}, follow=True)
    return HttpResponse(answer.content, status=answer.status_code)


def standing(delivery: Delivery) -> tuple[Any, ...]:
    """Everything that a decision changes."""
    with tenant_context(delivery.tenant_id):
        row = Delivery.objects.get(pk=delivery.pk)
        attempts = list(Attempt.objects.filter(delivery=row).order_by("pk").values("state", "evidence", "due_at"))
        jobs = sorted(SyncJob.objects.values_list("kind", flat=True))
        return row.state, attempts, jobs, Event.objects.count()


def asked(delivery: Delivery) -> list[tuple[str, str, str]]:
    """Who decided what, and the words that are kept for it."""
    with tenant_context(delivery.tenant_id):
        rows = Event.objects.for_subject(delivery.code).filter(kind=Event.Kind.ASKED)
        kept = reasons_kept(Attempt.objects.filter(delivery=delivery).values_list("evidence", flat=True))
        return [(row.actor, row.details["decision"], kept[row.details["reason_fingerprint"]]) for row in rows]


def test_the_page_shows_what_was_sent_and_what_each_source_says(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_review(desk, Reason.REPORTED, status=503, code="10004", reported_number=doubts.NUMBERS[0])
    at = timezone.now()
    doubts.note(delivery, "tracking", "Tracking shows it", at=at, numbers=doubts.NUMBERS[:1])
    attempt = doubts.attempt_of(delivery)

    told = page(as_user(cast.viewer), desk, delivery)

    for sent in (attempt.reference, "Main account (A1B2C3)", "UPS Standard", "8.4 kg", "Königsallee 92a", "20240015"):
        assert sent in told
    for source in ("Our own record", "Answer to the request", "UPS Label Recovery", "UPS Tracking", "UPS Quantum View"):
        assert told.count(f"<strong>{source}</strong><div") == 1
    assert "UPS had a fault of its own (answer 503, code 10004)" in told
    assert "No clear answer" in told
    assert "Tracking shows it" in told
    assert "Not set up for this UPS account" in told
    assert "No tracking number stands there" in told
    assert "UPS is asked again" in told


def test_a_request_that_cannot_be_opened_leaves_the_rest_to_be_shown(desk: Desk) -> None:
    delivery = doubts.make_review(desk)
    attempt = doubts.attempt_of(delivery)
    attempt.request = seal({}, owner="another row", purpose="")

    sent = testimony.sent_of(attempt, delivery)

    assert (sent.reference, sent.packages, sent.account) == (attempt.reference, 1, "Main account (A1B2C3)")
    assert (sent.parcels, sent.receiver, sent.service, sent.own_reference) == ((), (), "", "")


@dataclass(frozen=True, slots=True)
class Way:
    """A decision and what it leads to."""

    make: Make
    decision: Decision
    delivery: Delivery.State
    attempt: Attempt.State
    number: str = ""


ONE, OTHER = doubts.NUMBERS
WAYS = [
    Way(doubts.make_review, Decision.ADOPT, D.REVIEW, A.REVIEW, number=ONE),
    Way(doubts.make_several, Decision.ADOPT, D.REVIEW, A.REVIEW, number=OTHER),
    Way(doubts.make_review, Decision.NOT_MADE, D.RECEIVED, A.ABSENT),
    Way(doubts.make_several, Decision.VOID, D.REVIEW, A.VOIDING, number=ONE),
    Way(doubts.make_several, Decision.VOID_AND_SHIP, D.REVIEW, A.VOIDING, number=ONE),
    Way(doubts.make_review, Decision.END, D.CANCELLED, A.ABSENT),
    Way(doubts.make_void_refused, Decision.VOID, D.REVIEW, A.VOIDING),
    Way(doubts.make_void_refused, Decision.KEEP, D.IN_TRANSIT, A.CREATED),
    Way(doubts.make_deleted_after_label, Decision.VOID, D.REVIEW, A.VOIDING),
    Way(doubts.make_deleted_after_label, Decision.KEEP, D.IN_TRANSIT, A.CREATED),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.make.__name__} {way.decision}")
def test_each_decision_is_asked_twice_and_then_carried_out_with_name_and_reason(
    cast: Cast, desk: Desk, as_user: SignIn, way: Way
) -> None:
    delivery = way.make(desk)
    said = words(desk, delivery, way.decision, number=way.number)
    option = next(one for one in case_of(desk, delivery).options if one.decision == way.decision)
    client, before = as_user(cast.owner), standing(delivery)

    first = send(client, desk, delivery, said, "check").content.decode()

    assert standing(delivery) == before
    assert f"<strong>{option.cost}</strong>" in first
    assert WHY.replace("'", "&#x27;") in first

    second = send(client, desk, delivery, said).content.decode()

    assert f"Decided: {option.title}." in second
    assert option.effect in second
    assert asked(delivery) == [(f"user:{cast.owner.code}", way.decision.value, WHY)]
    with tenant_context(desk.tenant.id):
        assert Delivery.objects.get(pk=delivery.pk).state == way.delivery
    assert doubts.attempt_of(delivery).state == way.attempt


@pytest.mark.parametrize(
    ("decision", "title"), [(Decision.VOID, "Void it all the same"), (Decision.SEEN, "Leave it as it is")]
)
def test_a_shipment_one_too_many_is_decided_beside_the_delivery_that_goes_on(
    cast: Cast, desk: Desk, as_user: SignIn, decision: Decision, title: str
) -> None:
    delivery = doubts.make_orphan(desk)

    answer = send(as_user(cast.owner), desk, delivery, words(desk, delivery, decision)).content.decode()

    assert f"Decided: {title}" in answer
    with tenant_context(desk.tenant.id):
        assert Delivery.objects.get(pk=delivery.pk).state == D.REPORTED
        assert not Attempt.objects.exclude(review_reason="").exists()


def test_a_manager_may_decide(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_review(desk)
    manager = factories.make_member(cast.tenant, Role.MANAGER)

    send(as_user(manager), desk, delivery, words(desk, delivery, Decision.NOT_MADE))

    assert asked(delivery) == [(f"user:{manager.code}", "not_made", WHY)]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
@pytest.mark.parametrize("step", ["check", "confirm"])
def test_who_may_not_decide_sees_the_page_without_a_form_and_is_refused(
    cast: Cast, desk: Desk, as_user: SignIn, role: Role, step: str
) -> None:
    delivery = doubts.make_review(desk)
    said, before = words(desk, delivery, Decision.NOT_MADE), standing(delivery)
    client = as_user(factories.make_member(cast.tenant, role))

    told = page(client, desk, delivery)
    refused = client.post(address(delivery, desk), said | {"step": step})

    assert "<form" not in told
    assert "It was not made: ship again" in told
    assert "A manager or the owner decides." in told
    assert refused.status_code == 403
    assert standing(delivery) == before


def test_another_company_meets_404_and_nothing_changes(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_review(desk)
    said, before = words(desk, delivery, Decision.NOT_MADE), standing(delivery)
    client = as_user(cast.outsider)
    theirs = reverse("syncjobs:review", args=[cast.other_tenant.code, delivery.code])

    statuses = [client.post(url, said | {"step": "confirm"}).status_code for url in (address(delivery, desk), theirs)]

    assert statuses == [404, 404]
    assert standing(delivery) == before


def test_a_decision_from_another_site_is_refused(cast: Cast, desk: Desk) -> None:
    delivery = doubts.make_review(desk)
    said, before = words(desk, delivery, Decision.NOT_MADE), standing(delivery)
    client = Client(enforce_csrf_checks=True)
    factories.sign_in(client, cast.owner)

    assert client.post(address(delivery, desk), said | {"step": "confirm"}).status_code == 403

    assert standing(delivery) == before


@pytest.mark.parametrize(
    ("decision", "changes", "complaint"),
    [
        ("", {}, "Choose what is to be done."),
        ("adopt", {}, "Name the number that is meant."),
        ("adopt", {"number_adopt": "1ZA1B2C36800000900"}, "That is no tracking number of UPS"),
        ("not_made", {"reason": ""}, "Say why, so that a colleague understands it later."),
        ("not_made", {"reason": "because"}, "Say it in at least 10 characters."),
        ("not_made", {"reason": "x" * 501}, "at most 500 characters"),
        ("keep", {}, "Select a valid choice."),
    ],
)
@pytest.mark.parametrize("step", ["check", "confirm"])
def test_what_is_wrong_comes_back_with_the_words_kept_and_nothing_is_done(
    cast: Cast, desk: Desk, as_user: SignIn, decision: str, changes: dict[str, str], complaint: str, step: str
) -> None:
    delivery = doubts.make_review(desk)
    said, before = words(desk, delivery, Decision.NOT_MADE), standing(delivery)
    key = said["case"]
    said |= {f"{key}-decision": decision} | {f"{key}-{name}": value for name, value in changes.items()}

    told = send(as_user(cast.owner), desk, delivery, said, step).content.decode()

    assert complaint in told
    assert said[f"{key}-reason"].replace("'", "&#x27;") in told
    assert changes.get("number_adopt", "") in told
    assert standing(delivery) == before


def test_a_number_that_ups_did_not_name_cannot_be_chosen(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_several(desk)
    said = words(desk, delivery, Decision.ADOPT, number="1ZA1B2C36800000927")
    before = standing(delivery)

    told = send(as_user(cast.owner), desk, delivery, said).content.decode()

    assert "Select a valid choice." in told
    assert standing(delivery) == before


def test_spaces_in_a_number_do_no_harm(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_review(desk)
    said = words(desk, delivery, Decision.ADOPT, number=" 1z a1b2c3 68 0000 0909 ")

    send(as_user(cast.owner), desk, delivery, said)

    assert doubts.attempt_of(delivery).evidence["chosen"] == doubts.NUMBERS[0]


def test_the_only_number_that_ups_named_need_not_be_typed(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_review(desk, Reason.REPORTED, reported_number=doubts.NUMBERS[0])

    told = page(as_user(cast.owner), desk, delivery)
    send(as_user(cast.owner), desk, delivery, words(desk, delivery, Decision.ADOPT))

    assert "number_adopt" not in told
    assert doubts.attempt_of(delivery).evidence["chosen"] == doubts.NUMBERS[0]


def test_going_back_keeps_the_words_and_does_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_several(desk)
    said, before = words(desk, delivery, Decision.ADOPT, number=doubts.NUMBERS[1]), standing(delivery)

    told = send(as_user(cast.owner), desk, delivery, said, "change").content.decode()

    assert 'value="adopt" checked' in told
    assert f'<option value="{doubts.NUMBERS[1]}" selected>' in told
    assert WHY.replace("'", "&#x27;") in told
    assert standing(delivery) == before


def test_who_decides_second_is_told_that_it_is_decided_and_nothing_more_is_done(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    delivery = doubts.make_review(desk)
    ending, again = words(desk, delivery, Decision.END), words(desk, delivery, Decision.NOT_MADE)
    client = as_user(cast.owner)
    send(client, desk, delivery, ending)
    before = standing(delivery)

    told = send(client, desk, delivery, again).content.decode()

    assert "Nothing was done" in told
    assert standing(delivery) == before


def test_a_decision_holds_only_for_what_the_person_saw(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_several(desk)
    said = words(desk, delivery, Decision.NOT_MADE)
    attempt = doubts.attempt_of(delivery)
    with tenant_context(desk.tenant.id):
        late = {"shipment": doubts.NUMBERS[0], "numbers": [doubts.NUMBERS[0]]}
        Attempt.objects.filter(pk=attempt.pk).update(late_answer=late)
    before = standing(delivery)

    told = send(as_user(cast.owner), desk, delivery, said).content.decode()

    assert "Something has changed since you opened this page." in told
    assert "Late answer of UPS" in told
    assert standing(delivery) == before

    send(as_user(cast.owner), desk, delivery, words(desk, delivery, Decision.NOT_MADE))

    assert len(asked(delivery)) == 1


def test_a_refusal_at_the_last_moment_is_told_and_the_words_are_kept(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = doubts.make_review(desk)
    said, before = words(desk, delivery, Decision.NOT_MADE), standing(delivery)

    def refuse(**_: Any) -> None:
        raise NotPossible("UPS is being asked at this very moment.")

    monkeypatch.setattr(decisions, "decide", refuse)
    told = send(as_user(cast.owner), desk, delivery, said).content.decode()

    assert "UPS is being asked at this very moment." in told
    assert WHY.replace("'", "&#x27;") in told
    assert standing(delivery) == before


def test_where_nothing_waits_the_page_says_so(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    told = page(as_user(cast.owner), desk, scene.make_shipped(desk))

    assert "Nothing to decide" in told
    assert "<form" not in told


def test_a_number_whose_labels_ups_does_not_give_is_told(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    number = doubts.NUMBERS[0]
    delivery = doubts.make_review(desk, chosen=number, choice_failed="nothing is known under this reference")

    told = page(as_user(cast.viewer), desk, delivery)

    assert (
        f"UPS did not give the labels of {number}: nothing is known under this reference. Please decide again." in told
    )


def test_the_story_tells_the_decision_with_its_reason(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = doubts.make_review(desk)
    client = as_user(cast.owner)

    shown = send(client, desk, delivery, words(desk, delivery, Decision.NOT_MADE)).content.decode()

    assert "Decided: make a new shipment" in shown
    assert "The request counts as not carried out" in shown
    assert cast.owner.email in shown
    assert f"“{WHY.replace(chr(39), '&#x27;')}”" in shown


def test_an_unknown_delivery_is_not_found(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    url = reverse("syncjobs:review", args=[desk.tenant.code, uuid.uuid4()])

    assert as_user(cast.owner).get(url).status_code == 404
