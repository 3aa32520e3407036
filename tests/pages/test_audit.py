"""The audit trail's pages: who may look, what is found, the check that is asked for, and what is taken along."""

import io
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit import trail, verify_export
from audit.models import ChainCheck, Event
from audit.record import Happening, acting, happenings
from syncjobs import engine
from syncjobs.models import SyncJob, SystemAlarm
from syncjobs.personal import retention
from tenants.context import tenant_context
from tenants.gate import actor_of
from tenants.models import Role, Tenant
from tests.factories import Cast, make_member, make_user
from tests.owner import as_owner
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.pages.test_second_factor import ASKS, used_ago

pytestmark = pytest.mark.django_db


def url(tenant: Tenant, name: str = "trail", /, **asked: object) -> str:
    return reverse(f"audit:{name}", args=[tenant.code], query=asked or None)


def record(tenant: Tenant, count: int = 1, *, actor: str = "worker", **event: object) -> None:
    values = {"kind": Event.Kind.CHANGED, "subject_kind": "tenant", "subject": tenant.code} | event
    with acting(actor), tenant_context(tenant.id):
        happenings(tenant.id, [Happening(**values) for _ in range(count)])  # type: ignore[arg-type]


@pytest.fixture
def owner(cast: Cast, as_user: SignIn) -> Client:
    return as_user(cast.owner)


def sequences(answer: object) -> list[int]:
    return [event.sequence for event in answer.context["page"].events]  # type: ignore[attr-defined]


def test_only_managers_and_the_owner_see_the_trail(cast: Cast, as_user: SignIn) -> None:
    people = [cast.owner, *(make_member(cast.tenant, role) for role in (Role.MANAGER, Role.OPERATOR, Role.VIEWER))]

    answers = [as_user(person).get(url(cast.tenant)).status_code for person in people]
    asked = [as_user(person).post(url(cast.tenant, "check")).status_code for person in people[2:]]

    assert answers == [200, 200, 403, 403]
    assert asked == [403, 403]
    with tenant_context(cast.tenant.id):
        assert ChainCheck.objects.count() == 0


def test_a_page_of_a_working_company_takes_few_statements_and_tells_in_words(
    cast: Cast, desk: Desk, owner: Client
) -> None:
    shipped = scene.make_shipped(desk)
    record(
        desk.tenant, actor=actor_of(cast.owner), details={"fields": ["label_days"], "changes": {"label_days": [90, 30]}}
    )
    record(desk.tenant, subject_kind="ups account", subject=desk.account.code, kind=Event.Kind.CONNECTED)
    owner.get(url(desk.tenant))

    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = owner.get(url(desk.tenant)).content.decode()

    told = [row["sql"] for row in asked if "SAVEPOINT" not in row["sql"] and "'', true)" not in row["sql"]]
    assert len(told) <= 12, "\n".join(text[:150] for text in told)
    assert f"Goods delivery {shipped.delivery_number}" in page
    assert "UPS made the shipment" in page
    assert "UPS account Main account" in page
    assert "<del>90</del>" in page
    assert "<ins>30</ins>" in page
    assert cast.owner.email in page


def test_each_filter_finds_its_events_and_no_others(cast: Cast, desk: Desk, owner: Client) -> None:
    tenant = desk.tenant
    held, shipped = scene.make_held(desk), scene.make_shipped(desk)
    chain = uuid.uuid4()
    record(tenant, actor=actor_of(cast.owner), kind=Event.Kind.ASKED, subject=chain, correlation=chain)
    team = make_user("team", is_staff=True)
    record(tenant, actor=actor_of(team), kind=Event.Kind.ASKED, subject_kind="admin")

    def found(**asked: object) -> list[Event]:
        return list(owner.get(url(tenant, **asked)).context["page"].events)

    assert {event.subject for event in found(about=held.delivery_number)} == {held.code}
    assert {event.subject for event in found(about=str(shipped.code))} == {shipped.code}
    assert found(about="no such number") == []
    assert [event.subject for event in found(who=actor_of(cast.owner))] == [chain]
    assert [event.subject_kind for event in found(who="team")] == ["admin"]
    assert {event.actor for event in found(who="itself")} <= {"worker", "system"}
    assert [event.subject for event in found(chain=str(chain))] == [chain]
    assert {event.kind for event in found(kind="moved")} == {"moved"}
    assert {event.subject_kind for event in found(area="looks")} == {"admin"}
    assert {event.subject for event in found(about=shipped.delivery_number, kind="moved")} == {shipped.code}
    assert found(since="2020-01-01T00:00", until="2020-01-02T00:00") == []
    assert len(found(since="2020-01-01T00:00")) == len(found())
    assert owner.get(url(tenant, who="somebody")).status_code == 400


def test_pages_follow_each_other_both_ways_without_gap_or_repeat(
    cast: Cast, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "PER_PAGE", 4)
    record(cast.tenant, 10)
    last = sequences(owner.get(url(cast.tenant)))[0]

    back = [sequences(answer) for answer in walk(owner, cast.tenant, "older", {})]
    forth = [sequences(answer) for answer in walk(owner, cast.tenant, "newer", {"after": 0})]

    assert [one for page in back for one in page] == list(range(last, 0, -1))
    assert sorted(one for page in forth for one in page) == list(range(1, last + 1))


def test_a_rare_event_is_found_by_going_on_where_a_page_looked_through_enough(
    cast: Cast, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "LOOKED_THROUGH", 5)
    record(cast.tenant, kind=Event.Kind.WROTE, subject_kind="delivery")
    record(cast.tenant, 12)

    pages = list(walk(owner, cast.tenant, "older", {"kind": "wrote"}))

    assert "Nothing found so far" in pages[0].content.decode()
    assert [event.kind for page in pages for event in page.context["page"].events] == ["wrote"]


def walk(client: Client, tenant: Tenant, way: str, asked: dict[str, object]) -> list:  # type: ignore[type-arg]
    """Every page in one direction."""
    answers = []
    step: dict[str, object] = dict(asked)
    while True:
        answers.append(client.get(url(tenant, **step)))
        page = answers[-1].context["page"]
        onward = page.older if way == "older" else page.newer
        if onward is None or len(answers) > 20:
            return answers
        step = {name: value for name, value in asked.items() if name != "after"}
        step["before" if way == "older" else "after"] = onward


def test_a_check_that_was_asked_for_is_done_by_a_worker_and_shown(cast: Cast, owner: Client) -> None:
    record(cast.tenant, 3)

    owner.post(url(cast.tenant, "check"))
    owner.post(url(cast.tenant, "check"))
    waiting = owner.get(url(cast.tenant), headers={"hx-request": "true"})
    engine.work([SyncJob.Queue.UPKEEP])
    done = owner.get(url(cast.tenant), headers={"hx-request": "true"})

    assert waiting.status_code == 204
    assert "Whole" in done.content.decode()
    with tenant_context(cast.tenant.id):
        found = ChainCheck.objects.get()
        head = Event.objects.order_by("-sequence").first()
        assert Event.objects.filter(subject_kind="audit_check", kind=Event.Kind.ASKED).count() == 1
    assert head is not None
    assert (found.broken_at, found.head_sequence, found.head_hash) == (None, head.sequence, head.hash)
    assert f"{head.sequence}:{head.hash}" in done.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_trail_that_was_changed_is_shown_loudly_and_alarms_our_team(cast: Cast, owner: Client) -> None:
    record(cast.tenant, 3)
    as_owner(
        "ALTER TABLE audit_event DISABLE TRIGGER audit_append_only",
        f"UPDATE audit_event SET actor = 'nobody' WHERE sequence = 2 AND tenant_id = '{cast.tenant.id}'",  # noqa: S608
        "ALTER TABLE audit_event ENABLE TRIGGER audit_append_only",
    )

    owner.post(url(cast.tenant, "check"))
    engine.work([SyncJob.Queue.UPKEEP])
    page = owner.get(url(cast.tenant)).content.decode()

    assert "Event 2 is the first that does not fit" in page
    assert SystemAlarm.objects.get(kind="audit_broken").subject == str(cast.tenant.id)


def test_taking_the_trail_along_asks_for_the_second_factor_and_is_an_event_itself(
    cast: Cast, as_user: SignIn, tmp_path: object
) -> None:
    record(cast.tenant, 3)
    late = as_user(cast.owner)
    used_ago(late, 11)

    refused = late.post(url(cast.tenant, "export"))
    taken = as_user(cast.owner).post(url(cast.tenant, "export"))
    content = b"".join(taken)

    assert refused["Location"].startswith(ASKS)
    with tenant_context(cast.tenant.id):
        told = Event.objects.get(subject_kind="audit_export")
    assert (told.actor, told.details) == (actor_of(cast.owner), {"what": "export of the trail"})
    path = f"{tmp_path}/trail.zip"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(content)
    chain, manifest = verify_export.verify(path)
    assert chain.last == told.sequence
    assert manifest is not None
    assert manifest["is_whole"] is True
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def test_a_changed_setting_shows_what_it_was_and_what_it_is(cast: Cast, owner: Client) -> None:
    with tenant_context(cast.tenant.id), acting(actor_of(cast.owner)):
        tenant = Tenant.objects.get(pk=cast.tenant.id)
        new = {limit.field: getattr(tenant, limit.field) for limit in retention.LIMITS} | {"label_days": 45}
        retention.change_periods(tenant, new)

    page = owner.get(url(cast.tenant)).content.decode()

    assert "Settings of the company were changed" in page
    assert "<ins>45</ins>" in page


def test_times_are_those_of_the_companys_clock(cast: Cast, owner: Client) -> None:
    with tenant_context(cast.tenant.id):
        Tenant.objects.filter(pk=cast.tenant.id).update(time_zone="Pacific/Auckland")
    record(cast.tenant)
    here = timezone.now() + timedelta(hours=11)

    assert sequences(owner.get(url(cast.tenant, since=f"{here:%Y-%m-%dT%H:%M}"))) != []
    assert sequences(owner.get(url(cast.tenant, until=f"{timezone.now():%Y-%m-%dT%H:%M}"))) == []
