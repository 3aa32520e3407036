"""Addresses of the audit trail."""

from django.urls import path

from audit import views

app_name = "audit"
_TRAIL = "t/<uuid:tenant_code>/audit"

urlpatterns = [
    path(f"{_TRAIL}/", views.trail, name="trail"),
    path(f"{_TRAIL}/check/", views.check, name="check"),
    path(f"{_TRAIL}/export/", views.export, name="export"),
]
