"""Addresses of the connection to Exact Online."""

from django.urls import path

from exact.connecting import CALLBACK_PATH
from exact.views import companies, connection, consent, links

app_name = "exact"
_EXACT = "t/<uuid:tenant_code>/exact"

urlpatterns = [
    path(CALLBACK_PATH.removeprefix("/"), consent.callback, name="callback"),
    path(f"{_EXACT}/", connection.connection, name="connection"),
    path(f"{_EXACT}/start/", consent.start, name="start"),
    path(f"{_EXACT}/companies/", companies.companies, name="companies"),
    path(f"{_EXACT}/take-up/", companies.take_up, name="take_up"),
    path(f"{_EXACT}/rights/", connection.check_rights, name="check_rights"),
    path(f"{_EXACT}/link/", links.make, name="make_link"),
    path(f"{_EXACT}/link/end/", links.end, name="end_link"),
    path("connect/thank-you/", links.thanks, name="link_thanks"),
    path("connect/<str:token>/", links.by_link, name="by_link"),
    path(f"{_EXACT}/disconnect/", connection.disconnect, name="disconnect"),
]
