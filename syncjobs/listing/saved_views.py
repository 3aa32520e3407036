"""Ways to look at the list of deliveries that a person gave a name, her own and those that colleagues share.

Every function runs inside the tenant's context.
"""

import uuid
from dataclasses import replace

from django.db.models import Case, Q, When

from connector_site.lib.wording import said
from syncjobs.listing.questions import Question
from syncjobs.models import SavedView
from tenants.models import Tenant

MOST_OF_A_PERSON = 20
"""Our own bound; more than these nobody finds her way among."""
_MOST_SHOWN = 60


class NotKept(Exception):
    """Why the view is not kept; the message says what to do."""


def views_of(tenant_id: uuid.UUID, user_id: int) -> list[SavedView]:
    """Her own, then the shared ones, each by name."""
    found = SavedView.objects.filter(Q(user_id=user_id) | Q(is_shared=True), tenant_id=tenant_id)
    return list(found.order_by(Case(When(user_id=user_id, then=0), default=1), "name", "pk")[:_MOST_SHOWN])


def question_of(view: SavedView) -> Question:
    """What the view asks; what is not understood any more is left out."""
    return Question.from_query({str(key): str(value) for key, value in dict(view.question).items()})


def keep(tenant_id: uuid.UUID, user_id: int, *, name: str, question: Question, is_shared: bool) -> SavedView:
    """Keep it under this name, in place of the person's earlier one of that name, without what was searched for.

    That may be a person's name or address, which is kept in one place only. Raises `NotKept`.
    """
    Tenant.objects.select_for_update().only("pk").get(pk=tenant_id)
    mine = SavedView.objects.filter(tenant_id=tenant_id, user_id=user_id)
    if not mine.filter(name=name).exists() and mine.count() >= MOST_OF_A_PERSON:
        raise NotKept(said("You have {count} views already. Delete one first.", count=MOST_OF_A_PERSON))
    view, _ = SavedView.objects.update_or_create(
        tenant_id=tenant_id,
        user_id=user_id,
        name=name,
        defaults={"question": replace(question, text="").as_query(), "is_shared": is_shared},
    )
    return view


def drop(tenant_id: uuid.UUID, user_id: int, code: uuid.UUID, *, may_drop_shared: bool) -> bool:
    """Delete her own view, or a shared one of a colleague's where she may; whether there was one."""
    hers = Q(user_id=user_id) | Q(is_shared=True) if may_drop_shared else Q(user_id=user_id)
    count, _ = SavedView.objects.filter(hers, tenant_id=tenant_id, code=code).delete()
    return count > 0
