"""People and a customer at work for the tests of pages."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from exact import connecting, credentials
from tenants.models import User
from tests import factories, standins
from tests.factories import Cast
from tests.pages import scene
from tests.pages.scene import Desk
from tests.standins import StandIn

SignIn = Callable[[User], Client]


@pytest.fixture
def cast(db: None) -> Cast:
    """An owner, a viewer, and an outsider with a company of her own."""
    del db
    return factories.make_cast()


@pytest.fixture
def desk(cast: Cast) -> Desk:
    """The owner's company, set up."""
    return scene.make_desk(cast.tenant)


@pytest.fixture
def as_user() -> SignIn:
    """A browser with this person signed in."""

    def sign_in(user: User) -> Client:
        return factories.sign_in(Client(), user)

    return sign_in


@pytest.fixture(scope="session")
def exact_standin() -> Iterator[StandIn]:
    with standins.running("exact") as standin:
        standin.control("POST", "settings", {"validation_delay_ms": 0})
        yield standin


@pytest.fixture(scope="session")
def ups_standin() -> Iterator[StandIn]:
    with standins.running("ups") as standin:
        yield standin


@pytest.fixture
def exact_app(settings: Settings, exact_standin: StandIn) -> StandIn:
    """The stand-in with our app registered at the Dutch site."""
    credentials.forget_kept()
    exact_standin.control("DELETE", "faults")
    exact_standin.control("DELETE", "calls")
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    settings.EXACT_BASE_URLS = settings.EXACT_BASE_URLS | {"nl": f"{exact_standin.address}/nl"}
    app = {"site": "nl", **settings.EXACT_APPS["nl"], "redirect_uris": [connecting.redirect_uri()]}
    exact_standin.control("POST", "apps", app)
    return exact_standin


@pytest.fixture
def ups_host(settings: Settings, ups_standin: StandIn) -> StandIn:
    """The stand-in as both UPS environments."""
    ups_standin.control("DELETE", "faults")
    settings.UPS_BASE_URLS = {"test": ups_standin.address, "production": ups_standin.address}
    return ups_standin
