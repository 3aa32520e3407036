"""Two people who change the team at once: there is always an owner."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from tenants import invitations, team
from tenants.access import Access, enter
from tenants.context import tenant_context
from tenants.models import Invitation, Membership, Role, Tenant, User
from tenants.team import TeamRefusal
from tests import factories
from tests.standins import poll

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Do these in threads of their own, each with its own connection; what became of each."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        try:
            start.wait(timeout=10)
            act()
        except TeamRefusal:
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))


def leaving(user: User, tenant: Tenant) -> Callable[[], object]:
    access = enter(user, tenant.code)

    def act() -> None:
        with tenant_context(tenant.id):
            team.leave(access)

    return act


def handing_over(user: User, tenant: Tenant, to: User) -> Callable[[], object]:
    access = enter(user, tenant.code)
    with tenant_context(tenant.id):
        code = Membership.objects.get(tenant=tenant, user=to).code

    def act() -> None:
        with tenant_context(tenant.id):
            team.hand_over(access, code)

    return act


def owners(tenant: Tenant) -> int:
    with tenant_context(tenant.id):
        return Membership.objects.filter(tenant=tenant, role=Role.OWNER).count()


def test_of_two_owners_who_leave_at_once_one_stays() -> None:
    first = factories.make_user("owner")
    tenant = factories.make_tenant(owner=first)
    second = factories.make_member(tenant, Role.OWNER)

    told = at_once(leaving(first, tenant), leaving(second, tenant))

    assert told == ["done", "refused"]
    assert owners(tenant) == 1


def test_a_company_is_handed_over_to_one_of_two() -> None:
    owner = factories.make_user("owner")
    tenant = factories.make_tenant(owner=owner)
    others = [factories.make_member(tenant, Role.MANAGER), factories.make_member(tenant, Role.VIEWER)]

    told = at_once(*(handing_over(owner, tenant, to=other) for other in others))

    assert told == ["done", "refused"]
    assert owners(tenant) == 1


def giving(access: Access, code: uuid.UUID) -> None:
    team.change_role(access, code, to=Role.MANAGER)


def taking(access: Access, code: uuid.UUID) -> None:
    team.remove(access, code)


def inviting(access: Access, code: uuid.UUID) -> None:
    invitations.invite(access, email=f"{code}@example.com", role=Role.VIEWER, at=timezone.now())


@pytest.mark.parametrize("act", [giving, taking, inviting])
def test_a_manager_who_is_demoted_meanwhile_decides_nothing(act: Callable[[Access, uuid.UUID], None]) -> None:
    owner = factories.make_user("owner")
    tenant = factories.make_tenant(owner=owner)
    manager, viewer = factories.make_member(tenant, Role.MANAGER), factories.make_member(tenant, Role.VIEWER)
    of_owner, of_manager = enter(owner, tenant.code), enter(manager, tenant.code)
    with tenant_context(tenant.id):
        codes = dict(Membership.objects.filter(tenant=tenant).values_list("user_id", "code"))

    def late() -> None:
        try:
            with tenant_context(tenant.id):
                act(of_manager, codes[viewer.pk])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with tenant_context(tenant.id):
            team.change_role(of_owner, codes[manager.pk], to=Role.VIEWER)
            told = pool.submit(late)
            assert poll(somebody_waits_for_a_lock, seconds=10, pause_seconds=0.02)
        with pytest.raises(TeamRefusal):
            told.result(timeout=10)

    with tenant_context(tenant.id):
        assert Membership.objects.get(tenant=tenant, user=viewer).role == Role.VIEWER
        assert not Invitation.objects.exists()


def somebody_waits_for_a_lock() -> bool:
    """As it is now; `pg_stat_activity` stays as it was for the length of a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])
