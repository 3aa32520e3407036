"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from connector_site import health

admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign, no-untyped-call]

handler429 = "tenants.throttling.too_many"
"""What allauth shows to somebody who tried too often."""

urlpatterns = [
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("health/beat", health.beat, name="health_beat"),
    path("admin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("", include("syncjobs.urls")),
    path("", include("exact.urls")),
    path("", include("ups.urls")),
    path("", include("audit.urls")),
    path("", include("tenants.urls")),
]
