"""An archive that is sent while it is made."""

import io
from typing import Any


class Outlet(io.RawIOBase):
    """Where a `ZipFile` writes to; what was written is taken away at once, so it needs no room."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        """A `ZipFile` asks."""
        return True

    def write(self, content: Any, /) -> int:
        """Keep it until it is taken."""
        self._written += bytes(content)
        return len(content)

    def taken(self) -> bytes:
        """What was written since it was asked last."""
        content = bytes(self._written)
        self._written.clear()
        return content
