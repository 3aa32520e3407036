"""A connected tenant whose workers are forked one by one and can be killed anywhere."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.crash.forks import Zygote, zygote
from tests.crash.scene import Scene
from tests.journey.conftest import Journey, exact_standin, journey, ups_standin

__all__ = ["exact_standin", "journey", "ups_standin"]


@pytest.fixture(scope="session")
def workers(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Zygote]:
    with django_db_blocker.unblock(), zygote() as running:
        yield running


@pytest.fixture
def scene(journey: Journey, workers: Zygote) -> Scene:
    """The stand-ins' knobs stand as they do by default."""
    return Scene(journey=journey, workers=workers)
