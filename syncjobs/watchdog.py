"""Looking for what is wrong, in a thread of beat and of each worker: the death of one of them is told by another.

It needs the database alone, no broker and no clock of Celery's; several at once harm nothing (`troubles.judge`).
"""

import logging
import threading
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connection

from syncjobs import alarm_mails, troubles

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


class Watchdog:
    """Looks every half minute until it is told to stop."""

    def __init__(self, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._look_seconds = look_seconds
        self._over = threading.Event()
        self._since: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin; the process may end without waiting for it."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look that is under way."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._look_seconds):
            try:
                self._since = look(watching_since=self._since)
            except (DatabaseError, InterfaceError) as error:
                logger.warning("What is wrong could not be looked for: %s", type(error).__name__)
            except Exception:
                logger.exception("Looking for what is wrong failed in a way our code does not know")
            finally:
                _hang_up()


def look(*, watching_since: datetime | None) -> datetime:
    """One look, by the database's clock, and the mails that follow; returns since when we watch."""
    at = _database_now()
    since = watching_since or at
    troubles.judge(at=at, watching_since=since)
    alarm_mails.send_due(at=at)
    return since


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return moment


def _hang_up() -> None:
    """No connection stays open between two looks: workers are forked meanwhile."""
    try:
        connection.close()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The watchdog's connection was lost: %s", type(error).__name__)
