"""What is looked for in the trail, and which part of it is taken along."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from connector_site.lib.wording import local
from syncjobs.telling import TEAM
from syncjobs.trail_words import AREAS, KINDS

SUBJECT_CHARACTERS = 60
OUR_TEAM = "team"
ITSELF = "itself"


class _Moment(forms.DateTimeField):
    """A day and a time of day, on the company's clock."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class TrailForm(StyledForm):
    """All may be left open."""

    about = forms.CharField(label=_("About"), required=False, max_length=SUBJECT_CHARACTERS)
    area = forms.ChoiceField(label=_("Kind of record"), required=False)
    who = forms.ChoiceField(label=_("Who"), required=False)
    kind = forms.ChoiceField(label=_("What"), required=False)
    since = _Moment(label=_("From"), required=False)
    until = _Moment(label=_("Until"), required=False)
    chain = forms.UUIDField(required=False, widget=forms.HiddenInput)
    before = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, members: dict[str, str]) -> None:
        super().__init__(data)
        self.fields["about"].widget.attrs["placeholder"] = _("Delivery number or code")
        self._offer("area", _("Everything"), {key: words for key, (words, _kinds) in AREAS.items()})
        self._offer("kind", _("Everything"), {str(key): words for key, words in KINDS.items()})
        itself = {ITSELF: "ml-connector", "exact": "Exact Online", "ups": "UPS", OUR_TEAM: TEAM}
        self._offer("who", _("Everybody"), members | itself)

    def _offer(self, name: str, nothing: Any, choices: dict[str, str]) -> None:
        offered = [("", nothing), *((key, local(words)) for key, words in choices.items())]
        self.fields[name].choices = offered  # type: ignore[attr-defined]


class ExportForm(StyledForm):
    """From one day to another, on the company's clock; everything when left open."""

    since = _Moment(label=_("From"), required=False)
    until = _Moment(label=_("Until"), required=False)
