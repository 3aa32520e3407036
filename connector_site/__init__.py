"""The site. The worker application is loaded with it, so that every process sends its nudges to the same broker."""

from connector_site.celery import app as celery_app

__all__ = ["celery_app"]
