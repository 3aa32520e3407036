"""Forms that look like the site: each control gets its class, each wrong one its mark."""

from collections.abc import Mapping

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

_REQUIRED = forms.Field.default_error_messages["required"]
_CLASSES: dict[type[forms.Widget], str] = {
    forms.Select: "form-select",
    forms.CheckboxInput: "form-check-input",
    forms.RadioSelect: "form-check-input",
}


class StyledForm(forms.Form):
    """A form whose controls carry the classes of `site.css`; `is_locked` shows it to somebody who may only look."""

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        initial: Mapping[str, object] | None = None,
        prefix: str | None = None,
        is_locked: bool = False,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}), prefix=prefix)
        for field in self.fields.values():
            field.widget.attrs["class"] = _class_of(field.widget)
            field.disabled = field.disabled or is_locked
            if field.label and field.error_messages["required"] is _REQUIRED:
                field.error_messages["required"] = _("Fill in “{label}”.").format(label=field.label)

    def full_clean(self) -> None:
        """Check as always, then mark what is wrong."""
        super().full_clean()
        for name in self.errors:
            if name in self.fields:
                widget = self.fields[name].widget
                widget.attrs["class"] = f"{_class_of(widget)} is-invalid"


def _class_of(widget: forms.Widget) -> str:
    return next((name for kind, name in _CLASSES.items() if isinstance(widget, kind)), "form-control")
