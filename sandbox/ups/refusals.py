"""How UPS says no."""

from aiohttp import web

from sandbox.core.answers import json_answer

BAD_REQUEST = 400
UNAUTHORISED = 401
TOO_MANY_REQUESTS = 429


class UpsRefusal(Exception):
    """A refusal with UPS's code; nothing has happened."""

    def __init__(self, code: str, message: str, *, status: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def refusal_answer(refusal: UpsRefusal, *, wrapped: bool = True) -> web.Response:
    """The usual envelope; `wrapped` False leaves out the `response` level, as some answers do (ups.md 4.3)."""
    errors = {"errors": [{"code": refusal.code, "message": refusal.message}]}
    return json_answer({"response": errors} if wrapped else errors, status=refusal.status)
