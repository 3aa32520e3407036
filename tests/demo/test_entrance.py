"""What the demo's customer has at hand: an authenticator app, and a mailbox."""

from pathlib import Path

import pytest

from connector_site.demo import mailbox
from connector_site.demo.authenticator import code_of
from connector_site.demo.errors import DemoFailed

KEY = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
"""The key of RFC 6238, appendix B: "12345678901234567890"."""
MAIL = "Subject: Your code for ml-connector\nTo: {to}\n\nEnter this code:\n\n{code}\n\nDEMO TRADING\n"


@pytest.mark.parametrize(("at", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")])
def test_the_app_shows_the_codes_of_the_standard(at: float, code: str) -> None:
    assert code_of(KEY, at=at) == code


def test_the_code_is_taken_from_the_newest_mail_to_this_person(tmp_path: Path) -> None:
    for name, to, code in (("1", "a@x.example", "OLD-ONE"), ("2", "a@x.example", "NEW-ONE"), ("3", "b@x.example", "B")):
        (tmp_path / f"{name}.log").write_text(MAIL.format(to=to, code=code))

    assert mailbox.wait_for_code(tmp_path, to="a@x.example") == "NEW-ONE"


def test_a_mail_that_does_not_come_ends_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "TIMEOUT_SECONDS", 0)

    with pytest.raises(DemoFailed, match=r"No mail with a code came to a@x\.example"):
        mailbox.wait_for_code(tmp_path, to="a@x.example")
