"""What every page of a tenant shows around its own content, and a few words."""

from dataclasses import dataclass

from django import template
from django.template import Context
from django.urls import reverse

from syncjobs.desk import needs_reconnect, waiting_count
from syncjobs.first_steps import first_steps
from syncjobs.unfinished import count_left_behind
from tenants.access import Access
from tenants.context import tenant_context
from tenants.onboarding import StepKey

TRACKING_PAGE = "https://www.ups.com/track?tracknum="
"""UPS's public page for one number."""

_PLACES = (
    ("ship-from addresses", "syncjobs:ship_from"),
    ("shipping rules", "syncjobs:rules"),
    ("settings, ups account", "ups:accounts"),
    ("ups account settings", "ups:accounts"),
    ("set-up, written to exact", "syncjobs:reporting"),
    ("settings, weight unit", "tenants:settings"),
    ("go live", "syncjobs:go_live"),
)
"""How a problem's place begins when it is one of our own pages (`syncjobs`, `ups.places`)."""

SECTION_STEPS = {
    "settings": StepKey.COMPANY,
    "exact": StepKey.EXACT,
    "ups": StepKey.UPS,
    "ship_from": StepKey.SHIP_FROM,
    "rules": StepKey.RULES,
    "dry_run": StepKey.DRY_RUN,
    "go_live": StepKey.GO_LIVE,
}
"""Which step a page belongs to, by the section that it stands in."""

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


@register.inclusion_tag("syncjobs/_progress.html", takes_context=True)
def progress_of(context: Context, access: Access) -> dict[str, object]:
    """The steps of a company that is not live yet: which are done, and which one this page belongs to."""
    if access.is_live:
        return {"progress": None}
    with tenant_context(access.tenant_id):
        progress = first_steps(access.tenant_id)
    key = SECTION_STEPS.get(str(context.get("section", "")))
    here = next((step for step in progress.steps if step.key == key), progress.current)
    return {"progress": progress, "here": here, "access": access}


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
