"""What a person weighs and measures at the scan desk: a row for each parcel."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_UP, Decimal

from django import forms
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from connector_site.lib.forms import StyledForm
from connector_site.lib.wording import local
from syncjobs.packing import Packed, PackedParcel, Seen, ToPack, faults_of
from ups.limits import PACKAGES
from ups.measures import System, plain

_NUMBER = re.compile(r"(\d{1,6}(?:[.,]\d{0,4})?)\s*([a-z]*)")
"""A scale may type its unit behind the number."""
_SAME_UNIT = {"kg": ("", "kg", "kgs"), "lb": ("", "lb", "lbs"), "cm": ("", "cm"), "in": ("", "in")}
SIDES = ("length", "width", "height")


class MeasureField(forms.CharField):
    """A number as a scale or a person types it, in one unit. Cleans to a `Decimal`, None where it is left out."""

    def __init__(self, *, label: str, unit: str, required: bool) -> None:
        control = {"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}
        wrong = {"required": _("Enter the weight.")}
        widget = forms.TextInput(attrs=control)
        super().__init__(label=label, required=required, max_length=20, widget=widget, error_messages=wrong)
        self.unit = unit

    def clean(self, value: str) -> Decimal | None:
        """Raise `ValidationError` for anything but a number in the unit of the desk."""
        typed = super().clean(value).strip().lower()
        if not typed:
            return None
        found = _NUMBER.fullmatch(typed)
        if not found:
            raise forms.ValidationError(_("Enter a number, such as 2.5."))
        if found[2] not in _SAME_UNIT[self.unit]:
            raise forms.ValidationError(_("This desk takes {unit}.").format(unit=self.unit))
        return Decimal(found[1].replace(",", ".").rstrip("."))


class ParcelForm(StyledForm):
    """One parcel."""

    def __init__(
        self, data: QueryDict | None = None, *, system: System, number: int, values: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(data, initial=values, prefix=f"parcel{number}")
        weight, size = system.weight_unit.value, system.size_unit.value
        self.fields["weight"] = MeasureField(label=_("Weight, {unit}").format(unit=weight), unit=weight, required=True)
        for name, label in (
            ("length", _("Length, {unit}")),
            ("width", _("Width, {unit}")),
            ("height", _("Height, {unit}")),
        ):
            self.fields[name] = MeasureField(label=label.format(unit=size), unit=size, required=False)

    @property
    def typed(self) -> dict[str, str]:
        """As it stands in the fields."""
        return {name: str(self[name].value() or "") for name in ("weight", *SIDES)}

    @property
    def parcel(self) -> PackedParcel:
        """Once it is valid."""
        sides = [self.cleaned_data[name] for name in SIDES if self.cleaned_data.get(name)]
        return PackedParcel(
            weight=self.cleaned_data["weight"],
            sides=tuple(int(side.to_integral_value(rounding=ROUND_UP)) for side in sides),
        )


class PackForm:
    """All parcels of a delivery, with what the person saw of it. `is_wrong` once something was found."""

    def __init__(self, to_pack: ToPack, *, seen: Seen, rows: Sequence[ParcelForm]) -> None:
        self.to_pack, self.seen, self.rows = to_pack, seen, list(rows)
        self.is_wrong = False
        self.problem = ""

    @property
    def packed_at(self) -> str:
        """For the hidden field."""
        return self.seen.packed_at.isoformat() if self.seen.packed_at else ""

    @property
    def can_add(self) -> bool:
        """Whether UPS would take one more."""
        return len(self.rows) < PACKAGES

    def is_valid(self) -> bool:
        """Check each field, then what UPS takes."""
        fine = [row.is_valid() for row in self.rows]
        if all(fine):
            for fault in faults_of([row.parcel for row in self.rows], self.to_pack.system):
                if fault.field == "parcels":
                    self.problem = local(fault.text)
                else:
                    self.rows[fault.parcel].add_error(fault.field, local(fault.text))
        for row in self.rows:
            mark_wrong(row)
        self.is_wrong = bool(self.problem) or any(row.errors for row in self.rows)
        return not self.is_wrong

    @property
    def parcels(self) -> list[PackedParcel]:
        """Once all is valid."""
        return [row.parcel for row in self.rows]


def fresh(to_pack: ToPack, packed: Packed | None, packed_at: datetime | None) -> PackForm:
    """As planned, or as packed before."""
    if packed is not None and packed.is_binding and packed.system is to_pack.system:
        values = [_values(plain(parcel.weight), parcel.sides) for parcel in packed.parcels]
    else:
        values = [_values(weight, sides) for weight, sides in to_pack.parcels]
    return _form(to_pack, Seen(content=to_pack.content, packed_at=packed_at), values or [_values("", ())])


def sent(to_pack: ToPack, data: QueryDict) -> PackForm:
    """As the person sent it."""
    seen = Seen(content=data.get("content", "")[:64], packed_at=_moment(data.get("packed_at", "")))
    rows = [ParcelForm(data, system=to_pack.system, number=number) for number in range(min(_count(data), PACKAGES))]
    return PackForm(to_pack, seen=seen, rows=rows)


def with_more(form: PackForm) -> PackForm:
    """With one parcel more, of the size of the last."""
    values = [row.typed for row in form.rows]
    return _form(form.to_pack, form.seen, [*values, values[-1] | {"weight": ""}][:PACKAGES])


def with_less(form: PackForm) -> PackForm:
    """Without the last parcel."""
    values = [row.typed for row in form.rows]
    return _form(form.to_pack, form.seen, values[:-1] or values)


def mark_wrong(row: ParcelForm) -> None:
    """A field that is wrong says so to a screen reader too."""
    for name in row.errors:
        attrs = row.fields[name].widget.attrs
        attrs |= {"class": "form-control is-invalid", "aria-describedby": f"id_{row.prefix}-{name}_error"}


def _form(to_pack: ToPack, seen: Seen, values: Sequence[dict[str, str]]) -> PackForm:
    rows = [ParcelForm(None, system=to_pack.system, number=number, values=one) for number, one in enumerate(values)]
    return PackForm(to_pack, seen=seen, rows=rows)


def _values(weight: str, sides: Sequence[int]) -> dict[str, str]:
    return {"weight": weight} | dict(zip(SIDES, _texts(sides), strict=False))


def _texts(sides: Sequence[int]) -> Iterator[str]:
    return (str(side) for side in sides)


def _count(data: QueryDict) -> int:
    text = data.get("parcels", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < len("1000") else 1


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text) if text else None
    except ValueError:
        return None
