"""What Exact refuses of a delivery's end, or takes without saying so: closed once, with all that could be written.

The news comes from the Tracking API alone; what else may go wrong with the news is another file's matter.
"""

import re
from collections.abc import Iterable
from uuid import UUID

import pytest
from django.utils import timezone

from syncjobs import replay, ticks
from syncjobs.models import Delivery, Parcel, SyncJob
from syncjobs.remarks import parse_line
from syncjobs.wording import LANGUAGES, milestone_word, words_for
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.journey.conftest import connect
from tests.journey.filing import (
    PATH,
    TO_THE_DEPOT,
    TO_THE_DOOR,
    calls,
    during,
    ended,
    filed,
    go,
    missing_right,
    the_file,
    trouble,
)
from tests.journey.way import Way, way

__all__ = ["way"]

pytestmark = [pytest.mark.database, pytest.mark.slow]

TOO_LONG = {"error": {"code": "", "message": {"lang": "", "value": "Remarks is too long."}}}


class Killed(BaseException):
    """What a killed worker process comes to: nothing after it is done."""


def killed() -> None:
    raise Killed


def refuse_put(way: Way, **which: object) -> None:
    """Let Exact refuse a write to the delivery."""
    trouble(way, method="PUT", path_regex=PATH, action="status", status=400, body=TOO_LONG, **which)


def let_leases_run_out(way: Way) -> None:
    """What time does to the jobs of a worker that was killed."""
    with tenant_context(way.journey.tenant.id):
        rows = SyncJob.objects.filter(state=SyncJob.State.RUNNING)
        rows.update(lease_until=timezone.now(), due_at=timezone.now())


def speak(way: Way, language: str) -> None:
    """The customer's choice of a language."""
    with tenant_context(way.journey.tenant.id):
        assert Tenant.objects.filter(pk=way.journey.tenant.pk).update(language=language) == 1


def dead_jobs(way: Way) -> list[str]:
    with tenant_context(way.journey.tenant.id):
        return list(SyncJob.objects.filter(state=SyncJob.State.DEAD).values_list("kind", flat=True))


def forget_calls(way: Way) -> None:
    way.journey.company.exact.control("DELETE", "calls")


def test_a_line_that_is_refused_once_is_written_shorter_and_the_proof_is_linked(way: Way) -> None:
    entry_id, delivery = way.ship(remarks="Ring twice")
    refuse_put(way)

    go(way, delivery, TO_THE_DOOR)

    shown = way.in_exact(entry_id)
    state, problem = ended(way, delivery)
    text, line = shown["Remarks"].split("\n")
    assert (state, text) == (Delivery.State.CLOSED, "Ring twice")
    assert line.startswith("[UPS] Delivered ")
    assert "GRONINGEN" not in line.upper().split("|")[0]
    assert filed(way, delivery) == {UUID(shown["Document"]): [the_file(way, delivery)]}
    assert problem.startswith("Our line in the goods delivery is shorter than usual.")
    assert "too long" in problem


def test_remarks_that_are_always_refused_stay_as_they_are_and_the_proof_is_linked(way: Way) -> None:
    entry_id, delivery = way.ship(remarks="Ring twice")
    refuse_put(way, times=2)

    go(way, delivery, TO_THE_DOOR)

    shown = way.in_exact(entry_id)
    state, problem = ended(way, delivery)
    assert (state, shown["Remarks"]) == (Delivery.State.CLOSED, "Ring twice")
    assert list(filed(way, delivery)) == [UUID(shown["Document"])]
    assert problem.startswith("Our line could not be written to the goods delivery.")


def test_a_link_that_is_refused_costs_neither_the_line_nor_the_proof(way: Way) -> None:
    entry_id, delivery = way.ship(remarks="Ring twice")
    refuse_put(way)
    refuse_put(way, skip=1)

    go(way, delivery, TO_THE_DOOR)

    shown = way.in_exact(entry_id)
    state, problem = ended(way, delivery)
    assert (state, shown["Document"]) == (Delivery.State.CLOSED, None)
    assert shown["Remarks"].startswith("Ring twice\n[UPS] Delivered ")
    assert list(filed(way, delivery).values()) == [[the_file(way, delivery)]]
    assert re.match("The proof of delivery is document [0-9]+ in Exact Online; link it to the goods delivery", problem)
    assert "The proof of delivery could not be linked to the goods delivery." in problem


def test_the_customers_text_keeps_every_byte_and_our_line_its_place(way: Way) -> None:
    entry_id, delivery = way.ship(remarks="  Bel vóór 10 uur \r\n\r\n")
    go(way, delivery, TO_THE_DEPOT)
    first = way.in_exact(entry_id)["Remarks"]
    before, line = first[: first.index("[UPS]")], first[first.index("[UPS]") :]
    assert before == "  Bel vóór 10 uur \r\n\r\n"
    assert line.startswith("[UPS] Picked up ")

    edited = f"{before}{line}\r\n[UPS] is what she calls it, too\t \r\n "
    way.journey.company.change(PATH, entry_id, Remarks=edited)
    way.advance(TO_THE_DOOR)
    way.look_now(delivery)

    last = way.in_exact(entry_id)["Remarks"]
    start = last.index("[UPS]")
    ours, rest = last[start:].split("\r\n", 1)
    assert (last[:start], rest) == (before, "[UPS] is what she calls it, too\t \r\n ")
    assert ours.startswith("[UPS] Delivered ")


def test_a_line_of_ours_that_she_deleted_comes_back_once_below_her_text(way: Way) -> None:
    entry_id, delivery = way.ship(remarks="Ring twice")
    go(way, delivery, TO_THE_DEPOT)
    way.journey.company.change(PATH, entry_id, Remarks="Ring once\n")

    way.advance(TO_THE_DOOR)
    way.look_now(delivery)

    text, line = way.in_exact(entry_id)["Remarks"].split("\n")
    assert text == "Ring once"
    assert line.startswith("[UPS] Delivered ")


@pytest.mark.parametrize(
    "lost",
    [
        {"action": "reset_before"},
        {"action": "reset_after"},
        {"action": "status", "status": 500, "after": True},
        {"action": "html_200", "after": True},
    ],
    ids=["before", "after", "500", "html"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "documents/Documents$"), ("POST", "DocumentAttachments"), ("PUT", PATH)],
    ids=["document", "file", "line"],
)
def test_a_lost_answer_leaves_one_document_one_file_and_one_line(
    way: Way, method: str, path: str, lost: dict[str, object]
) -> None:
    entry_id, delivery = way.ship()
    trouble(way, method=method, path_regex=path, **lost)

    go(way, delivery, TO_THE_DOOR)
    way.journey.make_due()
    way.journey.work()

    shown = way.in_exact(entry_id)
    assert ended(way, delivery) == (Delivery.State.CLOSED, "")
    assert filed(way, delivery) == {UUID(shown["Document"]): [the_file(way, delivery)]}
    assert shown["Remarks"].count("[UPS]") == 1
    assert way.journey.refreshed(delivery).written["remarks_line"] == shown["Remarks"]


@pytest.mark.parametrize("call", ["create_document", "create_attachment", "put_goods_delivery"])
def test_a_worker_killed_after_any_write_leaves_one_document_one_file_and_one_line(
    way: Way, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    entry_id, delivery = way.ship()
    during(monkeypatch, call, killed)

    with pytest.raises(Killed):
        go(way, delivery, TO_THE_DOOR)
    assert way.journey.refreshed(delivery).state == Delivery.State.DELIVERED
    let_leases_run_out(way)
    way.journey.work()

    shown = way.in_exact(entry_id)
    assert ended(way, delivery) == (Delivery.State.CLOSED, "")
    assert filed(way, delivery) == {UUID(shown["Document"]): [the_file(way, delivery)]}
    assert shown["Remarks"].count("[UPS]") == 1
    assert way.journey.refreshed(delivery).written["milestone"] == "delivered"


def test_an_ended_permission_keeps_the_proof_waiting_until_somebody_connects_again(way: Way) -> None:
    entry_id, delivery = way.ship()
    company = way.journey.company
    company.exact.control("POST", f"users/{company.facts['user_id']}/revoke")
    go(way, delivery, TO_THE_DOOR)
    assert ended(way, delivery) == (Delivery.State.DELIVERED, "")
    assert dead_jobs(way) == []

    connect(way.journey.tenant, company)
    replay.look_again(way.journey.tenant.id, timezone.now())
    way.journey.work()

    assert ended(way, delivery) == (Delivery.State.CLOSED, "")
    assert list(filed(way, delivery)) == [UUID(way.in_exact(entry_id)["Document"])]


def test_a_proof_that_was_given_up_says_why_and_is_filed_when_a_person_asks(way: Way) -> None:
    entry_id, delivery = way.ship()
    missing_right(way, f"{PATH}:GET")
    go(way, delivery, TO_THE_DOOR)
    state, problem = ended(way, delivery)
    assert (state, set(dead_jobs(way))) == (Delivery.State.DELIVERED, {"proof"})
    assert "the user who connected has the right" in problem

    missing_right(way)
    replay.run_again(actor="user:anna", tenant_id=way.journey.tenant.id, delivery_code=delivery.code, at=timezone.now())
    way.journey.work()

    assert ended(way, delivery) == (Delivery.State.CLOSED, "")
    assert list(filed(way, delivery)) == [UUID(way.in_exact(entry_id)["Document"])]


def test_a_delivery_deleted_in_exact_on_the_way_is_closed_without_a_document(way: Way) -> None:
    entry_id, delivery = way.ship()
    company = way.journey.company
    company.exact.control("DELETE", f"companies/{company.division}/records/{PATH}/{entry_id}")
    forget_calls(way)

    go(way, delivery, TO_THE_DOOR)

    state, problem = ended(way, delivery)
    assert (state, filed(way, delivery)) == (Delivery.State.CLOSED, {})
    assert "no longer in Exact Online" in problem
    assert {call["method"] for call in way.journey.exact_calls()} == {"GET"}


def test_one_of_two_parcels_delivered_closes_nothing(way: Way) -> None:
    item = way.journey.company.item_with_weight()["id"]
    way.journey.company.change("logistics/Items", item, GrossWeight=40)
    entry_id, delivery = way.ship(lines=[{"item_id": item, "quantity": 2}])
    first, _second = way.parcels(delivery)
    way.travel(first, "normal", pushes="none")
    way.advance(TO_THE_DOOR)
    way.look_now(delivery)

    row = way.journey.refreshed(delivery)
    assert (row.state, row.milestone) == (Delivery.State.IN_TRANSIT, "label_created")
    assert calls(way, "POST", "documents/Documents") == []
    assert way.parcels(delivery)[0].milestone == "delivered"
    assert "Delivered" not in way.in_exact(entry_id)["Remarks"]


@pytest.mark.parametrize("language", [*LANGUAGES])
def test_our_line_is_read_back_in_every_language(way: Way, language: str) -> None:
    speak(way, language)
    entry_id, delivery = way.ship()

    go(way, delivery, TO_THE_DOOR)

    line = way.in_exact(entry_id)["Remarks"]
    parsed = parse_line(line)
    assert line.startswith(f"[UPS] {milestone_word(words_for(language), 'delivered')} ")
    assert parsed is not None
    assert (parsed.milestone, parsed.numbers) == ("delivered", ())
    assert parsed.url.endswith(f"/track/{way.journey.refreshed(delivery).track_code}")
    assert parsed.place
    assert ended(way, delivery) == (Delivery.State.CLOSED, "")


def on_their_way(way: Way, count: int) -> dict[str, Delivery]:
    """So many deliveries whose first scan is known, and is to be written to Exact at the next moment."""
    shipped = dict(way.ship() for _ in range(count))
    for delivery in shipped.values():
        way.travel(way.parcels(delivery)[0], "normal", pushes="none")
    way.advance(TO_THE_DEPOT)
    with tenant_context(way.journey.tenant.id):
        Parcel.objects.update(look_at=timezone.now())
    ticks.turn_due()
    way.journey.work()
    forget_calls(way)
    way.make_due(SyncJob.Kind.STATUS)
    return shipped


def lines(way: Way, entry_ids: Iterable[str]) -> list[str]:
    """The beginning of our line in each."""
    return [str(way.in_exact(entry_id)["Remarks"])[:15] for entry_id in entry_ids]


def test_the_lines_of_several_deliveries_cost_one_read_and_one_write_each(way: Way) -> None:
    shipped = on_their_way(way, 3)

    way.journey.work()

    assert lines(way, shipped) == ["[UPS] Picked up"] * 3
    assert (calls(way, "GET", PATH), calls(way, "PUT", PATH)) == ([200], [204] * 3)


def test_a_line_that_is_refused_long_is_written_short_for_every_delivery_from_then_on(way: Way) -> None:
    shipped = on_their_way(way, 3)
    refuse_put(way)

    way.journey.work()

    assert lines(way, shipped) == ["[UPS] Picked up"] * 3
    assert calls(way, "PUT", PATH) == [400, 204, 204, 204]
    assert not any("GRONINGEN" in str(way.in_exact(entry_id)["Remarks"]).upper() for entry_id in shipped)


def test_remarks_that_exact_never_takes_cost_two_refusals_a_day_and_keep_no_delivery_open(way: Way) -> None:
    shipped = on_their_way(way, 4)
    refuse_put(way, times=2)

    way.journey.work()
    refused = calls(way, "PUT", PATH)
    way.advance(TO_THE_DOOR)
    way.look_now(*shipped.values())

    assert refused == [400, 400]
    assert calls(way, "PUT", PATH) == [400, 400, 204, 204, 204, 204]
    assert [ended(way, delivery)[0] for delivery in shipped.values()] == [Delivery.State.CLOSED] * 4
    assert [way.in_exact(entry_id)["Remarks"] for entry_id in shipped] == [None] * 4
    assert all(way.in_exact(entry_id)["Document"] for entry_id in shipped)
    assert all("milestone" not in way.journey.refreshed(delivery).written for delivery in shipped.values())
    assert "Our line was left out" in ended(way, next(iter(shipped.values())))[1]


def test_numbers_go_on_without_the_line_that_was_refused_and_the_next_line_is_shorter(way: Way) -> None:
    item = way.journey.company.item_with_weight()["id"]
    way.journey.company.change("logistics/Items", item, GrossWeight=40)
    speak(way, "nl")
    refuse_put(way)

    first, delivery = way.ship(lines=[{"item_id": item, "quantity": 3}])
    second, _ = way.ship(lines=[{"item_id": item, "quantity": 3}])

    numbers = [parcel.tracking_number for parcel in way.parcels(delivery)]
    assert (way.in_exact(first)["TrackingNumber"], way.in_exact(first)["Remarks"]) == (numbers[0], None)
    assert way.in_exact(second)["Remarks"].startswith("[UPS] 3 pakketten: 1Z")
    assert way.in_exact(second)["Remarks"].endswith(" +2")


def test_a_read_that_exact_refuses_for_several_is_asked_for_each_alone(way: Way) -> None:
    shipped = on_their_way(way, 2)
    trouble(way, method="GET", path_regex=PATH, action="status", status=400, body=TOO_LONG, times=2)

    way.journey.work()

    assert lines(way, shipped) == ["[UPS] Picked up"] * 2
    assert dead_jobs(way) == []


def test_one_delivery_gone_from_exact_costs_the_others_nothing(way: Way) -> None:
    shipped = on_their_way(way, 2)
    gone, *others = shipped
    company = way.journey.company
    company.exact.control("DELETE", f"companies/{company.division}/records/{PATH}/{gone}")

    way.journey.work()

    assert lines(way, others) == ["[UPS] Picked up"]
    assert ended(way, shipped[gone]) == (Delivery.State.IN_TRANSIT, "")
    assert dead_jobs(way) == []


def test_a_line_that_could_not_be_written_is_said_until_the_next_one_can_be(way: Way) -> None:
    ((entry_id, delivery),) = on_their_way(way, 1).items()
    missing_right(way, f"{PATH}:PUT")
    way.journey.work()
    state, problem = ended(way, delivery)
    assert (state, dead_jobs(way)) == (Delivery.State.IN_TRANSIT, ["status"])
    assert "the user who connected has the right" in problem

    missing_right(way)
    way.advance(2)
    way.look_now(delivery)

    assert ended(way, delivery) == (Delivery.State.IN_TRANSIT, "")
    assert lines(way, [entry_id]) == ["[UPS] Out for d"]
