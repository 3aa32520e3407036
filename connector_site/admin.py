"""What of the admin belongs to no app of ours: the clock's schedule, which alone may be changed by hand, and keys."""

import time
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django_celery_beat.admin import PeriodicTaskAdmin as PlainTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.admin import asks_first, confirmed, is_operating
from connector_site.reencryption import keys, reencrypt_some
from tenants.admin import TenantAdmin
from tenants.context import tenant_context
from tenants.gate import actor_of, signed_in
from tenants.models import Tenant

SECONDS_AT_ONCE = 8
"""Our own: a person waits for the answer."""
_REACHED = "encrypted anew to"
"""In the session of who asked: how far each customer is."""


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The names of all tasks, in the look of the rest."""


class _TaskForm(PeriodicTaskForm):
    """The library's form, in the look of the rest."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


class ScheduleAdmin(ModelAdmin):
    """Changed by the operating team alone."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The operating team."""
        return is_operating(request.user)

    has_module_permission = has_view_permission
    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The operating team."""
        return is_operating(request.user)


for table in (Tenant, PeriodicTask, IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule):
    admin.site.unregister(table)


@admin.register(Tenant)
class CustomerAdmin(TenantAdmin):
    """With the one action that needs what no app knows: which columns of the site are encrypted."""

    actions = (*TenantAdmin.actions, "encrypt")  # type: ignore[assignment]

    @admin.action(description="Encrypt stored secrets anew", permissions=["operate"])
    def encrypt(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """As far as the time reaches; the next press goes on from there. Its end stands in the customer's trail."""
        question = "Bring the secrets of these customers under the newest key?"
        asked = confirmed(request, self, queryset, action="encrypt", question=question)
        if asked is not None:
            return asked
        ends = time.monotonic() + SECONDS_AT_ONCE
        for tenant in queryset:
            self._encrypt(request, tenant, ends)
        return None

    def _encrypt(self, request: HttpRequest, tenant: Tenant, ends: float) -> None:
        reached = request.session.get(_REACHED, {})
        column, after = reached.pop(str(tenant.pk), (0, 0))
        left = reencrypt_some(tenant.pk, start=(column, after), ends=ends, with_keys=keys())
        if left is not None:
            reached[str(tenant.pk)] = left
        request.session[_REACHED] = reached
        if left is not None:
            self.message_user(request, f"{tenant}: the time was up. Press once more to go on.", messages.WARNING)
            return
        details = {"what": "encrypted anew"}
        event = Happening(kind=Event.Kind.CHANGED, subject_kind="admin", subject=tenant.pk, details=details)
        with acting(actor_of(signed_in(request))), tenant_context(tenant.pk):
            happenings(tenant.pk, [event])
        self.message_user(request, f"{tenant}: everything is under the newest key.", messages.SUCCESS)


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ScheduleAdmin, PlainTaskAdmin):  # type: ignore[misc]
    """What the clock asks for, and when."""

    form = _TaskForm
    list_filter = ("enabled",)  # type: ignore[assignment]
    date_hierarchy = None  # type: ignore[assignment]
    enable_tasks = asks_first("Have the clock ask for these tasks?", PlainTaskAdmin.enable_tasks)
    disable_tasks = asks_first("Have the clock ask for these tasks no more?", PlainTaskAdmin.disable_tasks)
    toggle_tasks = asks_first("Switch each of these tasks on or off, the other way round?", PlainTaskAdmin.toggle_tasks)
    run_tasks = asks_first("Run these tasks now?", PlainTaskAdmin.run_tasks)


@admin.register(IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule)
class MomentAdmin(ScheduleAdmin):
    """When a task may be asked for."""
