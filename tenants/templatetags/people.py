"""Filters of the pages about people."""

from collections.abc import Iterable
from urllib.parse import quote

from django import template

register = template.Library()


@register.filter
def as_text_file(lines: Iterable[str]) -> str:
    """An address that holds these lines as a file: nothing is fetched, so they are shown this once only."""
    return "data:text/plain;charset=utf-8," + quote("\r\n".join(lines) + "\r\n")
