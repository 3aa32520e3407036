"""The pushes of Track Alert (`ups.md` 10.3)."""

from dataclasses import dataclass

from ups.events import ParcelEvent

MAX_BODY_BYTES = 8 * 1024 * 1024
"""`ups.md` 10.3 asks to accept 5 MB at least, for the photo."""


class NotAPush(Exception):
    """A body that is no push: broken JSON, no object, or no tracking number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedEvent:
    """A push: its event, what tells it from others, and the body to keep, which never holds a photo."""

    event: ParcelEvent
    fingerprint: str
    had_photo: bool
    stored_body: bytes


def read_push(body: bytes) -> PushedEvent:
    """The event in a push; raises `NotAPush`."""
    raise NotImplementedError(body)
