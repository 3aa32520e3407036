"""Addresses of the connection to Exact Online."""

from django.urls import path

from exact.connecting import CALLBACK_PATH
from exact.views import connection, consent

app_name = "exact"
_EXACT = "t/<uuid:tenant_code>/exact"

urlpatterns = [
    path(CALLBACK_PATH.removeprefix("/"), consent.callback, name="callback"),
    path(f"{_EXACT}/", connection.connection, name="connection"),
    path(f"{_EXACT}/start/", consent.start, name="start"),
    path(f"{_EXACT}/companies/", consent.companies, name="companies"),
    path(f"{_EXACT}/disconnect/", connection.disconnect, name="disconnect"),
]
