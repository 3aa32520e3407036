"""The forms of printing: which paper, which labels, and what a packing station is."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from syncjobs.labels.sheets import PERCENT, PLACES
from syncjobs.models import Station

NAME_CHARACTERS = 60
PRINTER = "printer"
"""Chosen in place of a paper: labels in printer language, as one file."""
PAPERS = (
    (Station.Paper.LABEL, _("Labels, one to a page")),
    (Station.Paper.A4, _("A4 sheets of four labels")),
    (Station.Paper.LETTER, _("Letter sheets of four labels")),
)
PLACE_WORDS = (_("1, upper left"), _("2, upper right"), _("3, lower left"), _("4, lower right"))
_HELP = _("On sheets labels are printed at {percent} % of their size, so that four fit.")


class PaperForm(StyledForm):
    """How pictures of labels are put on paper."""

    paper = forms.ChoiceField(label=_("Paper"), choices=PAPERS)
    first_place = forms.ChoiceField(
        label=_("First free place on the sheet"),
        choices=list(enumerate(PLACE_WORDS, start=1)),
        required=False,
        help_text=_("For a sheet of which some labels were used already."),
    )
    order = forms.ChoiceField(
        label=_("Order"),
        choices=(("pick", _("As the goods are picked")), ("listed", _("As listed"))),
        required=False,
    )
    which = forms.ChoiceField(
        label=_("Which"),
        choices=(("all", _("All")), ("new", _("Only those not printed yet"))),
        required=False,
    )

    def __init__(self, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["paper"].help_text = str(_HELP).format(percent=PERCENT)


class StationForm(StyledForm):
    """A packing station."""

    name = forms.CharField(label=_("Name"), max_length=NAME_CHARACTERS, help_text=_("Such as “Packing table 2”."))
    warehouse_code = forms.ChoiceField(label=_("Warehouse"), required=False)
    takes_new = forms.BooleanField(
        label=_("New labels of this warehouse come here by themselves"),
        required=False,
    )
    paper = forms.ChoiceField(label=_("Paper"), choices=PAPERS)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        warehouses: Sequence[tuple[str, str]],
        station: Station | None = None,
    ) -> None:
        initial = (
            {name: getattr(station, name) for name in ("name", "warehouse_code", "takes_new", "paper")}
            if station
            else None
        )
        super().__init__(data, initial=initial)
        known = dict(warehouses)
        if station and station.warehouse_code:
            known.setdefault(station.warehouse_code, station.warehouse_code)
        field = self.fields["warehouse_code"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("All that no other station takes")), *known.items()]

    def clean_name(self) -> str:
        """Without needless spaces."""
        return " ".join(str(self.cleaned_data["name"]).split())


def first_place_of(text: str) -> int:
    """A place of a sheet; the first where none such was meant."""
    return int(text) if text in {str(place) for place in range(1, PLACES + 1)} else 1
