"""What pages show about the person who reads them."""

from collections.abc import Iterable
from urllib.parse import quote

from django import template

from tenants.access import Access, tenants_of
from tenants.models import User

register = template.Library()


@register.simple_tag
def companies_of(user: object) -> list[Access]:
    """Every company of the signed-in person."""
    return tenants_of(user) if isinstance(user, User) else []


@register.filter
def as_text_file(lines: Iterable[str]) -> str:
    """An address that holds these lines as a file: nothing is fetched, so they are shown this once only."""
    return "data:text/plain;charset=utf-8," + quote("\r\n".join(lines) + "\r\n")
