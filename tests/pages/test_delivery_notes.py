"""Notes that colleagues leave at a delivery, and everything of it in one order."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Event
from syncjobs.models import Note
from syncjobs.notes import LONGEST_NOTE, words_of
from syncjobs.personal import erasure
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db

WORDS = "Mr Jansen collects it himself on Friday"
MOST_STATEMENTS = 12


def test_a_note_is_kept_sealed_shown_with_its_author_and_told_without_its_words(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    delivery = scene.make_shipped(desk)
    client = as_user(cast.owner)
    page = f"/t/{cast.tenant.code}/deliveries/{delivery.code}/"

    client.post(f"{page}notes/", {"text": WORDS})

    shown = client.get(page).content.decode()
    assert WORDS in shown
    assert "A colleague left a note" in shown
    with tenant_context(cast.tenant.pk), connection.cursor() as cursor:
        assert words_of(Note.objects.get(delivery=delivery)) == WORDS
        cursor.execute("SELECT sealed::text || sealed_key::text FROM syncjobs_note")
        assert "Jansen" not in cursor.fetchone()[0]
        assert not Event.objects.filter(tenant=cast.tenant, details__icontains="Jansen").exists()


@pytest.mark.parametrize("text", ["", "   ", "x" * (LONGEST_NOTE + 1)])
def test_an_empty_or_endless_note_is_not_kept(text: str, cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)
    page = f"/t/{cast.tenant.code}/deliveries/{delivery.code}/"

    answer = as_user(cast.owner).post(f"{page}notes/", {"text": text}, follow=True)

    assert "Write something first" in answer.content.decode() or "at most" in answer.content.decode()
    with tenant_context(cast.tenant.pk):
        assert not Note.objects.exists()


def test_who_may_only_look_writes_no_note(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)

    answer = as_user(cast.viewer).post(f"/t/{cast.tenant.code}/deliveries/{delivery.code}/notes/", {"text": WORDS})

    assert answer.status_code == 403
    with tenant_context(cast.tenant.pk):
        assert not Note.objects.exists()


def test_erasing_the_receiver_erases_what_colleagues_wrote(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_skipped(desk)
    page = f"/t/{cast.tenant.code}/deliveries/{delivery.code}/"
    client = as_user(cast.owner)
    client.post(f"{page}notes/", {"text": WORDS})

    with tenant_context(cast.tenant.pk):
        erasure.erase(cast.tenant.pk, [delivery.code], at=timezone.now())

    shown = client.get(page).content.decode()
    assert WORDS not in shown
    assert "This note was deleted" in shown


def test_the_page_asks_the_database_a_dozen_times_at_most(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    """What reads or writes a table; the transaction's own words and the wall's setting are not counted."""
    delivery = scene.make_shipped(desk)
    client = as_user(cast.owner)
    page = f"/t/{cast.tenant.code}/deliveries/{delivery.code}/"
    client.post(f"{page}notes/", {"text": WORDS})
    client.get(page)

    with CaptureQueriesContext(connection) as captured:
        client.get(page)

    asked = [
        query["sql"] for query in captured.captured_queries if ' FROM "' in query["sql"] or " FROM (" in query["sql"]
    ]
    assert len(asked) <= MOST_STATEMENTS, "\n".join(sql[:150] for sql in asked)
