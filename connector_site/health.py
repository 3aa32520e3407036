"""Whether this process lives, can work, and whether clock and queues do. No secret and no address in any answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

from syncjobs.alarms import troubles

CHECK_SECONDS = 1.0
UNAVAILABLE = 503
OK = "ok"
Found = TypeVar("Found")
_checks = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")


class NotReady(Exception):
    """A check that failed; the message names what is wrong and nothing else."""


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": OK})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Database, broker and migrations, each within a second; the clock beside them, for information."""
    found = {
        "database": _outcome(_database),
        "broker": _outcome(_broker),
        "migrations": _outcome(_migrations),
    }
    wrong = sorted(name for name, outcome in found.items() if outcome != OK)
    answer: dict[str, object] = {"status": "unavailable" if wrong else OK, "checks": found}
    if found["database"] == OK:
        answer["beat"] = _clock()
    return JsonResponse(answer, status=UNAVAILABLE if wrong else None)


@require_safe
@never_cache
def beat(request: HttpRequest) -> JsonResponse:
    """Fails after three missed ticks, and when no message went through a queue for three minutes.

    For an alert from outside, not for taking web processes out of service: it also notices when beat and all workers
    are gone, of which nobody inside is left to tell.
    """
    outcome = _outcome(_database)
    try:
        signs = _in_time(_signs_of_life) if outcome == OK else {"late": True, "database": outcome}
    except NotReady as error:
        signs = {"late": True, "signs": str(error)}
    return JsonResponse(signs, status=UNAVAILABLE if signs["late"] else None)


def _outcome(check: Callable[[], None]) -> str:
    """`ok`, or what is wrong."""
    try:
        _in_time(check)
    except NotReady as error:
        return str(error)
    return OK


def _in_time(check: Callable[[], Found]) -> Found:
    """What a check finds; one that hangs is given up after a second."""
    try:
        return _checks.submit(check).result(timeout=CHECK_SECONDS)
    except NotInTime as error:
        raise NotReady(f"no answer within {CHECK_SECONDS:g} s") from error


def _clock() -> object:
    """When beat was last seen, or why that is not known: before the first migrations there is no table of signs."""
    try:
        return _in_time(_signs_of_life)["clock"]
    except NotReady as error:
        return str(error)


def _database() -> None:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise NotReady("cannot be reached") from error
    finally:
        _close_connections()


def _broker() -> None:
    try:
        _redis().ping()
    except (RedisError, OSError) as error:
        raise NotReady("cannot be reached") from error


def _migrations() -> None:
    """Asked until the answer was yes once: applied migrations stay applied."""
    try:
        waiting = _waiting_migrations()
    except DatabaseError as error:
        raise NotReady("not known, the database cannot be reached") from error
    finally:
        _close_connections()
    if waiting:
        _waiting_migrations.cache_clear()
        raise NotReady(f"{waiting} not applied: run `python manage.py migrate`")


def _close_connections() -> None:
    """A checking thread keeps none open."""
    connections.close_all()


@lru_cache(maxsize=1)
def _waiting_migrations() -> int:
    executor = MigrationExecutor(connections["default"])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _signs_of_life() -> dict[str, object]:
    """When beat was last seen at work, and when a message last went through each queue."""
    now = timezone.now()
    try:
        seen = troubles.last_seen()
    except DatabaseError as error:
        raise NotReady("not known, the database does not tell") from error
    finally:
        _close_connections()
    late = troubles.late_signs(seen, at=now)
    signs = {
        name: {
            "late": name in late,
            "last_seen_seconds_ago": round((now - seen[name]).total_seconds(), 1) if name in seen else None,
        }
        for name in troubles.SIGNS
    }
    return {"late": bool(late), "clock": signs.pop(troubles.BEAT), "queues": signs}


@lru_cache(maxsize=1)
def _redis() -> Redis:
    url = settings.REDIS_URL.replace("redis+socket://", "unix://")
    return Redis.from_url(url, socket_timeout=CHECK_SECONDS, socket_connect_timeout=CHECK_SECONDS)
