"""A connected tenant whose workers are forked one by one and can be killed anywhere."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.crash.forks import Zygote, zygote
from tests.crash.passing import Time, time
from tests.crash.scene import Scene
from tests.journey.conftest import Journey, exact_standin, journey, ups_standin

__all__ = ["exact_standin", "journey", "ups_standin"]


@pytest.fixture(scope="session")
def workers(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Zygote]:
    with django_db_blocker.unblock(), zygote() as running:
        yield running


@pytest.fixture(scope="session")
def clock(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Time]:
    with django_db_blocker.unblock(), time() as passing:
        yield passing


@pytest.fixture
def scene(journey: Journey, workers: Zygote, clock: Time) -> Scene:
    return Scene(journey=journey, workers=workers, time=clock)
