"""Addresses of companies."""

from django.urls import path

from tenants import views

app_name = "tenants"

urlpatterns = [
    path("", views.home, name="home"),
    path("t/<uuid:tenant_code>/settings/", views.settings, name="settings"),
]
