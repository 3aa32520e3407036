"""Numbers with their units, as the reader's language writes them."""

from datetime import timedelta
from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()
_NOTHING = "\N{EN DASH}"


@register.filter
def number(value: Decimal | int) -> str:
    """Grouped by thousands, without a fraction that says nothing."""
    decimals = 0 if value == int(value) else 1
    return number_format(value, decimal_pos=decimals, force_grouping=True)


@register.filter
def percent(share: Decimal | None) -> str:
    """A share of a hundred; only all of it is shown as a hundred."""
    if share is None:
        return _NOTHING
    shown = share.quantize(Decimal(1))
    if shown != share and shown in {0, 100}:
        shown = share.quantize(Decimal("0.1"), rounding="ROUND_DOWN" if shown else "ROUND_UP")
    return _("{number}%").format(number=number_format(shown))


@register.filter
def money(amount: Decimal, currency: str) -> str:
    """An amount with its currency."""
    return f"{number_format(amount, decimal_pos=2, force_grouping=True)} {currency}"


@register.filter
def duration(seconds: Decimal | int | None) -> str:
    """In the largest unit of which there is more than one."""
    if seconds is None:
        return _NOTHING
    length = timedelta(seconds=float(seconds))
    if length < timedelta(minutes=2):
        return _("{number} s").format(number=number_format(round(length / timedelta(seconds=1))))
    if length < timedelta(hours=2):
        return _("{number} min").format(number=number_format(round(length / timedelta(minutes=1))))
    if length < timedelta(days=2):
        return _("{number} h").format(number=number_format(round(length / timedelta(hours=1))))
    return _("{number} days").format(number=number_format(round(length / timedelta(days=1))))
