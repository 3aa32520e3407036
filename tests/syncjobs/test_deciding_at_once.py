"""Two people who decide about the same thing at the same moment, on real rows."""

from functools import partial

import pytest
from django.utils import timezone

from audit.models import Event
from syncjobs.doubts import decisions
from syncjobs.doubts.options import Decision, NotPossible
from syncjobs.models import Attempt, Delivery, SyncJob
from tenants.context import tenant_context
from tests import factories
from tests.pages import doubts, scene
from tests.syncjobs.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def decide(delivery: Delivery, decision: Decision, person: str) -> str:
    """Who has decided, or nobody."""
    attempt = doubts.attempt_of(delivery)
    try:
        decisions.decide(
            actor=f"user:{person}",
            tenant_id=delivery.tenant_id,
            delivery_code=delivery.code,
            attempt_code=attempt.code,
            decision=decision,
            reason="Told so by telephone.",
            at=timezone.now(),
            number=doubts.NUMBERS[0],
        )
    except NotPossible:
        return ""
    return person


@pytest.mark.parametrize("other", [Decision.NOT_MADE, Decision.VOID_AND_SHIP, Decision.END])
def test_of_two_that_decide_at_once_one_is_told_that_it_is_decided(other: Decision) -> None:
    desk = scene.make_desk(factories.make_tenant())
    delivery = doubts.make_several(desk)

    decided = at_once(partial(decide, delivery, Decision.NOT_MADE, "one"), partial(decide, delivery, other, "two"))

    assert min(decided) == ""
    winner = max(decided)
    with tenant_context(desk.tenant.id):
        told = Event.objects.for_subject(delivery.code).filter(kind=Event.Kind.ASKED)
        assert [event.actor for event in told] == [f"user:{winner}"]
        assert Attempt.objects.filter(delivery=delivery).count() == 1
        assert SyncJob.objects.filter(subject=delivery.code).count() <= 1
