"""A fresh customer for every run of the machine, on a database and at stand-ins without anything else."""

from collections import Counter
from collections.abc import Callable

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from exact.quick_store import quick_store
from syncjobs.models import ShippingRule
from tenants.context import tenant_context
from tests.conftest import KEPT_TABLES
from tests.crash.conftest import clock, workers
from tests.crash.forks import Zygote
from tests.crash.passing import Time
from tests.crash.scene import Scene
from tests.journey.conftest import begin, exact_standin, ups_standin
from tests.machine.world import PIECE_KG, PIECES_IN_A_PARCEL, World
from tests.standins import StandIn

__all__ = ["clock", "exact_standin", "ups_standin", "workers"]


@pytest.fixture
def tally() -> Counter[str]:
    """What a run has tried out."""
    return Counter()


@pytest.fixture
def new_world(
    transactional_db: None,
    settings: Settings,
    live_server: LiveServer,
    exact_standin: StandIn,
    ups_standin: StandIn,
    workers: Zygote,
    clock: Time,
    tally: Counter[str],
) -> Callable[[], World]:
    """Each call forgets everything and lets a new customer connect."""

    def begin_anew() -> World:
        _forget_everything(clock)
        quick_store().flushall()
        journey = begin(settings, live_server, exact_standin, ups_standin)
        item = journey.company.item_with_weight()
        journey.company.change("logistics/Items", item["id"], GrossWeight=PIECE_KG)
        with tenant_context(journey.tenant.id):
            ShippingRule.objects.update(parcel_max_weight_kg=PIECE_KG * PIECES_IN_A_PARCEL)
        return World(scene=Scene(journey=journey, workers=workers, time=clock), tally=tally)

    return begin_anew


def _forget_everything(clock: Time) -> None:
    """Empty every table, in the owner's role and without triggers."""
    rows = clock.owner.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").fetchall()
    names = sorted({name for (name,) in rows} - KEPT_TABLES)
    clock.owner.execute(";".join(f'DELETE FROM "{name}"' for name in names).encode())  # noqa: S608  our own names
