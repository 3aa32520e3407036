"""The audit trail, to look at."""

from django.contrib import admin

from audit.models import ChainCheck, ChainHead, Event
from connector_site.lib.admin import LargeAdmin, LookingAdmin


@admin.register(Event)
class EventAdmin(LargeAdmin):
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
    list_filter = ("kind",)
    list_select_related = ("tenant",)
    search_fields = ("code", "subject", "correlation")


@admin.register(ChainHead)
class ChainHeadAdmin(LookingAdmin):
    """The last event of each tenant."""

    list_display = ("tenant", "sequence", "hash")
    list_select_related = ("tenant",)
    ordering = ("tenant__name",)


@admin.register(ChainCheck)
class ChainCheckAdmin(LookingAdmin):
    """Checks of the trails and what they found."""

    list_display = ("asked_at", "tenant", "finished_at", "events", "head_sequence", "broken_at")
    list_select_related = ("tenant",)
    ordering = ("-pk",)
