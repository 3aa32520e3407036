"""What every page of a tenant shows around its own content, and a few words."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import template
from django.urls import reverse

from syncjobs.desk import needs_reconnect, waiting_count
from syncjobs.first_steps import FirstStep
from syncjobs.unfinished import count_left_behind
from tenants.access import Access
from tenants.context import tenant_context

TRACKING_PAGE = "https://www.ups.com/track?tracknum="
"""UPS's public page for one number."""

_PLACES = (
    ("ship-from addresses", "syncjobs:ship_from"),
    ("shipping rules", "syncjobs:rules"),
    ("settings, ups account", "ups:accounts"),
    ("ups account settings", "ups:accounts"),
    ("set-up, written to exact", "syncjobs:reporting"),
    ("settings, weight unit", "tenants:settings"),
)
"""How a problem's place begins when it is one of our own pages (`syncjobs`, `ups.places`)."""

register = template.Library()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What waits for a person."""

    waiting: int
    reconnect: bool


@register.simple_tag
def desk_of(access: Access) -> Desk:
    """The count beside "To do", and whether Exact must be connected again."""
    with tenant_context(access.tenant_id):
        waiting = waiting_count(access.tenant_id) + count_left_behind(access.tenant_id)
        return Desk(waiting=waiting, reconnect=needs_reconnect(access.tenant_id))


@register.simple_tag
def first_open(steps: Sequence[FirstStep]) -> FirstStep | None:
    """The step to take next: the one whose button stands out."""
    return next((step for step in steps if not step.is_done), None)


@register.simple_tag
def place_of(where: str, access: Access) -> str:
    """The page of ours that a problem points at; empty when it is to be fixed elsewhere."""
    words = where.lower()
    page = next((page for beginning, page in _PLACES if words.startswith(beginning)), "")
    return reverse(page, args=[access.tenant_code]) if page else ""


@register.filter
def tracking_page(tracking_number: str) -> str:
    """Where anybody can follow the parcel."""
    return f"{TRACKING_PAGE}{tracking_number}"
