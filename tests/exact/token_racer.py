"""A process of its own that wants a token when told to: `python -m tests.exact.token_racer GRANT URL`.

Says `ready`, waits for a line, and prints a digest of the token or the reason why there is none.
"""

import hashlib
import sys

import django
from django.conf import settings
from django.db import connection


def main(grant_id: int, base_url: str) -> str:
    """Get ready, wait, ask."""
    django.setup()
    from exact import credentials  # noqa: PLC0415  after the settings are loaded
    from exact.errors import ExactError  # noqa: PLC0415  as above

    settings.EXACT_BASE_URLS = {**settings.EXACT_BASE_URLS, "nl": base_url}
    connection.ensure_connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        token = credentials.access_token(grant_id)
    except ExactError as error:
        return error.reason
    return hashlib.sha256(token.reveal().encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(main(int(sys.argv[1]), sys.argv[2]))
