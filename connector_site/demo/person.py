"""A person at a browser, reduced to pages, links and forms: the demo uses the site as its customers do."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from connector_site.demo.errors import DemoFailed

TIMEOUT_SECONDS = 30
QUOTED_CHARACTERS = 400


@dataclass(slots=True, kw_only=True)
class Choice:
    """One option of a list."""

    value: str
    text: str = ""


@dataclass(slots=True, kw_only=True)
class Form:
    """A form as the page shows it, with the values it would send."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[Choice]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    def choice(self, name: str, containing: str) -> str:
        """The value of the first option whose text contains these words."""
        for each in self.choices.get(name, []):
            if containing.lower() in each.text.lower():
                return each.value
        offered = ", ".join(each.text.strip() for each in self.choices.get(name, [])) or "nothing"
        raise DemoFailed(f"The list {name} offers no {containing}, only: {offered}.")


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._list = ""
        self._ticked = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        seen = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(action=seen.get("action", ""), method=seen.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None:
            self._field(self._open, tag, seen)

    def _field(self, form: Form, tag: str, seen: dict[str, str]) -> None:
        name = seen.get("name", "")
        if tag == "input" and name:
            self._input(form, name, seen)
        elif tag == "button" and seen.get("type", "submit") == "submit":
            form.buttons.append((name, seen.get("value", "")))
        elif tag == "select":
            self._list = name
            form.choices[name] = []
        elif tag == "option" and self._list:
            form.choices[self._list].append(Choice(value=seen.get("value", "")))
            if "selected" in seen or self._list not in form.values:
                form.values[self._list] = seen.get("value", "")
        elif tag == "textarea":
            self._area = name
            form.values[name] = ""

    def _input(self, form: Form, name: str, seen: dict[str, str]) -> None:
        kind = seen.get("type", "text")
        if kind in {"radio", "checkbox"}:
            self._ticked = name
            form.choices.setdefault(name, []).append(Choice(value=seen.get("value", "on")))
            if "checked" in seen:
                form.values[name] = seen.get("value", "on")
        elif kind == "submit":
            form.buttons.append((name, seen.get("value", "")))
        else:
            form.values[name] = seen.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._list = ""
        elif tag == "label":
            self._ticked = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._open is None:
            return
        self._open.text += data
        if self._area:
            self._open.values[self._area] += data
        described = self._open.choices.get(self._list or self._ticked)
        if described:
            described[-1].text += data


class _Text(HTMLParser):
    """What a person reads of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in {"script", "style", "head", "svg"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style", "head", "svg"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data.split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the browser shows now."""

    url: str
    status: int
    html: str

    @property
    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.html)
        return parser.forms

    @property
    def text(self) -> str:
        parser = _Text()
        parser.feed(self.html)
        return " ".join(parser.words)

    def form_with(self, name: str) -> Form:
        """The first form that has this field or button."""
        for form in self.forms:
            if name in form.values or name in form.choices or any(name == button for button, _ in form.buttons):
                return form
        raise DemoFailed(f"{self.url} shows no form with {name}. It says: {self.text[:QUOTED_CHARACTERS]}")

    def form_to(self, action_part: str) -> Form:
        """The first form whose address contains this."""
        for form in self.forms:
            if action_part in form.action:
                return form
        raise DemoFailed(f"{self.url} shows no form to {action_part}. It says: {self.text[:QUOTED_CHARACTERS]}")


class Person:
    """One browser session."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._session = requests.Session()

    def open(self, path: str) -> Page:
        """Follow a link of the site, or a full address."""
        return self._shown(self._session.get(urljoin(self._site, path), timeout=TIMEOUT_SECONDS))

    def send(self, page: Page, form: Form, **changed: str) -> Page:
        """Fill in some fields and submit, following redirects to wherever they lead, the other system included."""
        url = urljoin(page.url, form.action)
        values = form.values | changed
        headers = {"Referer": page.url}
        if form.method == "post":
            answer = self._session.post(url, data=values, headers=headers, timeout=TIMEOUT_SECONDS)
        else:
            address = urlsplit(url)._replace(query="").geturl()  # the fields take the place of what stood there
            answer = self._session.get(address, params=values, headers=headers, timeout=TIMEOUT_SECONDS)
        return self._shown(answer)

    @staticmethod
    def _shown(answer: requests.Response) -> Page:
        page = Page(url=answer.url, status=answer.status_code, html=answer.text)
        if not answer.ok:
            raise DemoFailed(f"{answer.url} answered {answer.status_code}: {page.text[:QUOTED_CHARACTERS]}")
        return page
