"""The people and the customer at work of the pages' tests."""

from tests.pages.conftest import as_user, cast, desk

__all__ = ["as_user", "cast", "desk"]
