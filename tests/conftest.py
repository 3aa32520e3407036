"""Fixtures for the whole suite: real PostgreSQL behind the tenant wall, a clean slate after tests that commit."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker, Settings

ALIASES = ("default", "staff", "owner")
KEPT_TABLES = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """One test database, made and migrated by the owner; the other aliases reach the same one in their own roles."""
    with django_db_blocker.unblock():
        made = setup_databases(
            verbosity=0, interactive=False, aliases=dict.fromkeys(ALIASES, True), serialized_aliases=()
        )
    yield
    with django_db_blocker.unblock():
        for alias in ALIASES:
            connections[alias].close()
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """The product's own hashing takes its time on purpose; no test is about it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _clean_slate(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty every table after a test that committed; the application's own role may not, so the owner does."""
    yield
    marker = request.node.get_closest_marker("django_db")
    commits = marker is not None and marker.kwargs.get("transaction")
    if not commits and "transactional_db" not in request.fixturenames:
        return
    blocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock():
        _truncate_everything()
    cache.clear()


def _truncate_everything() -> None:
    owner = connections["owner"].copy("owner")
    tables = [name for name in owner.introspection.table_names() if name not in KEPT_TABLES]
    quoted = ", ".join(f'"{name}"' for name in tables)
    with owner.cursor() as cursor:
        cursor.execute("SET app.allow_truncate = 'on'")
        cursor.execute(f"TRUNCATE {quoted} RESTART IDENTITY CASCADE")
        cursor.execute("RESET app.allow_truncate")
    owner.close()
