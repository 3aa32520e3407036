"""The web application."""

import os

from django.core.wsgi import get_wsgi_application

from connector_site.lib.hanging_up import hanging_up

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connector_site.settings")

application = hanging_up(get_wsgi_application())
