"""The stand-in blocks an endpoint after ten refusals an hour and answers 429 over its limits: we never get that far."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from connector_site.lib.outside_calls import OutsideCall
from exact.errors import ExactBudgetSpent, ExactError, ExactGone, ExactUnavailable
from exact.models import Breaker
from exact.records import GoodsDeliveryChanges
from tenants.context import tenant_context
from tests.exact.scene import Scene

pytestmark = pytest.mark.usefixtures("steady_minute")
REMARK = GoodsDeliveryChanges(remarks="x")


def outcomes(scene: Scene, count: int) -> Counter[str]:
    """What so many writes to deliveries that do not exist end in."""
    client = scene.client()
    found: Counter[str] = Counter()
    for _ in range(count):
        try:
            client.put_goods_delivery(uuid.uuid4(), REMARK)
        except ExactError as error:
            found[error.reason] += 1
    return found


def test_wrong_writes_stop_at_five_and_exact_never_blocks_us(scene: Scene) -> None:
    found = outcomes(scene, 12)

    assert found == {"gone": 5, "breaker_open": 7}
    assert [call["status"] for call in scene.calls()] == [404] * 5
    with tenant_context(scene.tenant.id):
        assert Breaker.objects.get().endpoint == "salesorder/GoodsDeliveries"


def test_other_endpoints_and_other_companies_go_on(scene: Scene) -> None:
    outcomes(scene, 6)

    assert scene.client().shipping_methods() != []


def test_right_writes_between_wrong_ones_do_not_wipe_the_count(scene: Scene) -> None:
    entry_id = scene.book()
    client = scene.client()
    for _ in range(5):
        client.put_goods_delivery(entry_id, REMARK)
        with pytest.raises(ExactGone):
            client.put_goods_delivery(uuid.uuid4(), REMARK)

    with pytest.raises(ExactUnavailable) as refusal:
        client.put_goods_delivery(entry_id, REMARK)

    assert refusal.value.reason == "breaker_open"


def test_a_small_limit_is_learnt_from_the_first_answer_and_never_hit(scene: Scene) -> None:
    scene.sandbox.settings(minutely_limit=48)
    client = scene.client()
    for _ in range(60):
        try:
            client.shipping_methods()
        except ExactBudgetSpent:
            continue

    statuses = Counter(call["status"] for call in scene.calls())
    assert set(statuses) == {200}
    assert statuses[200] <= 40
    assert scene.row().minute_limit == 48


def test_a_429_of_exact_stops_every_process_until_its_reset(scene: Scene) -> None:
    reset_at = datetime.fromtimestamp(int(timezone.now().timestamp()) + 40, UTC)
    headers = {
        "X-RateLimit-Minutely-Limit": "60",
        "X-RateLimit-Minutely-Remaining": "0",
        "X-RateLimit-Minutely-Reset": str(int(reset_at.timestamp() * 1000)),
    }
    scene.sandbox.fault(action="status", status=429, path_regex="ShippingMethods", times=1, headers=headers)
    seen: list[OutsideCall] = []

    with pytest.raises(ExactBudgetSpent) as first:
        scene.client(seen.append).shipping_methods()
    with pytest.raises(ExactBudgetSpent) as second:
        scene.client(seen.append).shipping_methods()

    assert first.value.retry_at == reset_at + timedelta(seconds=2)
    assert second.value.retry_at is not None
    assert second.value.retry_at >= first.value.retry_at
    assert [call.status for call in seen] == [429]
    assert len(scene.calls()) == 1


def test_a_lost_answer_to_a_write_is_not_sent_again_and_counts_as_no_refusal(scene: Scene) -> None:
    entry_id = scene.book()
    scene.sandbox.fault(action="reset_after", path_regex="GoodsDeliveries", method="PUT", times=1)

    with pytest.raises(ExactError) as lost:
        scene.client().put_goods_delivery(entry_id, REMARK)

    assert lost.value.reason == "answer_lost"
    assert len(scene.calls()) == 1
    assert scene.sandbox.delivery(scene.division, entry_id)["Remarks"] == "x"


def test_a_maintenance_page_that_names_its_end_is_waited_out(scene: Scene) -> None:
    scene.sandbox.fault(action="status", status=503, path_regex="ShippingMethods", headers={"Retry-After": "120"})
    before = timezone.now()

    with pytest.raises(ExactUnavailable) as away:
        scene.client().shipping_methods()

    assert away.value.retry_at is not None
    assert timedelta(seconds=119) < away.value.retry_at - before < timedelta(seconds=125)
    assert scene.row().blocked_until_at is None
