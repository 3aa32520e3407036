"""The page on which a customer chooses what is written to Exact."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from exact.records import DocumentType
from syncjobs.models import Reporting
from syncjobs.models.rules import default_milestones
from syncjobs.reporting import reporting_of
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import Cast
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db
TYPES = (
    DocumentType(id=55, description="Miscellaneous", is_creatable=True),
    DocumentType(id=10, description="Sales invoice", is_creatable=False),
    DocumentType(id=183, description="Proof", is_creatable=True),
)


def url(desk: Desk) -> str:
    return reverse("syncjobs:reporting", args=[desk.tenant.code])


def kept(desk: Desk) -> Reporting:
    with tenant_context(desk.tenant.id):
        return reporting_of(desk.connection)


@pytest.fixture
def owner(cast: Cast, as_user: SignIn) -> Client:
    return as_user(cast.owner)


@pytest.fixture
def types(desk: Desk) -> None:
    """The types of documents were read from Exact."""
    rows = [
        {"id": one.id, "description": one.description, "is_creatable": one.is_creatable, "is_updatable": False}
        for one in TYPES
    ]
    with tenant_context(desk.tenant.id):
        Reporting.objects.create(tenant=desk.tenant, connection=desk.connection, document_types=rows, document_type=55)


def test_without_a_choice_the_usual_milestones_are_ticked(desk: Desk, owner: Client) -> None:
    page = owner.get(url(desk)).content.decode()

    ticked = [value for value in default_milestones() if f'value="{value}" checked' in page]
    assert sorted(ticked) == sorted(default_milestones())
    assert page.count(" checked") == len(default_milestones()) + 1


@pytest.mark.usefixtures("types")
def test_what_is_chosen_is_kept_and_recorded(desk: Desk, owner: Client) -> None:
    sent = {"milestones": ["delivered", "exception"], "document_type": "183"}

    page = owner.post(url(desk), sent, follow=True).content.decode()

    reporting = kept(desk)
    assert "Saved." in page
    assert (sorted(reporting.milestones), reporting.writes_proof) == (["delivered", "exception"], False)
    assert reporting.document_type == 183
    with tenant_context(desk.tenant.id):
        event = Event.objects.filter(subject=desk.connection.code).latest("sequence")
    assert event.actor.startswith("user:")


@pytest.mark.usefixtures("types")
def test_only_types_that_exact_lets_us_make_can_be_chosen(desk: Desk, owner: Client) -> None:
    answer = owner.post(url(desk), {"milestones": [], "writes_proof": "on", "document_type": "10"})

    page = answer.content.decode()
    assert "Sales invoice" not in page
    assert "is-invalid" in page
    assert kept(desk).document_type == 55


@pytest.mark.usefixtures("types")
def test_a_proof_needs_a_type(desk: Desk, owner: Client) -> None:
    answer = owner.post(url(desk), {"milestones": [], "writes_proof": "on", "document_type": ""})

    assert "Choose the type, or leave the proof of delivery out." in answer.content.decode()
    assert kept(desk).document_type == 55


def test_before_the_types_are_known_everything_else_can_be_chosen(desk: Desk, owner: Client) -> None:
    owner.post(url(desk), {"milestones": ["delivered"], "writes_proof": "on"})

    reporting = kept(desk)
    assert (reporting.milestones, reporting.writes_proof, reporting.document_type) == (["delivered"], True, None)


def test_no_milestone_at_all_may_be_chosen_and_no_unknown_one(desk: Desk, owner: Client) -> None:
    owner.post(url(desk), {"milestones": []})
    owner.post(url(desk), {"milestones": ["label_created", "voided", "arrived"]})

    assert kept(desk).milestones == []


def test_the_line_is_shown_in_the_language_of_the_company(desk: Desk, owner: Client) -> None:
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(language="nl")

    page = owner.get(url(desk)).content.decode()

    assert "[UPS] Bezorgd 2026-05-06 14:12 Groningen NL | " in page
    assert "in Nederlands" in page


def test_the_page_claims_no_more_than_is_true(desk: Desk, owner: Client) -> None:
    page = owner.get(url(desk)).content.decode().lower()

    assert "at most 5 times over its whole life, the tracking number included" in page
    assert "exact online has no delivery status of its own" in page
    assert "closed in exact" not in page


def refused(desk: Desk, **columns: object) -> None:
    with tenant_context(desk.tenant.id):
        Reporting.objects.create(tenant=desk.tenant, connection=desk.connection, has_short_lines=True, **columns)


def test_a_refused_line_is_told_and_shown_as_short_as_it_is_written(desk: Desk, owner: Client) -> None:
    refused(desk)

    page = owner.get(url(desk)).content.decode()

    assert "Since then we write it at its shortest" in page
    assert "Groningen" not in page


def test_while_no_lines_are_written_the_page_says_until_when(desk: Desk, owner: Client) -> None:
    refused(desk, lines_paused_until=timezone.now() + timedelta(hours=3))

    page = owner.get(url(desk)).content.decode()

    assert "No lines are written until" in page
    assert "Tracking numbers and proofs of delivery go on." in page


def test_a_manager_can_have_the_whole_line_tried_again(desk: Desk, owner: Client) -> None:
    refused(desk, lines_paused_until=timezone.now() + timedelta(hours=3))
    sent = {"milestones": default_milestones(), "writes_proof": "on"}

    owner.post(url(desk), sent)
    before = kept(desk)
    owner.post(url(desk), sent | {"tries_full_lines": "on"})
    after = kept(desk)

    assert before.has_short_lines
    assert (after.has_short_lines, after.lines_paused_until) == (False, None)


def test_a_viewer_looks_and_changes_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    viewer = as_user(cast.viewer)

    page = viewer.get(url(desk)).content.decode()
    answer = viewer.post(url(desk), {"milestones": []})

    assert 'type="submit"' not in page
    assert answer.status_code == 403
    assert kept(desk).milestones == default_milestones()


def test_without_exact_the_page_leads_there(cast: Cast, owner: Client) -> None:
    page = owner.get(reverse("syncjobs:reporting", args=[cast.tenant.code])).content.decode()

    assert "Connect Exact Online first" in page
