"""What every page of a tenant shows around its own content, and a few words."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.db import connection
from django.template import Context
from django.urls import reverse
from django.utils import timezone

from connector_site.lib.row_security import TENANT_SETTING
from syncjobs.alarms import news
from syncjobs.attention import waiting as attention
from syncjobs.setup.first_steps import first_steps
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


_DESK = """
SELECT coalesce(current_setting(%s, true), ''), {waiting}, {unread}, EXISTS (
  SELECT 1 FROM exact_connection c JOIN exact_grant g ON g.id = c.grant_id
   WHERE c.tenant_id = %s AND c.disconnected_at IS NULL AND g.needs_reconnect_at IS NOT NULL)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What waits for a person, and what she was told and has not read."""

    waiting: int
    unread: int
    reconnect: bool

    @property
    def waiting_shown(self) -> str:
        """The count as the menu has it."""
        return _capped(self.waiting, attention.COUNTED_TO)

    @property
    def unread_shown(self) -> str:
        """The count beside the bell."""
        return _capped(self.unread, news.COUNTED_TO)


@register.simple_tag
def desk_of(access: Access) -> Desk:
    """The counts in the menu, and whether Exact must be connected again: one statement on every page.

    Pages are mostly made inside the tenant's context. Elsewhere the database shows nothing of the company's, so it is
    asked again within it.
    """
    context, *found = _desk(access)
    if context != str(access.tenant_id):
        with tenant_context(access.tenant_id):
            _context, *found = _desk(access)
    waiting, unread, reconnect = found
    return Desk(waiting=waiting, unread=unread, reconnect=reconnect)


def _desk(access: Access) -> tuple[Any, ...]:
    waiting, counted = attention.count_sql(access.tenant_id, at=timezone.now())
    unread, read = news.unread_sql(access.tenant_id, access.user_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _DESK.format(waiting=waiting, unread=unread), [TENANT_SETTING, *counted, *read, access.tenant_id]
        )
        row = cursor.fetchone()
    return tuple(row)


def _capped(count: int, most: int) -> str:
    return f"{most - 1}+" if count >= most else str(count)


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
