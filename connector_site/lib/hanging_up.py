"""Ending a connection with an answer, so that what the caller still wants to send is not waited for.

An application may not say `Connection: close` itself (PEP 3333), and gunicorn would go on reading the body that nobody
read, in the hope of a next request.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest

HANG_UP = "connector_site.hang_up"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def hang_up_after(request: HttpRequest) -> None:
    """Let this answer be the last one on its connection."""
    request.META[HANG_UP] = True


def hanging_up(application: Application) -> Application:
    """The application under a server that can end connections; elsewhere nothing is different."""

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(*args: Any) -> Any:
            end = getattr(getattr(start_response, "__self__", None), "force_close", None)
            if end is not None and environ.get(HANG_UP):
                end()
            return start_response(*args)

        return application(environ, start)

    return respond
