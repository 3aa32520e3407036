"""What ends a demo before its time."""


class DemoFailed(Exception):
    """The demo cannot go on; the message says why and, where one exists, which log to read."""
