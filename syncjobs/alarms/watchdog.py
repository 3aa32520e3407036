"""Looking for what is wrong, in threads of beat and of each worker: the death of one of them is told by another.

It needs the database alone, no broker and no clock of Celery's; several at once harm nothing (`troubles.judge`). Mails
go out from a thread of their own: a mail server that hangs keeps nobody from looking.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connection

from syncjobs.alarms import mails, troubles
from syncjobs.alarms.raising import database_now

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


class Watchdog:
    """Looks, and sends what mails are due, every half minute until it is told to stop."""

    def __init__(self, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._look_seconds = look_seconds
        self._over = threading.Event()
        self._since: datetime | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(act,), name=name, daemon=True)
            for name, act in (("watchdog", self._look), ("alarm mails", mails.send_due))
        ]

    def start(self) -> None:
        """Begin; the process may end without waiting for it."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the look and the mails that are under way."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, act: Callable[[], object]) -> None:
        while not self._over.wait(self._look_seconds):
            try:
                act()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("What is wrong could not be looked for or told: %s", type(error).__name__)
            except Exception:
                logger.exception("Looking for what is wrong or telling it failed in a way our code does not know")
            finally:
                _hang_up()

    def _look(self) -> None:
        """By the database's clock. We watch since our first look, whatever became of it."""
        at = database_now()
        self._since = self._since or at
        troubles.judge(at=at, watching_since=self._since)


def _hang_up() -> None:
    """No connection stays open between two looks: workers are forked meanwhile."""
    try:
        connection.close()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The watchdog's connection was lost: %s", type(error).__name__)
