"""Two people who change the team at once: there is always an owner."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from tenants import team
from tenants.access import enter
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant, User
from tenants.team import TeamRefusal
from tests import factories

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
