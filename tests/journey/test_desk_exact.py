"""What the desk undoes is undone in Exact as well, and a refusal there is told and tried again."""

import pytest
from django.utils import timezone

from syncjobs.actions import doing
from syncjobs.actions.doing import Then
from syncjobs.actions.rules import NotAllowed
from syncjobs.attention import waiting
from syncjobs.models import Delivery
from syncjobs.replay import run_again
from syncjobs.steps import rewriting
from tenants.context import tenant_context
from tests.journey.conftest import Journey
from tests.journey.test_actions import ACTOR, S, act, live_at_ups, numbers, ship_two_parcels
from tests.journey.test_doubts import ship_calls

pytestmark = pytest.mark.slow


def test_cancelling_after_a_void_takes_the_dead_number_out_of_exact(journey: Journey) -> None:
    item = journey.company.item_with_weight()
    entry_id, delivery = journey.ship(lines=[{"item_id": item["id"], "quantity": 1}])
    journey.company.change("logistics/Items", item["id"], GrossWeight=0, NetWeight=0)
    act(doing.void, journey, delivery, then=Then.AGAIN)
    assert journey.refreshed(delivery).state == S.HOLD

    act(doing.cancel, journey, delivery)

    assert (journey.company.delivery(entry_id)["TrackingNumber"] or "", live_at_ups(journey)) == ("", [])


def test_a_number_that_exact_keeps_is_told_and_taken_out_when_exact_allows_it(journey: Journey) -> None:
    entry_id, delivery = journey.ship()
    refusal = {"error": {"code": "", "message": {"lang": "", "value": "Period is closed"}}}
    fault = {"method": "PUT", "action": "status", "status": 400, "times": 9, "body": refusal}
    journey.company.exact.control("POST", "faults", fault)

    act(doing.void, journey, delivery, then=Then.CANCEL)

    told = journey.refreshed(delivery)
    assert (told.state, "Period is closed" in told.proof_problem) == (S.CANCELLED, True)
    with tenant_context(journey.tenant.id):
        assert waiting.count(journey.tenant.id, at=timezone.now()) == 1

    journey.company.exact.control("DELETE", "faults")
    journey.make_due()
    journey.work()

    assert (journey.company.delivery(entry_id)["TrackingNumber"] or "", journey.refreshed(delivery).proof_problem) == (
        "",
        "",
    )


def test_what_exact_refused_to_have_put_right_waits_for_a_person_until_it_is_written(journey: Journey) -> None:
    entry_id, delivery = ship_two_parcels(journey)
    (first, second) = numbers(journey, delivery)
    refusal = {"error": {"code": "", "message": {"lang": "", "value": "Period is closed"}}}
    fault = {"method": "PUT", "action": "status", "status": 400, "times": 9, "body": refusal}
    journey.company.exact.control("POST", "faults", fault)
    act(doing.void_parcels, journey, delivery, numbers=[first])
    told, tenant_id = journey.refreshed(delivery), journey.tenant.id
    assert (told.state, "Period is closed" in told.proof_problem) == (S.REPORTED, True)
    with tenant_context(tenant_id):
        assert waiting.count(tenant_id, at=timezone.now()) == 1
    with pytest.raises(NotAllowed, match="made already"):
        doing.ship_now(actor=ACTOR, tenant_id=tenant_id, delivery_code=delivery.code, at=timezone.now())
    journey.company.exact.control("DELETE", "faults")

    act(run_again, journey, delivery)

    assert journey.company.delivery(entry_id)["TrackingNumber"] == second
    written = journey.refreshed(delivery)
    assert (written.state, written.proof_problem, written.asked_again_at) == (S.REPORTED, "", None)
    assert (ship_calls(journey), numbers(journey, delivery)) == (1, [second])
    with tenant_context(tenant_id):
        assert waiting.count(tenant_id, at=timezone.now()) == 0


def test_what_a_status_wrote_meanwhile_stays_known(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    _, delivery = ship_two_parcels(journey)
    (first, _second) = numbers(journey, delivery)
    real = rewriting.put

    def beside(client: object, row: Delivery, changes: object) -> int:
        writes = real(client, row, changes)  # type: ignore[arg-type]
        with tenant_context(journey.tenant.id):
            written = Delivery.objects.get(pk=row.pk).written | {"milestone": "picked_up", "remarks_line": "[UPS] up"}
            Delivery.objects.filter(pk=row.pk).update(written=written)
        return writes

    monkeypatch.setattr(rewriting, "put", beside)
    act(doing.void_parcels, journey, delivery, numbers=[first])

    written = journey.refreshed(delivery).written
    assert (written["milestone"], written["remarks_line"]) == ("picked_up", "[UPS] up")


def test_a_line_that_exact_did_not_let_go_stays_known(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_id, delivery = ship_two_parcels(journey)
    line = journey.refreshed(delivery).written["remarks_line"]
    monkeypatch.setattr(rewriting, "put", lambda *_: 2)

    act(doing.void, journey, delivery, then=Then.CANCEL)

    assert journey.refreshed(delivery).written == {"remarks_line": line}
    assert line in journey.company.delivery(entry_id)["Remarks"]
