"""Addresses of UPS accounts."""

from django.urls import path

from ups.views import accounts, tracking

app_name = "ups"
_UPS = "t/<uuid:tenant_code>/ups"
_TRACKING = f"{_UPS}/<uuid:account_code>/tracking"

urlpatterns = [
    path(f"{_UPS}/", accounts.accounts, name="accounts"),
    path(f"{_UPS}/new/", accounts.new, name="new"),
    path(f"{_UPS}/<uuid:account_code>/", accounts.change, name="account"),
    path(f"{_UPS}/<uuid:account_code>/check/", accounts.check, name="check"),
    path(f"{_TRACKING}/", tracking.tracking, name="tracking"),
    path(f"{_TRACKING}/secret/", tracking.renew_secret, name="renew_secret"),
    path(f"{_TRACKING}/leaked/", tracking.leaked, name="leaked"),
    path(f"{_TRACKING}/client-secret/show/", tracking.show_client_secret, name="show_client_secret"),
    path(f"{_TRACKING}/client-secret/", tracking.new_client_secret, name="new_client_secret"),
    path(f"{_TRACKING}/feeds/", tracking.add_feed, name="add_feed"),
    path(f"{_TRACKING}/feeds/<uuid:feed_code>/remove/", tracking.remove_feed, name="remove_feed"),
]
