"""The mailbox of the demo's customer: a folder into which the site writes its mails."""

import re
import time
from pathlib import Path

from connector_site.demo.errors import DemoFailed

TIMEOUT_SECONDS = 15
POLL_SECONDS = 0.1
CODE = re.compile(r"^([A-Z0-9]{3,8}(?:-[A-Z0-9]{3,8})?)$", re.MULTILINE)
"""A code stands on a line of its own."""


def wait_for_code(folder: Path, *, to: str) -> str:
    """The code in the newest mail to this address."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        for path in sorted(folder.glob("*.log"), reverse=True):
            mail = path.read_text(encoding="utf-8")
            found = CODE.search(mail) if f"To: {to}" in mail else None
            if found:
                return found[1]
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"No mail with a code came to {to} within {TIMEOUT_SECONDS} seconds; mails are in {folder}.")
