"""A person who has never been here signs up, proves her address and protects her account."""

import re
import secrets
from dataclasses import dataclass, field

from connector_site.demo.authenticator import code_of
from connector_site.demo.configuration import Configuration
from connector_site.demo.errors import DemoFailed
from connector_site.demo.mailbox import wait_for_code
from connector_site.demo.person import Page, Person

EMAIL = "owner@demo.example"
KEY = re.compile(r'id="authenticator_key" value="([A-Z2-7 ]+)"')
RECOVERY_CODE = re.compile(r"<li><code>([^<]+)</code></li>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What the owner of the demo's company signs in with."""

    email: str
    password: str
    authenticator_key: str
    recovery_codes: tuple[str, ...] = field(repr=False)


def sign_up(configuration: Configuration, person: Person) -> Login:
    """From the first page to an account with a second factor; the person is signed in afterwards."""
    password = secrets.token_urlsafe(12)
    # A database of one's own is not emptied: the owner of an earlier demo may be in it, with another password.
    email = EMAIL if configuration.servers.database_is_ours else f"{secrets.token_hex(4)}.{EMAIL}"
    page = person.open("/")
    page = person.send(page, page.form_with("password1"), email=email, password1=password)
    page = person.send(page, page.form_with("code"), code=wait_for_code(configuration.mailbox, to=email))
    return _protect(person, person.open("/protect/?next=/"), email=email, password=password)


def _protect(person: Person, page: Page, *, email: str, password: str) -> Login:
    key = KEY.search(page.html)
    if key is None:
        raise DemoFailed(f"{page.url} shows no key for an authenticator app: {page.text}")
    page = person.send(page, page.form_with("code"), code=code_of(key[1]))
    codes = tuple(RECOVERY_CODE.findall(page.html))
    if not codes:
        raise DemoFailed(f"{page.url} shows no recovery codes: {page.text}")
    person.send(page, page.form_to("/protect/kept/"))
    return Login(email=email, password=password, authenticator_key=key[1], recovery_codes=codes)
