"""Several workers, finished parcels and a new credential at once: nothing is lost, nobody waits for ever."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import connection

from tenants.context import tenant_context
from tests.ups.conftest import found
from tests.ups.makers import make_details
from ups import subscribing
from ups.accounts import save_account
from ups.alerts import rotate_credential
from ups.models import Account, AlertSubscription
from ups.subscribing import subscribe_due
from ups.tracking_client import Destination, SubscribeAnswer, TrackingClient

AT = datetime(2026, 10, 12, 9, 30, tzinfo=UTC)
NUMBERS = [f"1ZA1B2C3680003{place:04}" for place in range(350)]
FINISHED = NUMBERS[::-1][:100]
State = AlertSubscription.State


class TakesAll(TrackingClient):
    """A client of a UPS that takes every number, once all workers have come to ask."""

    def __init__(self, together: threading.Barrier | None = None) -> None:
        self.asked: list[str] = []
        self._together = together

    def subscribe(self, numbers: tuple[str, ...], *, destination: Destination | None) -> SubscribeAnswer:
        assert destination is not None
        if self._together is not None:
            self._together.wait(timeout=20)
        self.asked.extend(numbers)
        return SubscribeAnswer(valid=frozenset(numbers), invalid=frozenset())


@pytest.fixture
def account(transactional_db: None) -> Account:
    made = save_account(found().id, make_details())
    with tenant_context(made.tenant_id):
        subscribing.want(made.tenant_id, made.pk, NUMBERS, at=AT)
    return made


def copy_of(account: Account) -> Account:
    with tenant_context(account.tenant_id):
        return Account.objects.get(pk=account.pk)


def states(account: Account) -> Counter[str]:
    with tenant_context(account.tenant_id):
        return Counter(AlertSubscription.objects.values_list("state", flat=True))


def work(account: Account, client: TakesAll, runs: int) -> None:
    for _ in range(runs):
        subscribe_due(copy_of(account), client, at=AT)


def finish(account: Account) -> None:
    for place in range(0, len(FINISHED), 10):
        with tenant_context(account.tenant_id):
            subscribing.end(account.tenant_id, FINISHED[place : place + 10])


def renew(account: Account) -> None:
    for _ in range(5):
        rotate_credential(copy_of(account), at=AT)


def at_once(*tasks: Callable[[], None]) -> None:
    """Do these in threads that start together."""
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], None]) -> None:
        try:
            start.wait(timeout=20)
            task()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        list(pool.map(run, tasks))


def test_workers_share_the_parcels_and_lose_no_answer(account: Account) -> None:
    together = threading.Barrier(4)
    clients = [TakesAll(together) for _ in range(4)]

    at_once(*(partial(work, account, client, 1) for client in clients))

    assert sorted(number for client in clients for number in client.asked) == NUMBERS
    assert states(account) == {State.ACTIVE: len(NUMBERS)}


def test_everything_at_once_comes_to_an_end(account: Account) -> None:
    at_once(partial(work, account, TakesAll(), 4), partial(finish, account), partial(renew, account))

    assert states(account)[State.ENDED] == len(FINISHED)
    with tenant_context(account.tenant_id):
        assert not AlertSubscription.objects.filter(tracking_number__in=FINISHED, due_at__isnull=False).exists()
