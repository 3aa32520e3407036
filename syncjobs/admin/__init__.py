"""The tables of shipping work in the admin; importing this registers them."""

from syncjobs.admin import choices, desk, shipping, work

__all__ = ["choices", "desk", "shipping", "work"]
