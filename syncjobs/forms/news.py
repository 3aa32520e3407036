"""The form in which a person chooses how she hears of each kind of news."""

from collections.abc import Mapping

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from connector_site.lib.wording import local
from syncjobs.alarms.news import Choice, Mail
from syncjobs.alarms.news_kinds import TOPICS, WORDS, NewsKind

_MAILS = ((Mail.AT_ONCE, _("at once")), (Mail.DIGEST, _("once a day")), (Mail.NEVER, _("never")))


class NewsForm(StyledForm):
    """Two fields for each kind."""

    def __init__(self, data: QueryDict | None = None, *, choices: Mapping[NewsKind, Choice]) -> None:
        super().__init__(data)
        for kind, choice in choices.items():
            mail = forms.ChoiceField(choices=_MAILS, initial=choice.mail, label=_("Mail"))
            on_site = forms.BooleanField(required=False, initial=choice.on_site, label=_("On the site"))
            mail.widget.attrs["class"] = "form-select"
            on_site.widget.attrs["class"] = "form-check-input"
            self.fields |= {f"{kind}_mail": mail, f"{kind}_site": on_site}

    def topics(self) -> list[tuple[str, list[tuple[str, forms.BoundField, forms.BoundField]]]]:
        """Headings, each with its kinds: words, how it is mailed, whether it stands on the site."""
        return [
            (topic.title, [(local(WORDS[kind]), self[f"{kind}_mail"], self[f"{kind}_site"]) for kind in topic.kinds])
            for topic in TOPICS
        ]

    def chosen(self) -> dict[NewsKind, Choice]:
        """What a valid form says."""
        found = self.cleaned_data
        return {kind: Choice(mail=Mail(found[f"{kind}_mail"]), on_site=found[f"{kind}_site"]) for kind in NewsKind}
