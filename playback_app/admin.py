"""Recordings and playbacks for administrators: to view, to stop, to play, to prune.

Everything is asked for through rows, so it does not matter which process plays.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from playback_app import library, store
from playback_app.admission import PlaybackRequest, admit
from playback_app.catalog import being_recorded
from playback_app.models import ACTIVE, GroundTruth, Playback, PlaybackWish
from playback_app.templatetags.clocks import clock
from sessions_app.admin.conversations import PendingDeletionsAdmin, ReadOnlyMixin, TabularInline
from sessions_app.admin.search import BoundedSearchAdmin
from sessions_app.bus.notify import rows_changed
from sessions_app.core.errors import CommandError
from sessions_app.core.message_catalogue import in_language
from sessions_app.models import RecordedSegment, Recording


class BusyProtectedAdmin(ReadOnlyMixin, PendingDeletionsAdmin):
    """Does not delete rows that a server still writes to, neither one by one nor many at once."""

    show_full_result_count = False
    list_per_page = 50
    busy: Q
    """Which rows those are."""

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what would be deleted; busy rows are returned as protected."""
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        of_these = self.model.objects.filter(self.busy, pk__in=[row.pk for row in objs])
        return rows, counts, lacking, [*protected, *map(str, of_these.distinct())]


class SegmentInline(ReadOnlyMixin, TabularInline):
    """What was said in a recording."""

    model = RecordedSegment
    extra = 0
    can_delete = False
    fields = ("utterance_id", "language", "text", "translation", "discarded")
    readonly_fields = fields


@admin.register(Recording)
class RecordingAdmin(BusyProtectedAdmin):
    """Recordings: their user, length, size and state."""

    busy = being_recorded() | Q(playbacks__state__in=ACTIVE)
    list_display = (
        "started_at",
        "title",
        "user",
        "state",
        "direction",
        "length",
        "size",
        "has_sound",
        "is_bookmarked",
    )
    list_filter = (
        "state",
        "is_bookmarked",
        "has_sound",
        "direction",
        "encoding",
        "started_at",
        ("user", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("user",)
    date_hierarchy = "started_at"
    search_fields = ("=id", "title", "user__username", "segments__text", "segments__translation")
    inlines = (SegmentInline,)
    actions = ("play_without_a_browser", "bookmark", "remove_bookmark", "prune")

    @admin.display(description=_("length"), ordering="duration_seconds")
    def length(self, row: Recording) -> str:
        """Return how long it is."""
        return clock(row.duration_seconds)

    @admin.display(description=_("size"), ordering="bytes")
    def size(self, row: Recording) -> str:
        """Return the size of its files."""
        return filesizeformat(row.bytes)

    @admin.action(
        description=_("Play the selected recordings without a browser"), permissions=["keep"]
    )
    def play_without_a_browser(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Ask for recordings to be played into sessions of their own, by any server."""
        begun = [self._play(request, recording) for recording in queryset]
        if count := sum(begun):
            told = ngettext(
                "%(count)d playback waits for a server to take it: see Playbacks.",
                "%(count)d playbacks wait for a server to take them: see Playbacks.",
                count,
            )
            self.message_user(request, told % {"count": count})

    def _play(self, request: HttpRequest, recording: Recording) -> bool:
        try:
            admit(PlaybackRequest(recording.user_id, recording.pk, session_id=None))
        except CommandError as error:
            self.message_user(request, f"{recording}: {in_language(str(error))}", messages.WARNING)
            return False
        return True

    @admin.action(description=_("Bookmark the selected recordings"), permissions=["keep"])
    def bookmark(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Keep recordings from being pruned."""
        self._tell(request, queryset.update(is_bookmarked=True))

    @admin.action(
        description=_("Remove the bookmarks of the selected recordings"), permissions=["keep"]
    )
    def remove_bookmark(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Let recordings be pruned again."""
        self._tell(request, queryset.update(is_bookmarked=False))

    def _tell(self, request: HttpRequest, count: int) -> None:
        told = ngettext("%(count)d recording changed.", "%(count)d recordings changed.", count)
        self.message_user(request, told % {"count": count})

    @admin.action(description=_("Prune the selected recordings"), permissions=["delete"])
    def prune(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Show which of these may be pruned, and delete them if the answer is yes."""
        going = library.prunable().filter(pk__in=queryset.values("pk"))
        if request.POST.get("sure") != "yes":
            return self._ask(request, queryset, going)
        self.log_deletions(request, going)
        gone = library.prune(list(going))
        told = ngettext("%(count)d recording is gone.", "%(count)d recordings are gone.", len(gone))
        self.message_user(request, told % {"count": len(gone)})
        self.warn_of_pending_deletions(request)
        return None

    def _ask(
        self, request: HttpRequest, chosen: QuerySet[Any], going: QuerySet[Any]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Prune recordings"),
            "opts": self.opts,
            "going": going,
            "staying": chosen.exclude(pk__in=going.values("pk")),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "playback_app/admin_prune.html", context)

    def has_keep_permission(self, request: HttpRequest) -> bool:
        """Return whether this person may play, bookmark or keep other people's recordings."""
        return bool(request.user.has_perm("sessions_app.change_recording"))


@admin.register(Playback)
class PlaybackAdmin(BusyProtectedAdmin):
    """Playbacks: how far they came, why they ended, how well they were heard."""

    busy = Q(state__in=ACTIVE)
    list_display = (
        "requested_at",
        "recording",
        "user",
        "state",
        "reason",
        "mode",
        "speed",
        "place",
        "word_error_rate",
        "chrf",
        "has_own_session",
    )
    list_filter = (
        "state",
        "reason",
        "mode",
        "has_own_session",
        "requested_at",
        ("user", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("recording", "user")
    date_hierarchy = "requested_at"
    search_fields = ("=id", "=recording__id", "recording__title", "user__username", "reason")
    actions = ("stop_playbacks",)

    @admin.display(description=_("position"), ordering="position_seconds")
    def place(self, row: Playback) -> str:
        """Return how far it came, of how much."""
        return f"{clock(row.position_seconds)} / {clock(row.duration_seconds)}"

    @admin.action(description=_("Stop the selected playbacks"), permissions=["stop"])
    def stop_playbacks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Ask that playbacks stop, whichever process plays them; what has ended stays as it is."""
        active = list(queryset.filter(state__in=ACTIVE).values_list("pk", flat=True))
        for key in active:
            store.record_wish(key, PlaybackWish.STOP)
        rows_changed()
        if not active:
            self.message_user(request, _("None of them is being played."), messages.WARNING)
            return
        told = ngettext(
            "%(count)d playback is asked to stop.",
            "%(count)d playbacks are asked to stop.",
            len(active),
        )
        self.message_user(request, told % {"count": len(active)})

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Return whether this person may stop other people's playbacks."""
        return bool(request.user.has_perm("playback_app.change_playback"))


@admin.register(GroundTruth)
class GroundTruthAdmin(ReadOnlyMixin, BoundedSearchAdmin):
    """Ground truths, in all versions."""

    show_full_result_count = False
    list_per_page = 100
    list_display = ("written_at", "user", "recording", "version", "transcript", "translation")
    list_filter = ("written_at", ("user", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("recording", "user")
    search_fields = ("=recording__id", "transcript", "translation", "user__username")
