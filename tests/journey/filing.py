"""The end of a delivery in Exact as a test wants it: troubled, looked at, and told apart."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from connector_site.lib.outside_calls import ignore
from exact.access import open_client
from exact.client import ExactClient
from exact.limits import BudgetClass
from exact.models import Connection
from syncjobs.models import Delivery
from syncjobs.papers import proof_facts
from syncjobs.proof import file_name, subject
from tenants.context import tenant_context
from tests.journey.way import Way

PATH = "salesorder/GoodsDeliveries"
TO_THE_DEPOT, TO_THE_DOOR = 20, 40
"""Hours on the way of the script that the parcels travel by."""


def trouble(way: Way, **fault: object) -> None:
    """Order trouble at Exact."""
    way.journey.company.exact.control("POST", "faults", fault)


def go(way: Way, delivery: Delivery, hours: float) -> None:
    """Let its parcels travel for so long, and ask UPS where they are."""
    for parcel in way.parcels(delivery):
        way.travel(parcel, "normal", pushes="none")
    way.advance(hours)
    way.look_now(delivery)


def ended(way: Way, delivery: Delivery) -> tuple[str, str]:
    """Where it stands, and what is said about it."""
    row = way.journey.refreshed(delivery)
    return row.state, row.proof_problem


def client(way: Way) -> ExactClient:
    """Exact as we see it."""
    with tenant_context(way.journey.tenant.id):
        connection = Connection.objects.get(pk=way.journey.connection.pk)
    return open_client(connection, purpose=BudgetClass.RESERVE, observe=ignore)


def filed(way: Way, delivery: Delivery) -> dict[UUID, list[str]]:
    """Our documents about a delivery, and the files at each."""
    found = client(way).documents_by_subject(
        subject(way.journey.refreshed(delivery).delivery_number, way.parcels(delivery)[0].tracking_number)
    )
    return {document.id: files_at(way, document.id) for document in found}


def files_at(way: Way, document_id: UUID) -> list[str]:
    return [file.file_name for file in client(way).attachments_of(document_id)]


def the_file(way: Way, delivery: Delivery) -> str:
    """The name of the proof as it would be filed now."""
    with tenant_context(way.journey.tenant.id):
        facts = proof_facts(way.journey.tenant.id, way.journey.refreshed(delivery))
    assert facts is not None
    return file_name(facts)


def document_by_hand(way: Way, entry_id: str, **values: object) -> UUID:
    """A document that the customer made and linked to the delivery."""
    company = way.journey.company
    made = company.exact.control(
        "POST",
        f"companies/{company.division}/records/documents/Documents",
        {"Subject": "Packing list", "Type": 55} | values,
    )
    company.change(PATH, entry_id, Document=made["ID"])
    return UUID(made["ID"])


def calls(way: Way, method: str, ending: str) -> list[int]:
    """The answers to such calls, oldest first."""
    return [call["status"] for call in way.journey.exact_calls(method) if call["path"].split("(")[0].endswith(ending)]


def missing_right(way: Way, *resources: str) -> None:
    company = way.journey.company
    company.exact.control("POST", f"companies/{company.division}/rights", {"missing": list(resources)})


def during(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """Let something happen right after a call of ours was answered; once."""
    real = getattr(ExactClient, name)

    def call(self: ExactClient, *given: Any) -> Any:
        answer = real(self, *given)
        monkeypatch.setattr(ExactClient, name, real)
        act()
        return answer

    monkeypatch.setattr(ExactClient, name, call)
