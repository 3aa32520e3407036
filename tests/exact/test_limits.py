"""The budget of calls: never over Exact's limits, whoever calls and whatever breaks."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from exact import limit_rows
from exact.errors import ExactBudgetSpent, ExactUnavailable
from exact.limits import BudgetClass, CallBudgetGate, Company
from exact.models import Breaker, CallBudget, Connection
from exact.quick_store import quick_store
from exact.records import GoodsDeliveryChanges
from tenants.context import tenant_context
from tests.exact.scene import Scene

pytestmark = pytest.mark.usefixtures("steady_minute")
ENDPOINT = "logistics/Items"
AT = datetime(2026, 5, 4, 9, 15, 27, tzinfo=UTC)
NOWHERE = "redis://127.0.0.1:9/0"


def gate_of(
    scene: Scene,
    purpose: BudgetClass = BudgetClass.SHIP,
    *,
    minute_limit: int | None = None,
    day_limit: int | None = None,
) -> CallBudgetGate:
    row = scene.row()
    company = Company(
        client_id="limits-test",
        site=row.site,
        division=row.division,
        tenant_id=row.tenant_id,
        connection_id=row.pk,
        minute_limit=minute_limit,
        day_limit=day_limit,
        blocked_until_at=row.blocked_until_at,
    )
    return CallBudgetGate(company, purpose=purpose)


def calls_given(gate: CallBudgetGate, wanted: int, endpoint: str = ENDPOINT) -> int:
    """How many of so many calls the gate gives."""
    given = 0
    for _ in range(wanted):
        try:
            gate.enter(endpoint)
        except ExactUnavailable:
            continue
        given += 1
    return given


def test_fifty_of_sixty_calls_a_minute_are_given(scene: Scene) -> None:
    assert calls_given(gate_of(scene), 70) == 50


def test_the_refusal_names_the_next_minute(scene: Scene) -> None:
    gate = gate_of(scene)
    calls_given(gate, 50)

    with pytest.raises(ExactBudgetSpent) as refusal:
        gate.enter(ENDPOINT)

    next_minute = datetime.fromtimestamp((time.time() // 60 + 1) * 60, UTC)
    assert refusal.value.retry_at is not None
    assert timedelta(0) <= refusal.value.retry_at - next_minute <= timedelta(seconds=3)
    assert refusal.value.reason == "our_minute"


def test_a_call_costs_one_round_trip(scene: Scene, django_assert_num_queries: object) -> None:
    gate = gate_of(scene)
    gate.enter(ENDPOINT)
    before = quick_store().info("commandstats")

    with django_assert_num_queries(0):  # type: ignore[operator]
        calls_given(gate, 10)
        for _ in range(10):
            gate.learn(ENDPOINT, status=200, headers={}, at=AT)

    after = quick_store().info("commandstats")
    sent = after["cmdstat_evalsha"]["calls"] - before["cmdstat_evalsha"]["calls"]
    assert sent == 10


@pytest.mark.slow
def test_twenty_workers_on_one_company_never_get_more_than_the_minute_holds(shared_scene: Scene) -> None:
    barrier = threading.Barrier(20)

    def work() -> int:
        barrier.wait()
        try:
            return calls_given(gate_of(shared_scene), 10)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        given = sum(future.result() for future in [pool.submit(work) for _ in range(20)])

    assert 50 <= given <= 60


def test_two_companies_do_not_share_a_budget(scene: Scene) -> None:
    other = CallBudgetGate(
        Company(client_id="limits-test", site="nl", division=scene.division + 1), purpose=BudgetClass.SHIP
    )

    assert (calls_given(gate_of(scene), 60), calls_given(other, 60)) == (50, 50)


@pytest.mark.parametrize(
    ("purpose", "share"),
    [(BudgetClass.SHIP, 30), (BudgetClass.COMPARE, 5), (BudgetClass.RESERVE, 5)],
)
def test_each_class_has_its_share_of_the_day(scene: Scene, purpose: BudgetClass, share: int) -> None:
    gate = gate_of(scene, purpose, day_limit=50)

    assert calls_given(gate, 40) == share
    with pytest.raises(ExactBudgetSpent) as refusal:
        gate.enter(ENDPOINT)

    assert refusal.value.reason == "our_day"
    assert refusal.value.retry_at is not None
    assert (refusal.value.retry_at - timedelta(seconds=4)).date() >= timezone.now().date()


def day_share(of: int) -> int:
    """What part of so many calls belongs to the part of the UTC day that is over."""
    return int(of * (time.time() % 86_400) / 86_400)


def test_news_has_its_share_and_what_shipping_left_of_the_day_so_far(scene: Scene) -> None:
    gate = gate_of(scene, BudgetClass.STATUS, day_limit=50)

    assert calls_given(gate, 49) == 10 + day_share(of=30)
    with pytest.raises(ExactBudgetSpent) as refusal:
        gate.enter(ENDPOINT)

    assert refusal.value.retry_at is not None
    assert refusal.value.retry_at - timezone.now() <= timedelta(minutes=11)


def test_news_leaves_shipping_what_it_may_need_until_midnight(scene: Scene) -> None:
    calls_given(gate_of(scene, BudgetClass.STATUS, day_limit=50), 40)

    assert calls_given(gate_of(scene, BudgetClass.SHIP, day_limit=50), 50) >= 30 - day_share(of=30)


def test_what_shipping_has_used_is_not_lent(scene: Scene) -> None:
    calls_given(gate_of(scene, BudgetClass.SHIP, day_limit=50), 30)

    assert calls_given(gate_of(scene, BudgetClass.STATUS, day_limit=50), 20) == 10


def test_polling_cannot_eat_what_shipping_needs(scene: Scene) -> None:
    calls_given(gate_of(scene, BudgetClass.COMPARE, day_limit=50), 40)

    assert calls_given(gate_of(scene, BudgetClass.SHIP, day_limit=50), 40) == 30


def test_calls_that_others_make_with_our_app_count_too(scene: Scene) -> None:
    gate = gate_of(scene, day_limit=100)
    gate.enter(ENDPOINT)
    tomorrow = (int(time.time()) // 86_400 + 1) * 86_400_000
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "5", "X-RateLimit-Reset": str(tomorrow)}

    gate.learn(ENDPOINT, status=200, headers=headers, at=AT)

    assert calls_given(gate, 20) == 5


def test_limits_named_by_the_headers_are_kept_for_everyone(scene: Scene) -> None:
    gate = gate_of(scene)
    gate.enter(ENDPOINT)

    gate.learn(ENDPOINT, status=200, headers={"X-RateLimit-Minutely-Limit": "12", "X-RateLimit-Limit": "900"}, at=AT)

    assert (scene.row().minute_limit, scene.row().day_limit) == (12, 900)
    assert calls_given(gate_of(scene), 20) == 9


def test_limits_that_redis_learnt_before_the_company_was_connected_are_kept_in_its_row_too(scene: Scene) -> None:
    headers = {"X-RateLimit-Minutely-Limit": "12", "X-RateLimit-Limit": "900"}
    first = gate_of(scene)
    first.enter(ENDPOINT)
    first.learn(ENDPOINT, status=200, headers=headers, at=AT)
    with tenant_context(scene.tenant.id):
        Connection.objects.update(minute_limit=None, day_limit=None)

    later = gate_of(scene)
    later.enter(ENDPOINT)
    later.learn(ENDPOINT, status=200, headers=headers, at=AT)

    assert (scene.row().minute_limit, scene.row().day_limit) == (12, 900)


def test_a_429_stops_everyone_until_the_reset_and_stands_in_the_database(scene: Scene) -> None:
    gate = gate_of(scene)
    gate.enter(ENDPOINT)
    reset_at = timezone.now() + timedelta(seconds=30)
    headers = {
        "X-RateLimit-Minutely-Remaining": "0",
        "X-RateLimit-Minutely-Reset": str(int(reset_at.timestamp() * 1000)),
    }

    until_at = gate.learn(ENDPOINT, status=429, headers=headers, at=timezone.now())

    assert until_at is not None
    assert abs(until_at - reset_at - timedelta(seconds=2)) < timedelta(milliseconds=2)
    assert scene.row().blocked_until_at == until_at
    assert calls_given(gate, 5) == 0
    quick_store().flushdb()
    assert calls_given(gate_of(scene), 5) == 0


def test_a_worker_that_read_its_company_before_the_429_is_stopped_though_redis_forgot_it(scene: Scene) -> None:
    early, other = gate_of(scene), gate_of(scene)
    other.learn(ENDPOINT, status=429, headers={"Retry-After": "30"}, at=timezone.now())

    quick_store().flushdb()

    assert calls_given(early, 5) == 0


def test_bare_429s_wait_longer_each_time_and_then_until_midnight(scene: Scene) -> None:
    gate = gate_of(scene)

    waits = [gate.learn(ENDPOINT, status=429, headers={}, at=AT) for _ in range(5)]

    assert [wait - AT for wait in waits[:4] if wait] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert waits[4] == datetime(2026, 5, 5, 0, 0, 2, tzinfo=UTC)


def test_few_calls_left_in_exacts_count_make_us_wait_for_its_next_minute(scene: Scene) -> None:
    gate = gate_of(scene)
    gate.enter(ENDPOINT)
    reset = int((time.time() + 20) * 1000)
    headers = {"X-RateLimit-Minutely-Remaining": "4", "X-RateLimit-Minutely-Reset": str(reset)}

    assert gate.learn(ENDPOINT, status=200, headers=headers, at=timezone.now()) is None

    assert calls_given(gate, 3) == 0


def test_five_refusals_rest_the_endpoint_for_an_hour_and_no_other(scene: Scene) -> None:
    gate = gate_of(scene)
    gate.enter(ENDPOINT)
    for status in (400, 401, 403, 404):
        gate.learn(ENDPOINT, status=status, headers={}, at=AT)
    before = calls_given(gate, 1)
    gate.learn(ENDPOINT, status=400, headers={}, at=AT)

    with pytest.raises(ExactUnavailable) as refusal:
        gate.enter(ENDPOINT)

    assert (before, refusal.value.reason) == (1, "breaker_open")
    assert refusal.value.retry_at is not None
    assert timedelta(minutes=59) < refusal.value.retry_at - timezone.now() <= timedelta(minutes=60)
    assert calls_given(gate, 1, "crm/Accounts") == 1


def test_a_resting_endpoint_survives_a_redis_that_forgot(scene: Scene) -> None:
    gate = gate_of(scene)
    gate.enter(ENDPOINT)
    for _ in range(5):
        gate.learn(ENDPOINT, status=400, headers={}, at=AT)
    quick_store().flushdb()

    assert calls_given(gate_of(scene), 5) == 0
    assert calls_given(gate_of(scene), 1, "crm/Accounts") == 1


def test_after_an_hour_one_probe_is_let_through_and_decides(scene: Scene) -> None:
    gate = gate_of(scene)
    gate.enter(ENDPOINT)
    for _ in range(5):
        gate.learn(ENDPOINT, status=400, headers={}, at=AT)
    long_ago = int(time.time()) - 3_601
    open_key = f"exact:calls:limits-test:nl:{scene.division}:open:{ENDPOINT}"

    quick_store().set(open_key, long_ago)
    first = calls_given(gate, 3)
    gate.learn(ENDPOINT, status=400, headers={}, at=AT)
    after_refusal = calls_given(gate_of(scene), 3)
    quick_store().set(open_key, long_ago)
    second = calls_given(gate, 1)
    gate.learn(ENDPOINT, status=200, headers={}, at=AT)
    after_success = calls_given(gate_of(scene), 3)

    assert (first, after_refusal, second, after_success) == (1, 0, 1, 3)
    with tenant_context(scene.tenant.id):
        assert Breaker.objects.count() == 0


def test_a_redis_that_forgot_in_mid_minute_gives_no_second_helping(scene: Scene) -> None:
    first = calls_given(gate_of(scene), 45)
    quick_store().flushdb()
    second = calls_given(gate_of(scene), 60)

    assert (first, second) == (45, 10)


def test_without_redis_there_are_few_calls_and_never_too_many(scene: Scene, settings: Settings) -> None:
    with_redis = calls_given(gate_of(scene), 60)
    settings.REDIS_URL = NOWHERE

    without = calls_given(gate_of(scene), 30)

    assert (with_redis, without) == (50, 10)


def test_without_redis_refusals_still_rest_the_endpoint(scene: Scene, settings: Settings) -> None:
    settings.REDIS_URL = NOWHERE
    gate = gate_of(scene)
    for _ in range(5):
        gate.learn(ENDPOINT, status=403, headers={}, at=AT)

    assert calls_given(gate, 3) == 0
    assert calls_given(gate, 3, "crm/Accounts") == 3


def test_before_a_company_is_connected_no_redis_means_no_call(settings: Settings) -> None:
    settings.REDIS_URL = NOWHERE
    gate = CallBudgetGate(Company(client_id="limits-test", site="nl", division=7), purpose=BudgetClass.RESERVE)

    with pytest.raises(ExactBudgetSpent) as refusal:
        gate.enter(ENDPOINT)

    assert refusal.value.reason == "limiter_away"


def test_the_days_calls_survive_a_redis_that_forgot(scene: Scene) -> None:
    calls_given(gate_of(scene), 40)
    with tenant_context(scene.tenant.id):
        CallBudget.objects.update(day_calls={"ship": 2_999})
        CallBudget.objects.update(opened_minute=0)
    quick_store().flushdb()

    assert calls_given(gate_of(scene), 5) == 1


def test_one_tenants_budget_is_not_to_be_seen_by_another(scene: Scene) -> None:
    gate_of(scene).enter(ENDPOINT)

    with tenant_context(uuid.uuid4()):
        assert (CallBudget.objects.count(), Breaker.objects.count()) == (0, 0)


def test_a_block_that_is_known_is_not_shortened(scene: Scene) -> None:
    later, sooner = AT + timedelta(days=400), AT + timedelta(days=399)
    limit_rows.note_block(scene.tenant.id, scene.connection.pk, later)
    limit_rows.note_block(scene.tenant.id, scene.connection.pk, sooner)

    assert scene.row().blocked_until_at == later


def test_the_stand_in_never_has_to_refuse_a_busy_client(scene: Scene) -> None:
    client = scene.client()
    entry_id = scene.book()
    done = 0
    for number in range(70):
        try:
            client.put_goods_delivery(entry_id, GoodsDeliveryChanges(remarks=str(number)))
        except ExactBudgetSpent:
            continue
        done += 1

    assert done <= 50
    assert {call["status"] for call in scene.sandbox.calls()} == {204}
