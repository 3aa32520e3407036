"""Each person's pages are light or dark as she chooses."""

import pytest
from django.test import Client

from tenants.models import User
from tests.factories import make_user
from tests.pages.conftest import SignIn

pytestmark = pytest.mark.django_db


def test_a_choice_is_kept_with_the_person_and_shown(as_user: SignIn) -> None:
    user = make_user()
    client = as_user(user)

    assert client.post("/theme/", {"theme": "dark"}).status_code == 302

    assert User.objects.get(pk=user.pk).theme == "dark"
    assert 'data-bs-theme="dark"' in client.get("/your-account/").content.decode()


@pytest.mark.parametrize("theme", ["", "pink"])
def test_what_is_no_theme_changes_nothing(theme: str, as_user: SignIn) -> None:
    user = make_user()

    as_user(user).post("/theme/", {"theme": theme})

    assert User.objects.get(pk=user.pk).theme == "auto"


def test_nobody_signed_in_changes_nothing(client: Client) -> None:
    user = make_user()

    client.post("/theme/", {"theme": "dark"})

    assert User.objects.get(pk=user.pk).theme == "auto"
