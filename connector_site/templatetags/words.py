"""Words in the reader's language."""

from django import template

from connector_site.lib import wording

register = template.Library()


@register.filter
def local(text: object) -> str:
    """A stored English sentence in the reader's language (`connector_site.lib.wording`)."""
    return wording.local(str(text or ""))
