"""Every alarm arises, is told once to whom it concerns and to nobody else, and ends by itself (`reliability.md` 8)."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone
from pytest_django import Settings

from audit import chain
from connector_site.lib.secrets import seal
from exact.grants import REGISTRATION_REFUSED, RENEWED_TOO_EARLY
from exact.models import Breaker, CallBudget
from syncjobs import audit_checks, engine
from syncjobs.alarms import troubles
from syncjobs.alarms.kinds import NATURES, AlarmKind
from syncjobs.alarms.news_kinds import DAILY_WORK, NEWS_OF
from syncjobs.models import Delivery, Finding, Heartbeat, Reconciliation, SyncJob, SystemAlarm
from syncjobs.reconciling.kinds import FindingKind
from tenants.context import tenant_context
from tests.audit.test_chain import record_three
from tests.owner import as_owner
from tests.syncjobs.alarm_scene import TEAM, Scene, make_scene, service_kinds, taken_out, told_to
from tests.syncjobs.rows import add, make_delivery

K = AlarmKind
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Change = Callable[[Scene], None]


@pytest.fixture
def scene(db: None, settings: Settings) -> Scene:
    del db
    settings.OPERATOR_EMAILS = TEAM
    return make_scene()


def doubt(scene: Scene) -> None:
    scene.attempt("in_doubt", doubt_at=scene.at - 31 * MINUTE)


def settle(scene: Scene) -> None:
    run("UPDATE syncjobs_attempt SET state = 'created', review_reason = '' WHERE tenant_id = %s", scene.tenant.id)


def review(scene: Scene) -> None:
    make_delivery(scene.connection, state=Delivery.State.REVIEW)


def decide(scene: Scene) -> None:
    run("UPDATE syncjobs_delivery SET state = 'cancelled' WHERE tenant_id = %s", scene.tenant.id)


def hold(scene: Scene) -> None:
    """One since an hour, one that waits for a person's word alone, and one that came up a moment ago."""
    for minutes, problem in ((60, "weight_missing"), (60, "approval"), (1, "weight_missing")):
        held = make_delivery(scene.connection, state=Delivery.State.HOLD)
        scene.change(held, changed_at=scene.at - minutes * MINUTE, problems=[{"code": problem}])


def get_stuck(scene: Scene) -> None:
    scene.change(make_delivery(scene.connection, state=Delivery.State.IN_TRANSIT), milestone="exception")


def review_an_attempt(scene: Scene) -> None:
    scene.attempt("in_doubt", "review", review_reason="several")


def find_orphan(scene: Scene) -> None:
    scene.attempt("in_doubt", "absent", "orphan", orphaned_at=scene.at - 2 * DAY)


def void_orphan(scene: Scene) -> None:
    for state in ("voiding", "voided"):
        run(f"UPDATE syncjobs_attempt SET state = '{state}' WHERE tenant_id = %s", scene.tenant.id)  # noqa: S608


def let_consent_end(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=scene.at)


def reconnect(scene: Scene) -> None:
    scene.change_grant(needs_reconnect_at=None, received_at=scene.at)


def age_of_token(days: int) -> Change:
    def let_it_age(scene: Scene) -> None:
        scene.change_grant(received_at=scene.at - days * DAY)

    return let_it_age


def refuse(count: int) -> Change:
    """So many endpoints of Exact refused too often."""

    def open_breakers(scene: Scene) -> None:
        with tenant_context(scene.tenant.id):
            for number in range(count):
                common = {"tenant": scene.tenant, "connection": scene.connection}
                Breaker.objects.create(**common, endpoint=f"endpoint {number}", opened_at=scene.at)

    return open_breakers


def accept_again(scene: Scene) -> None:
    run("DELETE FROM exact_breaker WHERE tenant_id = %s", scene.tenant.id)


def fall_silent(name: str) -> Change:
    def stop(scene: Scene) -> None:
        scene.silent.add(name)
        scene.at += 4 * MINUTE

    return stop


def speak_again(scene: Scene) -> None:
    scene.silent.clear()


def check_nothing(scene: Scene) -> None:
    scene.silent.add(troubles.AUDIT)
    scene.at += 27 * HOUR


def leave_a_job(scene: Scene) -> None:
    add(scene.tenant, due_at=scene.at - 6 * MINUTE)


def do_the_job(scene: Scene) -> None:
    run("UPDATE syncjobs_syncjob SET state = 'done' WHERE tenant_id = %s", scene.tenant.id)


def miss_a_hook(scene: Scene) -> None:
    scene.change(scene.connection, missed_hook_at=scene.at)


def hear_a_hook(scene: Scene) -> None:
    scene.change(scene.connection, missed_hook_at=None)


def find_a_difference(scene: Scene, kind: str = FindingKind.ORPHAN) -> None:
    common = {"tenant": scene.tenant, "connection": scene.connection}
    with tenant_context(scene.tenant.id):
        run_of_night = Reconciliation.objects.create(**common, since_at=scene.at)
        Finding.objects.create(
            **common, reconciliation=run_of_night, kind=kind, subject=uuid.uuid4(), found_at=scene.at
        )


def mend_it(scene: Scene) -> None:
    run("UPDATE syncjobs_finding SET resolved_at = now() WHERE tenant_id = %s", scene.tenant.id)


def use_up(scene: Scene, calls: int = 4_001) -> None:
    day = int(scene.at.timestamp()) // 86_400
    with tenant_context(scene.tenant.id):
        CallBudget.objects.create(
            tenant=scene.tenant,
            connection=scene.connection,
            day_number=day,
            day_calls={"ship": calls - 100, "status": 100},
        )


def begin_a_day(scene: Scene) -> None:
    run("UPDATE exact_callbudget SET day_number = day_number - 1 WHERE tenant_id = %s", scene.tenant.id)


def ask_for_tokens(scene: Scene) -> None:
    scene.change(scene.account, token_calls=21, token_calls_date=scene.at.date())


def ask_no_more(scene: Scene) -> None:
    scene.change(scene.account, token_calls=1)


def stop_account(scene: Scene) -> None:
    scene.change(scene.account, stopped_at=scene.at, stopped_reason="UPS does not accept it.")


def use_account_again(scene: Scene) -> None:
    scene.change(scene.account, stopped_at=None, stopped_reason="")


def run(statement: str, tenant_id: uuid.UUID) -> None:
    with tenant_context(tenant_id), database.cursor() as cursor:
        cursor.execute(statement, [tenant_id])


def copy_a_secret(scene: Scene) -> None:
    """The permission for Exact stands in the row of another; a piece of work meets it."""
    scene.change_grant(sealed_tokens=seal({}, owner=uuid.uuid4(), purpose="exact tokens"))
    meet_the_secret(scene)


def meet_the_secret(scene: Scene) -> None:
    add(scene.tenant, kind=SyncJob.Kind.METHODS, subject=scene.connection.code)
    engine.work([SyncJob.Queue.SYNC])
    run("UPDATE syncjobs_syncjob SET state = 'done', lease_until = NULL WHERE tenant_id = %s", scene.tenant.id)
    scene.at = timezone.now()


def fail_to_renew(reason: str) -> Change:
    """What a renewal leaves behind that only our own team can mend (`exact.credentials`)."""

    def mark(scene: Scene) -> None:
        scene.change_grant(reconnect_reason=reason)

    return mark


def renew(scene: Scene) -> None:
    scene.change_grant(reconnect_reason="", received_at=scene.at)


def die_again_and_again(scene: Scene) -> None:
    """A job about no delivery that was begun three times already and never came to an end."""
    add(scene.tenant, kind=SyncJob.Kind.METHODS, subject=scene.connection.code)
    run("UPDATE syncjobs_syncjob SET starts = 3 WHERE tenant_id = %s", scene.tenant.id)
    engine.work([SyncJob.Queue.SYNC])
    scene.at = timezone.now()


def nothing(scene: Scene) -> None:
    """It ends because it does not come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How an alarm arises and ends, and which alarms the customer and the operating team have then."""

    arise: Change
    end: Change
    tenant: frozenset[AlarmKind] = frozenset()
    team: frozenset[AlarmKind] = frozenset()


def case(arise: Change, end: Change, *, tenant: tuple[AlarmKind, ...] = (), team: tuple[AlarmKind, ...] = ()) -> Case:
    return Case(arise=arise, end=end, tenant=frozenset(tenant), team=frozenset(team))


CASES = {
    "long in doubt": case(doubt, settle, tenant=(K.IN_DOUBT,)),
    "delivery in review": case(review, decide, tenant=(K.REVIEW,)),
    "held deliveries": case(hold, decide, tenant=(K.HELD,)),
    "parcel in trouble": case(get_stuck, decide, tenant=(K.EXCEPTION,)),
    "attempt in review": case(review_an_attempt, settle, tenant=(K.REVIEW,)),
    "orphan": case(find_orphan, void_orphan, tenant=(K.ORPHAN,), team=(K.ORPHAN,)),
    "needs reconnect": case(let_consent_end, reconnect, tenant=(K.NEEDS_RECONNECT,)),
    "token, 3 days": case(age_of_token(3), reconnect, team=(K.TOKEN_STALE,)),
    "token, 20 days": case(
        age_of_token(20), reconnect, tenant=(K.TOKEN_20_DAYS,), team=(K.TOKEN_STALE, K.TOKEN_ENDING)
    ),
    "token, 25 days": case(
        age_of_token(25), reconnect, tenant=(K.TOKEN_25_DAYS,), team=(K.TOKEN_STALE, K.TOKEN_ENDING)
    ),
    "token, 28 days": case(
        age_of_token(28), reconnect, tenant=(K.TOKEN_28_DAYS,), team=(K.TOKEN_STALE, K.TOKEN_ENDING)
    ),
    "breaker": case(refuse(2), accept_again, tenant=(K.BREAKER_OPEN,), team=(K.BREAKER_OPEN,)),
    "key blocked": case(refuse(3), accept_again, tenant=(K.BREAKER_OPEN,), team=(K.BREAKER_OPEN, K.KEY_BLOCKED)),
    "canary": case(fall_silent("queue:ship"), speak_again, team=(K.CANARY_LATE,)),
    "scheduler": case(fall_silent("beat"), speak_again, team=(K.CLOCK_SILENT,)),
    "late job": case(leave_a_job, do_the_job, team=(K.JOBS_LATE,)),
    "notifications": case(miss_a_hook, hear_a_hook, tenant=(K.HOOKS_SILENT,)),
    "finding": case(find_a_difference, mend_it, tenant=(K.FINDING,)),
    "day's calls": case(use_up, begin_a_day, tenant=(K.DAY_BUDGET,)),
    "token calls": case(ask_for_tokens, ask_no_more, team=(K.TOKEN_CALLS,)),
    "account stopped": case(stop_account, use_account_again, tenant=(K.ACCOUNT_STOPPED,)),
    "audit trail, not checked": case(check_nothing, speak_again, team=(K.AUDIT_LATE,)),
    "registration": case(fail_to_renew(REGISTRATION_REFUSED), renew, team=(K.REGISTRATION_REFUSED,)),
    "renewed too early": case(fail_to_renew(RENEWED_TOO_EARLY), renew, team=(K.RENEWED_TOO_EARLY,)),
    "poisonous job": case(die_again_and_again, nothing, team=(K.JOB_GIVEN_UP,)),
    "secret of another row": case(copy_a_secret, nothing, team=(K.DECRYPT_FAILED,)),
}
ELSEWHERE = {K.AUDIT_BROKEN}
"""Needs a change behind the back of the database's triggers; has a test of its own."""


def test_every_kind_has_a_case_that_names_whom_it_concerns() -> None:
    tenant = {kind for one in CASES.values() for kind in one.tenant}
    team = {kind for one in CASES.values() for kind in one.team}

    assert tenant == {kind for kind in K if NATURES[kind].tells_tenant}
    assert team | ELSEWHERE == {kind for kind in K if NATURES[kind].tells_operator}


@pytest.mark.parametrize("one", CASES.values(), ids=CASES)
def test_an_alarm_is_told_once_to_those_it_concerns_and_ends_by_itself(scene: Scene, one: Case) -> None:
    scene.look()
    assert (taken_out(), scene.open_kinds(), service_kinds()) == ([], set(), set())

    one.arise(scene)
    scene.look()
    first = taken_out()
    scene.look(after=MINUTE / 2)

    assert scene.open_kinds() == set(one.tenant)
    assert service_kinds() == set(one.team)
    is_mailed = any(NEWS_OF[kind] not in DAILY_WORK for kind in one.tenant)
    assert first == told_to(scene.told if is_mailed else (), TEAM if one.team else ())
    assert taken_out() == []

    one.end(scene)
    scene.look(after=MINUTE / 2)
    scene.look(after=longest(one) + MINUTE)

    over = [NATURES[kind].tells_end for kind in one.tenant], [NATURES[kind].tells_end for kind in one.team]
    assert (scene.open_kinds(), service_kinds()) == (set(), set())
    assert taken_out() == told_to(scene.told if any(over[0]) else (), TEAM if any(over[1]) else ())
    assert scene.open_kinds(scene.other) == set()


def longest(one: Case) -> timedelta:
    return max(NATURES[kind].clears_after or timedelta() for kind in one.tenant | one.team)


def test_a_secret_whose_key_is_gone_is_told_of_as_well(scene: Scene) -> None:
    scene.change_grant(sealed_tokens=seal({}, owner=scene.connection.grant_id, purpose="exact tokens"))
    with database.cursor() as cursor:
        cursor.execute("UPDATE exact_grant SET sealed_tokens = 'no ciphertext'::bytea")

    meet_the_secret(scene)
    meet_the_secret(scene)
    scene.change_grant(sealed_tokens=None)

    told = SystemAlarm.objects.get()
    assert (told.kind, told.subject) == (K.DECRYPT_FAILED, str(scene.tenant.id))
    assert told.details == {"job": f"methods {scene.connection.code}"}
    assert scene.open_kinds() == set()


@pytest.mark.django_db(transaction=True)
def test_a_changed_audit_trail_stays_an_alarm_until_it_is_found_whole(scene: Scene) -> None:
    record_three(scene.tenant)
    audit_checks.verify_chains(at=scene.at)
    assert service_kinds() == set()

    forge("nobody")
    audit_checks.verify_chains(at=scene.at)
    audit_checks.verify_chains(at=scene.at + DAY)
    scene.look(after=2 * DAY)

    assert SystemAlarm.objects.get().subject == str(scene.tenant.id)
    assert service_kinds() == {K.AUDIT_BROKEN}
    assert taken_out() == told_to(TEAM)

    forge("worker")
    audit_checks.verify_chains(at=timezone.now())

    assert service_kinds() == set()


@pytest.mark.django_db(transaction=True)
def test_a_check_that_stops_half_way_has_told_of_what_it_found_and_leaves_no_sign(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tenant in (scene.tenant, scene.other):
        record_three(tenant)
    place = chain.Place(sequence=3, hash="")
    told = [(place, chain.Verdict(events=3, broken_at=2)), OperationalError("statement timeout")]
    monkeypatch.setattr(chain, "compare", Mock(side_effect=told))

    with pytest.raises(OperationalError):
        audit_checks.verify_chains(at=scene.at)

    assert SystemAlarm.objects.filter(kind=K.AUDIT_BROKEN).count() == 1
    assert not Heartbeat.objects.filter(name=troubles.AUDIT).exists()


def test_a_check_that_came_to_its_end_leaves_a_sign(scene: Scene) -> None:
    audit_checks.verify_chains(at=scene.at)

    assert troubles.last_seen()[troubles.AUDIT] >= scene.at


def forge(actor: str) -> None:
    """Change an event behind the triggers."""
    as_owner(
        "ALTER TABLE audit_event DISABLE TRIGGER audit_append_only",
        f"UPDATE audit_event SET actor = '{actor}' WHERE sequence = 2",  # noqa: S608  one of two words
        "ALTER TABLE audit_event ENABLE TRIGGER audit_append_only",
    )
