"""Work on many rows a piece at a time, the oldest first: each piece is a short transaction of its own."""

from typing import TypeVar

from django.db.models import Model, QuerySet

AT_ONCE = 1_000
"""Our own: rows of one piece."""
AnyModel = TypeVar("AnyModel", bound=Model)


def first_of(rows: QuerySet[AnyModel]) -> list[int]:
    """The numbers of the rows of the next piece."""
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def delete_first(rows: QuerySet[AnyModel]) -> int:
    """Delete the next piece; how many rows it was. What hangs on them is gone with them and not counted."""
    ids = first_of(rows)
    if ids:
        QuerySet(rows.model).filter(pk__in=ids).delete()
    return len(ids)
