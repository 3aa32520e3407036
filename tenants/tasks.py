"""Tasks about people."""

from celery import shared_task
from django.utils import timezone

from tenants import sessions


@shared_task(name="tenants.tasks.clear_sessions")
def clear_sessions(**_later: object) -> int:
    """Delete sessions that have ended, and what is told of them."""
    return sessions.clear_ended(timezone.now())
