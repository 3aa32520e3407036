"""Words in the reader's language."""

from django import template

from connector_site.lib import wording

register = template.Library()


@register.filter
def local(text: object) -> str:
    """A stored English sentence in the reader's language (`connector_site.lib.wording`); what is markup stays so."""
    told = text if isinstance(text, str) else str(text or "")
    read = wording.local(told)
    return told if read == told else read
