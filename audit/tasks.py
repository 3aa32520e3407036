"""What Celery runs for the audit trail."""

from typing import Any

from celery import shared_task

from audit.chain import verify_all


@shared_task(name="audit.tasks.verify_chains")
def verify_chains(**_: Any) -> None:
    """Check every tenant's chain; a break is logged as an error, which pages."""
    verify_all()
