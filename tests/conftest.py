"""Fixtures for the whole suite: real PostgreSQL behind the tenant wall, a clean slate after tests that commit."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker, Settings

from tests import migrated
from tests.leaks import _no_secret_in_any_log, sieve

__all__ = ["_no_secret_in_any_log", "sieve"]
TESTS = Path(__file__).resolve().parent
END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
"""A thread of the live server may still hold a connection; the database could not be dropped."""
ALIASES = ("default", "staff", "owner")
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}
KEPT_TABLES = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """One test database, made and migrated by the owner; the other aliases reach the same one in their own roles."""
    with django_db_blocker.unblock(), _nothing_swept():
        is_a_copy = migrated.begin_with_the_kept()
        made = setup_databases(
            verbosity=0, interactive=False, aliases=dict.fromkeys(ALIASES, True), serialized_aliases=()
        )
        if is_a_copy:
            migrated.finish_the_copy()
        else:
            migrated.keep()
    yield
    with django_db_blocker.unblock():
        with connections["owner"].cursor() as cursor:
            cursor.execute(END_OTHERS)
        for alias in ALIASES:
            connections[alias].close()
        teardown_databases(made, verbosity=0)


@contextmanager
def _nothing_swept() -> Iterator[None]:
    """Migrations make thousands of classes; the collector of garbage would look through them all, again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_collection_finish() -> None:
    """Thousands of tests and all modules stay to the end: the collector of garbage need not look through them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    """The product's hashing takes its time on purpose, and each test client would look through all static files."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def _clean_slate(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty every table after a test that committed; the application's own role may not, so the owner does.

    Row by row and without triggers: for a handful of rows that takes a tenth of the time of TRUNCATE.
    """
    yield
    if not commits(request.node):
        return
    blocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock():
        _empty_tables()
    cache.clear()


def commits(item: pytest.Item) -> bool:
    """Whether a test commits to the database, which takes longer than one that is rolled back."""
    marker = item.get_closest_marker("django_db")
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return bool(marker and marker.kwargs.get("transaction")) or "transactional_db" in fixtures


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the fast part leaves out: tests with the database, and the stand-ins' own over real HTTP."""
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
        if "sandbox" in item.path.relative_to(TESTS).parts:
            item.add_marker(pytest.mark.slow)


@lru_cache(maxsize=1)
def _tables() -> tuple[str, ...]:
    return tuple(
        name for name in connections["owner"].copy("owner").introspection.table_names() if name not in KEPT_TABLES
    )


def _empty_tables() -> None:
    owner = connections["owner"].copy("owner")
    with owner.cursor() as cursor:
        asked = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")"  # noqa: S608  names of our own tables
            for name in _tables()
        )
        cursor.execute(asked)
        filled = [name for (name,) in cursor.fetchall()]
        if filled:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(";".join(f'DELETE FROM "{name}"' for name in filled))  # noqa: S608  names of our own tables
    owner.close()
