"""What a person was told, and how she wants to be told of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from syncjobs.alarms import news as told
from syncjobs.forms.news import NewsForm
from tenants.access import Access
from tenants.gate import inside, members_only
from tenants.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER)
def news(request: HttpRequest, access: Access) -> HttpResponse:
    """Newest first; a POST says that she has read all of it."""
    at = timezone.now()
    before = request.GET.get("before", "")
    with inside(access):
        if request.method == "POST":
            told.mark_read(access.tenant_id, access.user_id, to=at)
            return redirect("syncjobs:news", access.tenant_code)
        page = told.page(access.tenant_id, access.tenant_code, user_id=access.user_id, role=access.role, before=before)
        context = {
            "access": access,
            "section": "news",
            "page": page,
            "is_first": not before,
            "has_new": any(one.is_new for one in page.news),
        }
        return render(request, "syncjobs/news.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER)
def news_choices(request: HttpRequest, access: Access) -> HttpResponse:
    """Each member chooses for herself, whatever her role."""
    with inside(access) as tenant:
        choices = told.choices_of(access.tenant_id, access.user_id, access.role)
        form = NewsForm(request.POST if request.method == "POST" else None, choices=choices)
        if form.is_bound and form.is_valid():
            told.choose(access.tenant_id, access.user_id, form.chosen())
            messages.success(request, _("Kept. It holds from the next news on."))
            return redirect("syncjobs:news_choices", access.tenant_code)
        context = {"access": access, "section": "news", "form": form, "time_zone": tenant.time_zone}
        return render(request, "syncjobs/news_choices.html", context)
