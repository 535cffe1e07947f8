"""Conversations, sessions and exchanges in the admin: to read, rename and delete, never to edit."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sessions_app.admin.idioms import IdiomAdmin
from sessions_app.admin.search import BoundedSearchAdmin, bound_searches, visible_only
from sessions_app.core.audio import to_seconds
from sessions_app.models import (
    Conversation,
    Exchange,
    IdiomPattern,
    SessionState,
    Speaker,
    TranslationSession,
)
from sessions_app.recording import deletions
from sessions_app.store.catch_up_requests import ask_to_catch_up, sessions_failed, with_waiting
from sessions_app.store.end_requests import end_sessions
from sessions_app.store.history import part_with

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Any, Any]
else:
    TabularInline = admin.TabularInline

admin.site.site_title = "Habla"
admin.site.site_header = _("Habla: all times are UTC")
admin.site.register(IdiomPattern, IdiomAdmin)
bound_searches(admin.site)

INLINE_EXCHANGES = 50
"""How many of the newest are shown with a conversation or session; their own list has all."""


class NoAddMixin:
    """Rows cannot be added by hand: they would record something that did not happen."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False


class ReadOnlyMixin(NoAddMixin):
    """Rows can be neither added nor changed."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False


class SpeakerInline(NoAddMixin, TabularInline):
    """The speakers of a conversation, whose names may be changed."""

    model = Speaker
    extra = 0
    can_delete = False
    fields = ("key", "name")
    readonly_fields = ("key",)

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Return the field of a name, which must have a visible character."""
        return visible_only(super().formfield_for_dbfield(db_field, request, **kwargs))


class SessionInline(ReadOnlyMixin, TabularInline):
    """The sessions of a conversation."""

    model = TranslationSession
    fk_name = "conversation"
    extra = 0
    can_delete = False
    show_change_link = True
    fields = ("started_at", "ended_at", "state", "reason", "direction", "mode")
    readonly_fields = fields


class ExchangeInline(ReadOnlyMixin, TabularInline):
    """The newest exchanges of a conversation or session."""

    model = Exchange
    extra = 0
    can_delete = False
    show_change_link = True
    verbose_name_plural = _("newest exchanges")
    fields = ("said_at", "speaker", "language", "source", "translated", "failure")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the newest exchanges of the page's row."""
        rows = super().get_queryset(request).select_related("speaker")
        return rows.filter(pk__in=_newest_of(self.parent_model, request))


def _newest_of(parent: type[Model], request: HttpRequest) -> list[int]:
    match = request.resolver_match
    owner = "conversation" if parent is Conversation else "session"
    rows = (
        Exchange.objects.filter(**{owner: match.kwargs.get("object_id")})
        if match
        else Exchange.objects.none()
    )
    return list(rows.order_by("-pk").values_list("pk", flat=True)[:INLINE_EXCHANGES])


class PendingDeletionsAdmin(BoundedSearchAdmin):
    """Warns after a deletion if files of recordings still wait for another process."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete one row."""
        super().delete_model(request, obj)
        transaction.on_commit(partial(self.warn_of_pending_deletions, request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete many rows."""
        super().delete_queryset(request, queryset)
        transaction.on_commit(partial(self.warn_of_pending_deletions, request))

    def warn_of_pending_deletions(self, request: HttpRequest) -> None:
        """Add a message with the number of recordings whose files are not deleted yet."""
        if count := deletions.pending_deletions().count():
            told = ngettext(
                "%(count)d deleted recording waits for another process to remove its sound.",
                "%(count)d deleted recordings wait for another process to remove their sound.",
                count,
            )
            self.message_user(request, told % {"count": count}, messages.WARNING)


class LiveProtectedAdmin(NoAddMixin, PendingDeletionsAdmin):
    """Rows of live sessions cannot be deleted, neither singly nor in bulk."""

    show_full_result_count = False
    list_per_page = 50
    live_through: tuple[str, ...]
    """Lookups from a session to the rows of this table."""

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what would be deleted, with live sessions as protected objects."""
        rows, counts, lacking, protected = super().get_deleted_objects(objs, request)
        keys = [row.pk for row in objs]
        of_these = Q(*((f"{path}__in", keys) for path in self.live_through), _connector=Q.OR)
        live = TranslationSession.objects.filter(of_these, state=SessionState.OPEN).distinct()
        return rows, counts, lacking, [*protected, *map(_named, live)]


def _named(session: TranslationSession) -> str:
    return _("live session {}").format(session)


@admin.register(Conversation)
class ConversationAdmin(LiveProtectedAdmin):
    """Conversations, whose title may be changed."""

    live_through = ("conversation", "exchanges__conversation")
    list_display = ("__str__", "user", "started_at", "updated_at", "exchange_count")
    list_filter = (
        "started_at",
        "sessions__state",
        "sessions__direction",
        "sessions__mode",
        ("user", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("user",)
    date_hierarchy = "started_at"
    search_fields = ("title", "user__username", "exchanges__source", "exchanges__translated")
    fields = ("title", "user", "started_at", "updated_at")
    readonly_fields = ("user", "started_at", "updated_at")
    inlines = (SpeakerInline, SessionInline, ExchangeInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows, each with its number of exchanges."""
        return _counted(super().get_queryset(request), "conversation")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a conversation with its sound; what its sessions said in another stays."""
        part_with(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete many."""
        for conversation in queryset:
            part_with(conversation)
        super().delete_queryset(request, queryset)

    @admin.display(description=_("exchanges"), ordering="said_count")
    def exchange_count(self, row: Any) -> int:
        """Return the number of exchanges of a conversation."""
        return int(row.said_count)


def _counted(rows: QuerySet[Any], key: str) -> QuerySet[Any]:
    said = Exchange.objects.filter(**{key: OuterRef("pk")}).order_by().values(key)
    count = Subquery(said.annotate(count=Count("pk")).values("count"))
    counted: QuerySet[Any] = rows.annotate(said_count=Coalesce(count, 0))
    return counted


class WaitingFilter(admin.SimpleListFilter):
    """Sessions of which something waits to be transcribed, or could not be."""

    title = _("catching up")
    parameter_name = "catch_up"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [
            ("waiting", _("waits to be transcribed")),
            ("failed", _("could not be transcribed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the choice."""
        if self.value() == "waiting":
            return queryset.filter(waiting_count__gt=0)
        if self.value() == "failed":
            return queryset.filter(pk__in=sessions_failed().values("pk"))
        return queryset


@admin.register(TranslationSession)
class SessionAdmin(ReadOnlyMixin, LiveProtectedAdmin):
    """Sessions: when they were, how and why they ended, and what became of their sound."""

    live_through = ("pk",)
    list_display = (
        "started_at",
        "user",
        "state",
        "reason",
        "direction",
        "mode",
        "received",
        "dropped",
        "waiting",
        "exchange_count",
    )
    list_filter = ("state", "reason", WaitingFilter, "direction", "mode", "started_at")
    list_select_related = ("conversation__user",)
    date_hierarchy = "started_at"
    search_fields = ("=id", "reason", "conversation__title", "conversation__user__username")
    inlines = (ExchangeInline,)
    actions = ("end_sessions", "catch_up")

    @admin.action(description=_("End the selected sessions"), permissions=["end"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """End sessions gracefully, in whichever process they are, and report what happened."""
        live = set(queryset.filter(state=SessionState.OPEN).values_list("pk", flat=True))
        left = end_sessions(live)
        ended = TranslationSession.objects.filter(pk__in=live - left)
        for session in ended:
            self.message_user(
                request, f"{session}: {session.get_state_display()}, {session.reason}"
            )
        if left:
            finishing = _("{} are still finishing what was said.").format(len(left))
            self.message_user(request, finishing, messages.WARNING)
        if not live:
            self.message_user(request, _("None of them is live."), messages.WARNING)

    @admin.action(description=_("Transcribe now what waits of them"), permissions=["end"])
    def catch_up(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Ask that what the sessions were cut off from is transcribed at once."""
        if count := len(ask_to_catch_up(queryset)):
            told = ngettext(
                "%(count)d session is being caught up on.",
                "%(count)d sessions are being caught up on.",
                count,
            )
            self.message_user(request, told % {"count": count})
        else:
            self.message_user(request, _("Nothing of them waits."), messages.WARNING)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may end sessions of other users, or have them caught up on."""
        return bool(request.user.has_perm("sessions_app.change_translationsession"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows, each with its number of exchanges, and how many sentences wait."""
        return with_waiting(_counted(super().get_queryset(request), "session"))

    @admin.display(ordering="conversation__user__username")
    def user(self, row: TranslationSession) -> str:
        """Return the session's user."""
        return row.conversation.user.get_username()

    @admin.display(description=_("received"), ordering="received_samples")
    def received(self, row: TranslationSession) -> str:
        """Return how much sound was received."""
        return f"{to_seconds(row.received_samples):.1f} s"

    @admin.display(description=_("dropped"), ordering="dropped_samples")
    def dropped(self, row: TranslationSession) -> str:
        """Return how much of it was dropped."""
        return f"{to_seconds(row.dropped_samples):.1f} s"

    @admin.display(description=_("waiting"), ordering="waiting_count")
    def waiting(self, row: Any) -> int:
        """Return how many of its sentences wait to be transcribed or translated."""
        return int(row.waiting_count)

    @admin.display(description=_("exchanges"), ordering="said_count")
    def exchange_count(self, row: Any) -> int:
        """Return the number of exchanges of a session."""
        return int(row.said_count)


@admin.register(Exchange)
class ExchangeAdmin(ReadOnlyMixin, BoundedSearchAdmin):
    """Exchanges, to read and to search."""

    show_full_result_count = False
    list_per_page = 100
    list_display = ("said_at", "speaker", "language", "source", "translated", "failure")
    list_filter = ("language", "direction", "said_at", "failure", "transcriber", "translator")
    list_select_related = ("speaker",)
    date_hierarchy = "said_at"
    search_fields = ("source", "corrected", "translated", "speaker__name")
