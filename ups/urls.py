"""Addresses of UPS accounts."""

from django.urls import path

from ups import views

app_name = "ups"
_UPS = "t/<uuid:tenant_code>/ups"

urlpatterns = [
    path(f"{_UPS}/", views.accounts, name="accounts"),
    path(f"{_UPS}/new/", views.new, name="new"),
    path(f"{_UPS}/<uuid:account_code>/", views.change, name="account"),
    path(f"{_UPS}/<uuid:account_code>/check/", views.check, name="check"),
]
