"""How long a session lasts, where one is signed in, and the language of the pages."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connector_site.lib import rate_limit as counts
from tenants import account_door, sessions
from tenants.models import User
from tenants.tasks import clear_sessions
from tests import factories
from tests.factories import Cast
from tests.pages import entrance
from tests.pages.conftest import SignIn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


def work(cast: Cast) -> str:
    return reverse("syncjobs:work", args=[cast.tenant.code])


def turn_back(client: Client, **seconds: float) -> None:
    """Let these moments of the session lie so far back."""
    session = client.session
    for name, by in seconds.items():
        session[name] -= by
    session.save()


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        ({"seen_at": sessions.IDLE.total_seconds() + 1}, "nothing happened for 30 minutes"),
        ({"began_at": sessions.LONGEST.total_seconds() + 1}, "signed in for 12 hours"),
    ],
    ids=["idle", "too long"],
)
def test_a_session_ends_says_why_and_leads_back(
    cast: Cast, as_user: SignIn, moments: dict[str, float], said: str
) -> None:
    client = as_user(cast.owner)
    client.get(work(cast))
    turn_back(client, **moments)

    answer = client.get(work(cast), follow=True)

    assert answer.redirect_chain[0][0] == f"{reverse('account_login')}?next={work(cast).replace('/', '%2F')}"
    assert said in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_person_s_click_keeps_the_session_and_a_live_part_does_not(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    client.get(work(cast))
    turn_back(client, seen_at=600)
    long_ago = client.session["seen_at"]

    client.get(work(cast), headers={"HX-Request": "true"})
    after_live_part = client.session["seen_at"]
    client.get(work(cast))

    assert after_live_part == long_ago
    assert client.session["seen_at"] > long_ago + 500


def test_a_live_part_of_an_ended_session_loads_the_whole_page_anew(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    client.get(work(cast))
    turn_back(client, seen_at=sessions.IDLE.total_seconds() + 1)

    answer = client.get(work(cast), headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_the_session_has_another_key_after_signing_in(cast: Cast, client: Client) -> None:
    entrance.sign_in(client, cast.owner.email)
    before = str(client.session.session_key)

    client.post(reverse("mfa_authenticate"), {"code": factories.recovery_code(cast.owner)})

    assert client.session.session_key != before
    assert not type(client.session)().exists(before)


def test_signing_out_everywhere_else_ends_the_other_session_alone(cast: Cast) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        entrance.sign_in(client, cast.owner.email)
        client.post(reverse("mfa_authenticate"), {"code": factories.recovery_code(cast.owner)})

    here.post(reverse("usersessions_list"))

    assert here.get(work(cast)).status_code == 200
    assert there.get(work(cast)).status_code == 302
    assert UserSession.objects.count() == 1


def test_looking_at_pages_does_not_write_where_one_is_signed_in(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    before = UserSession.objects.values_list("pk", "last_seen_at")[:]

    client.get(work(cast))

    assert list(UserSession.objects.values_list("pk", "last_seen_at")) == list(before)


def test_a_visitor_s_language_is_kept_in_the_browser(client: Client) -> None:
    chosen = client.post(reverse("tenants:language"), {"language": "de", "next": "/account/login/"})

    assert chosen["Location"] == "/account/login/"
    assert '<html lang="de"' in client.get("/account/login/").content.decode()


def test_a_person_s_language_goes_with_her_and_into_her_mails(cast: Cast, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    client.post(reverse("tenants:language"), {"language": "nl", "next": "/your-account/"})
    elsewhere = as_user(User.objects.get(pk=cast.owner.pk))
    page = elsewhere.get("/your-account/", headers={"Accept-Language": "fr"})

    Client(headers={"Accept-Language": "fr"}).post(reverse("account_reset_password"), {"email": cast.owner.email})

    assert '<html lang="nl"' in page.content.decode()
    assert "Cookie" in page["Vary"]
    with_language = User.objects.get(pk=cast.owner.pk)
    assert with_language.language == "nl"
    assert mail.outbox[-1].to == [cast.owner.email]


@pytest.mark.parametrize("sent", [{"language": "xx"}, {}])
def test_an_unknown_language_changes_nothing(cast: Cast, as_user: SignIn, sent: dict[str, str]) -> None:
    as_user(cast.owner).post(reverse("tenants:language"), sent | {"next": "//elsewhere.example/"})

    assert User.objects.get(pk=cast.owner.pk).language == ""


def test_what_ended_is_deleted_every_night_and_what_lasts_is_left(cast: Cast) -> None:
    here, there, gone = Client(), Client(), Client()
    for client in (here, there, gone):
        entrance.sign_in(client, cast.owner.email)
        client.post(reverse("mfa_authenticate"), {"code": factories.recovery_code(cast.owner)})
    at = timezone.now()
    Session.objects.filter(pk=there.session.session_key).update(expire_date=at - timedelta(seconds=1))
    Session.objects.filter(pk=gone.session.session_key).delete()
    UserSession.objects.update(created_at=at - timedelta(hours=1))

    clear_sessions()

    assert clear_sessions.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert list(Session.objects.values_list("pk", flat=True)) == [here.session.session_key]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [here.session.session_key]


def test_nobody_fills_our_tables_with_sessions_of_passkeys() -> None:
    page = reverse("mfa_login_webauthn")
    counts.forget()
    allowed = account_door.PASSKEY_TRIES.requests

    visitors = [Client(headers={"X-Requested-With": "XMLHttpRequest"}) for _ in range(allowed + 3)]
    answers = [visitor.get(page).status_code for visitor in visitors]

    assert answers.count(200) == allowed
    assert answers[-1] == 429
    assert Session.objects.count() == allowed
