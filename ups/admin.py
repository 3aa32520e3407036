"""The UPS side's tables, to look at."""

from django.contrib import admin

from connector_site.lib.admin import LookingAdmin
from ups.models import Account


@admin.register(Account)
class AccountAdmin(LookingAdmin):
    """UPS accounts; credentials and tokens are not shown."""

    list_display = ("name", "shipper_number", "environment", "tenant", "checked_at", "stopped_at", "stopped_reason")
    list_filter = ("environment",)
    list_select_related = ("tenant",)
    search_fields = ("name", "shipper_number", "tenant__name")
    ordering = ("tenant__name", "name")
