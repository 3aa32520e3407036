"""What stands beside the daily work, to look at."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from connector_site.lib.admin import LargeAdmin, LookingAdmin
from syncjobs.models import (
    Attention,
    Counting,
    DayFigures,
    NewsChoice,
    NewsMark,
    Note,
    Preview,
    PrintJob,
    SavedView,
    Station,
)


@admin.register(Note)
class NoteAdmin(LargeAdmin):
    """That colleagues left notes; their words are not shown."""

    list_display = ("code", "tenant", "delivery", "created_at", "erased_at")
    list_select_related = ("tenant", "delivery")


@admin.register(Preview)
class PreviewAdmin(LargeAdmin):
    """What people looked up before they acted; what it would have sent is not shown."""

    list_display = ("asked_at", "tenant", "delivery", "action", "finished_at", "used_at", "problem")
    list_filter = ("action",)
    list_select_related = ("tenant", "delivery")


@admin.register(PrintJob)
class PrintJobAdmin(LargeAdmin):
    """Labels that wait for a packing station, or went there."""

    list_display = ("asked_at", "tenant", "station", "label", "taken_at", "batch")
    list_select_related = ("tenant", "station", "label")


@admin.register(Station)
class StationAdmin(LookingAdmin):
    """Where customers print."""

    list_display = ("name", "tenant", "warehouse_code", "takes_new", "paper", "created_at", "ended_at")
    list_select_related = ("tenant",)
    search_fields = ("name", "tenant__name")
    ordering = ("tenant__name", "name")


@admin.register(Attention)
class AttentionAdmin(LargeAdmin):
    """Who sees to what, and until when it waits."""

    list_display = ("changed_at", "tenant", "subject_kind", "subject", "snoozed_until")
    list_select_related = ("tenant",)


@admin.register(SavedView)
class SavedViewAdmin(LookingAdmin):
    """That people keep questions; what they ask may name somebody and is not shown."""

    list_display = ("created_at", "tenant", "is_shared")
    list_select_related = ("tenant",)
    ordering = ("-created_at",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """All but the question and its name."""
        return [name for name in super().get_fields(request, obj) if name not in {"name", "question"}]


@admin.register(NewsChoice)
class NewsChoiceAdmin(LookingAdmin):
    """What people want to hear of."""

    list_display = ("tenant", "kind", "mail", "on_site")
    list_select_related = ("tenant",)
    ordering = ("-pk",)


@admin.register(NewsMark)
class NewsMarkAdmin(LookingAdmin):
    """How far people have read their news."""

    list_display = ("tenant", "read_to_at", "digest_date")
    list_select_related = ("tenant",)
    ordering = ("-pk",)


@admin.register(DayFigures)
class DayFiguresAdmin(LargeAdmin):
    """What was counted of each day."""

    list_display = ("day", "tenant", "service_code", "country", "shipments", "parcels", "delivered", "exceptions")
    list_select_related = ("tenant",)


@admin.register(Counting)
class CountingAdmin(LookingAdmin):
    """How far the days were counted."""

    list_display = ("tenant", "counted_to_at")
    list_select_related = ("tenant",)
    ordering = ("-pk",)
