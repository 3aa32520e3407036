"""What ends a benchmark before its time."""


class BenchFailed(Exception):
    """A measurement cannot be made; the message says why."""
