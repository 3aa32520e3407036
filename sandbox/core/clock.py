"""One clock per stand-in: it can be sped up and moved ahead, so days of waiting pass in a test."""

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Sandbox time. Starts at the real moment unless told otherwise and never runs backwards."""

    def __init__(self, *, start_at: datetime | None = None) -> None:
        self._anchor_at = start_at or datetime.now(UTC)
        self._anchor_elapsed = 0.0
        self._anchor_real = time.monotonic()
        self._speed = 1.0
        self._sleepers: set[asyncio.Future[None]] = set()

    @property
    def speed(self) -> float:
        """Sandbox seconds per real second."""
        return self._speed

    def now(self) -> datetime:
        """The present moment of the sandbox, aware UTC."""
        return self._anchor_at + timedelta(seconds=self._since_anchor())

    def monotonic(self) -> float:
        """Sandbox seconds since the clock was made; for limits and life times."""
        return self._anchor_elapsed + self._since_anchor()

    def advance(self, seconds: float) -> None:
        """Jump ahead; everything that sleeps on this clock looks again."""
        if seconds < 0:
            raise ValueError("The sandbox clock cannot go back.")
        self._move_anchor(seconds)
        self._wake_sleepers()

    def set_speed(self, factor: float) -> None:
        """Let sandbox time run `factor` times as fast as real time; 0 stops it."""
        if factor < 0:
            raise ValueError("The speed of the sandbox clock cannot be negative.")
        self._move_anchor(0.0)
        self._speed = factor
        self._wake_sleepers()

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of sandbox time; a jump of the clock counts as waiting."""
        until = self.monotonic() + seconds
        while (remaining := until - self.monotonic()) > 0:
            await self._doze(remaining / self._speed if self._speed else None)

    async def _doze(self, real_seconds: float | None) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.add(sleeper)
        try:
            await asyncio.wait({sleeper}, timeout=real_seconds)
        finally:
            self._sleepers.discard(sleeper)

    def _since_anchor(self) -> float:
        return (time.monotonic() - self._anchor_real) * self._speed

    def _move_anchor(self, extra_seconds: float) -> None:
        passed = self._since_anchor() + extra_seconds
        self._anchor_real = time.monotonic()
        self._anchor_at += timedelta(seconds=passed)
        self._anchor_elapsed += passed

    def _wake_sleepers(self) -> None:
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
