"""The audit trail, to look at."""

from django.contrib import admin

from audit.models import ChainHead, Event
from connector_site.lib.admin import LookingAdmin


@admin.register(Event)
class EventAdmin(LookingAdmin):
    """What happened, newest first."""

    list_display = (
        "recorded_at",
        "tenant",
        "sequence",
        "actor",
        "kind",
        "subject_kind",
        "subject",
        "from_state",
        "to_state",
    )
    list_filter = ("kind", "subject_kind")
    list_select_related = ("tenant",)
    search_fields = ("subject", "correlation", "actor")
    ordering = ("-recorded_at",)


@admin.register(ChainHead)
class ChainHeadAdmin(LookingAdmin):
    """The last event of each tenant."""

    list_display = ("tenant", "sequence", "hash")
    list_select_related = ("tenant",)
    ordering = ("tenant__name",)
