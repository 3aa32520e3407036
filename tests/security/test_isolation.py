"""Nobody gets over the wall: every page, table, job, command and task there is, with another company's identifiers.

The addresses themselves stand in `tests/pages/test_isolation.py`, the admin's actions in `test_admin_door.py`. What is
new and has no line fails here.
"""

import inspect
import re
import uuid

import pytest
from celery import current_app
from django.core.management import get_commands
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from syncjobs import engine, queue
from syncjobs.models import SyncJob
from syncjobs.steps.context import Step
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.pages.test_isolation import ROUTES, identifiers
from tests.security.digests import OURS, differences, digest, of_tenants
from tests.syncjobs import rows

pytestmark = pytest.mark.django_db
COMMANDS = {
    "add_tenant": "makes a company of its own and touches no other",
    "replay": "runs deliveries of the one company that is named, within its wall",
    "reencrypt": "goes through every company on purpose, each within its own wall; shows codes only",
}
TASKS = {
    "exact.tasks.refresh_idle_grants": "grants belong to people of Exact, not to a company",
    "syncjobs.tasks.canary": "leaves a sign of life",
    "syncjobs.tasks.plan_changes": "adds jobs, each to the company whose row is due",
    "syncjobs.tasks.plan_figures": "adds jobs, each to the company whose deliveries changed",
    "syncjobs.tasks.plan_reads": "adds jobs, each to the company whose row is due",
    "syncjobs.tasks.plan_reconciliations": "adds jobs, each to the company whose row is due",
    "syncjobs.tasks.plan_retention": "adds a job to every company",
    "syncjobs.tasks.send_digests": "reads who wants a mail of the day, then each company within its own wall",
    "syncjobs.tasks.sweep": "wakes workers",
    "syncjobs.tasks.turn_due": "adds jobs, each to the company whose row is due",
    "syncjobs.tasks.verify_chains": "reads every trail, each within its own wall",
    "syncjobs.tasks.work": "runs jobs, see below",
    "tenants.tasks.clear_sessions": "sessions belong to people, not to a company",
}
FORM = re.compile(r'<form([^>]*)method="post"([^>]*)>(.*?)</form>', re.DOTALL)
ACTION = re.compile(r'\baction="([^"]*)"')
FIELD = re.compile(r'<(?:input|select|textarea|button)[^>]*\bname="([^"]+)"')
LIKELY = (
    "account",
    "approve",
    "code",
    "deliveries",
    "delivery",
    "feed",
    "finding",
    "link",
    "member",
    "new_owner",
    "to",
)

LAST = ("delivery_code", "account_code", "member_code")


@pytest.fixture
def other(cast: Cast) -> Desk:
    """Another company at work, whose owner tries."""
    return scene.make_desk(cast.other_tenant, division=654321)


def test_no_form_takes_another_companys_identifiers(cast: Cast, desk: Desk, other: Desk, as_user: SignIn) -> None:
    """Every form of the other company is sent with our identifiers in every field; of several the last one counts."""
    foreign = identifiers(desk)
    own = {**identifiers(other), "account_code": other.account.code}
    client = as_user(cast.outsider)
    before = digest(desk.tenant.id)

    sent = 0
    for name, parts in ROUTES.items():
        page = reverse(name, args=[cast.other_tenant.code, *(own[part] for part in parts)])
        for address, names in _forms(client, page):
            codes = [*map(str, foreign.values()), str(foreign[LAST[sent % len(LAST)]])]
            answer = client.post(address, dict.fromkeys((*names, *LIKELY), codes))
            assert answer.status_code < 500, (name, address)
            sent += 1

    assert differences(before, digest(desk.tenant.id)) == []
    assert sent > len(ROUTES) + 20


def _forms(client: Client, page: str) -> list[tuple[str, list[str]]]:
    """Where each form of a page goes and the names of its fields; the page's own address is always tried."""
    answer = client.get(page)
    found: list[tuple[str, list[str]]] = [(page, [])]
    if answer.status_code == 200 and "html" in answer["Content-Type"]:
        for before, after, inside in FORM.findall(answer.content.decode()):
            action = ACTION.search(before + after)
            address = action[1] if action and action[1] else page
            if address.startswith("/t/"):
                found.append((address, FIELD.findall(inside)))
    return found


def test_no_table_gives_away_or_changes_another_companys_rows(cast: Cast, desk: Desk, other: Desk) -> None:
    identifiers(desk)
    before = digest(desk.tenant.id)

    with tenant_context(other.tenant.id), connection.cursor() as cursor:
        for model in of_tenants():
            table = model._meta.db_table
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE tenant_id = %s', [desk.tenant.id])  # noqa: S608
            assert cursor.fetchone() == (0,), table
            assert _changed(f'UPDATE "{table}" SET tenant_id = tenant_id WHERE tenant_id = %s', desk.tenant.id) == 0  # noqa: S608
            assert _changed(f'DELETE FROM "{table}" WHERE tenant_id = %s', desk.tenant.id) == 0  # noqa: S608

    assert differences(before, digest(desk.tenant.id)) == []
    del cast


def _changed(statement: str, tenant_id: uuid.UUID) -> int:
    """How many rows a statement reached; none where it is not allowed at all."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [tenant_id])
            return int(cursor.rowcount)
    except DatabaseError:
        return 0


def test_every_kind_of_job_has_a_step() -> None:
    assert set(engine.STEPS) == set(SyncJob.Kind)


@pytest.mark.parametrize("kind", list(SyncJob.Kind), ids=str)
def test_a_job_about_another_companys_row_changes_nothing_there(
    kind: SyncJob.Kind, cast: Cast, desk: Desk, other: Desk
) -> None:
    foreign = [*identifiers(desk).values(), desk.connection.code, desk.tenant.code]
    before = digest(desk.tenant.id)
    for subject in foreign:
        rows.add(other.tenant, kind=kind, subject=subject)

    begun = 0
    for _ in foreign:
        for job in queue.claim([queue.QUEUE_OF[kind]], at_once=50):
            engine.run(job, Step(at=timezone.now(), waiting=[]))
            begun += job.tenant_id == other.tenant.id

    assert begun >= len(foreign)
    assert differences(before, digest(desk.tenant.id)) == []
    del cast


def test_every_command_has_a_line_here() -> None:
    found = {name for name, app in get_commands().items() if app.split(".")[0] in {*OURS, "connector_site"}}

    assert found == set(COMMANDS)


def test_every_task_has_a_line_here_and_is_told_of_no_row() -> None:
    """A message in the broker may be written by whoever reaches it: it can name a queue and nothing else."""
    current_app.loader.import_default_modules()
    found = {name: task for name, task in current_app.tasks.items() if name.split(".")[0] in OURS}
    told = {
        name: {one.name for one in inspect.signature(task.run).parameters.values() if one.kind is not one.VAR_KEYWORD}
        for name, task in found.items()
    }

    assert set(found) == set(TASKS)
    assert {name for names in told.values() for name in names} <= {"queue_name"}
