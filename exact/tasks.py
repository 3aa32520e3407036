"""Tasks of the Exact side."""

from celery import shared_task
from django.utils import timezone

from exact.upkeep import refresh_idle_grants as renew


@shared_task(name="exact.tasks.refresh_idle_grants")
def refresh_idle_grants(**_later: object) -> int:
    """Renew grants without traffic before Exact drops them."""
    return renew(timezone.now())
