"""Tasks of the Exact side."""

from celery import shared_task
from django.utils import timezone

from exact.consent_links import end_expired
from exact.upkeep import forget_unneeded_grants
from exact.upkeep import refresh_idle_grants as renew


@shared_task(name="exact.tasks.refresh_idle_grants")
def refresh_idle_grants(**_later: object) -> int:
    """Renew grants without traffic before Exact drops them; let go of those that nothing came of."""
    renewed = renew(timezone.now())
    end_expired()
    forget_unneeded_grants(timezone.now())
    return renewed
