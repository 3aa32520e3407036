"""What ends with a person's place in a company, in the transaction that ends the place."""

import uuid

from syncjobs.models import Attention, NewsChoice, NewsMark, SavedView


def end_of(tenant_id: uuid.UUID, user_id: int) -> dict[str, int]:
    """Her own views, her turns, what she wanted to hear of and how far she had read; how many of what others see.

    What she shared stays for her colleagues and is nobody's from now on.
    """
    hers = {"tenant_id": tenant_id, "user_id": user_id}
    views = SavedView.objects.filter(**hers)
    views.filter(is_shared=False).delete()
    left_behind = views.update(user_id=None)
    NewsChoice.objects.filter(**hers).delete()
    NewsMark.objects.filter(**hers).delete()
    turns = Attention.objects.filter(tenant_id=tenant_id, assigned_to_id=user_id).update(assigned_to_id=None)
    return {name: count for name, count in (("turns_ended", turns), ("views_left", left_behind)) if count}
