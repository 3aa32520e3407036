"""Running deliveries again from the command line: a line for each, and nothing of another company."""

import io
import uuid

import pytest
from django.core.management import CommandError, call_command

from syncjobs import engine
from syncjobs.models import Delivery, Preview, SyncJob
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import make_tenant
from tests.syncjobs.rows import make_connection, make_delivery

pytestmark = pytest.mark.django_db(databases=["default", "staff"], transaction=True)


def run(tenant: Tenant, *arguments: str) -> list[str]:
    out = io.StringIO()
    call_command("replay", f"--company={tenant.code}", *arguments, stdout=out)
    return out.getvalue().splitlines()


def reads(delivery: Delivery) -> int:
    with tenant_context(delivery.tenant_id):
        return SyncJob.objects.filter(subject=delivery.code, kind=SyncJob.Kind.READ).count()


def test_all_that_are_held_are_run_again_and_each_gets_a_line() -> None:
    tenant, other = make_tenant(), make_tenant("Another")
    of, elsewhere = make_connection(tenant), make_connection(other, division=654321)
    held, shipped = make_delivery(of, state=Delivery.State.HOLD), make_delivery(of, state=Delivery.State.REPORTED)
    foreign = make_delivery(elsewhere, state=Delivery.State.HOLD)

    lines = run(tenant, "--state", "hold")

    assert lines == [f"- {held.code}: run again"]
    assert (reads(held), reads(shipped), reads(foreign)) == (1, 0, 0)


def test_what_cannot_be_run_again_is_named_with_the_reason() -> None:
    tenant = make_tenant()
    shipped = make_delivery(make_connection(tenant), state=Delivery.State.REPORTED)
    unknown = uuid.uuid4()

    lines = run(tenant, "--delivery", str(shipped.code), str(unknown))

    assert lines == [
        f"- {shipped.code}: Its shipment is made already; nothing is sent to UPS a second time.",
        f"- {unknown}: not a delivery of this company",
    ]


def test_a_dry_run_tells_and_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = make_tenant()
    shipped = make_delivery(make_connection(tenant), state=Delivery.State.REPORTED)
    monkeypatch.setattr(
        "syncjobs.management.commands.replay.time.sleep", lambda _seconds: engine.work(list(SyncJob.Queue))
    )

    lines = run(tenant, "--delivery", str(shipped.code), "--dry-run")

    (line,) = lines
    assert line.startswith(f"- {shipped.code}: nothing: Its shipment is made already")
    with tenant_context(tenant.id):
        assert (reads(shipped), Preview.objects.get().finished_at is not None) == (0, True)


def test_a_company_that_there_is_not_is_refused() -> None:
    with pytest.raises(CommandError, match="no company"):
        call_command("replay", f"--company={uuid.uuid4()}", "--state=hold")
