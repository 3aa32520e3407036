"""An authenticator app: from its key to the six digits of the moment (RFC 6238)."""

import base64
import hashlib
import hmac
import struct
import time

STEP_SECONDS = 30
DIGITS = 6


def code_of(key: str, *, at: float | None = None) -> str:
    """What the app shows now, or at this moment."""
    step = int((time.time() if at is None else at) // STEP_SECONDS)
    secret = base64.b32decode("".join(key.split()).upper())
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
