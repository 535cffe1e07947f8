"""The base of our tables for administrators: a search has few words, and takes a bounded time."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import smart_split
from django.utils.translation import gettext as _

from sessions_app.access.clean_input import refuse_unseen
from sessions_app.core.errors import CommandError
from sessions_app.core.search_patterns import MAX_CHARACTERS, MAX_WORDS
from sessions_app.store.database.query_limits import search_limits

if TYPE_CHECKING:
    DjangosAdmin = admin.ModelAdmin[Any]
else:
    DjangosAdmin = admin.ModelAdmin


def seen(field: forms.Field | None) -> forms.Field | None:
    """Return ``field``; if it takes text, then none of which nothing can be seen."""
    if isinstance(field, forms.CharField):
        field.validators.append(refuse_unseen)
    return field


class ModelAdmin(DjangosAdmin):
    """A table whose search costs no more than a page may. Also mixed into tables of others."""

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Return the field of a form; it takes no text of which nothing can be seen."""
        return seen(super().formfield_for_dbfield(db_field, request, **kwargs))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Look for the first words alone, and say so."""
        words = list(smart_split(search_term[:MAX_CHARACTERS]))
        if len(words) > MAX_WORDS:
            messages.warning(request, _("Only the first %d words are looked for.") % MAX_WORDS)
        return super().get_search_results(request, queryset, " ".join(words[:MAX_WORDS]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; without what was looked for where that takes too long."""
        if not request.GET.get("q"):
            return super().changelist_view(request, extra_context)
        try:
            with search_limits():
                response = super().changelist_view(request, extra_context)
                if response.status_code == HTTPStatus.OK and hasattr(response, "render"):
                    response.render()
                return response
        except CommandError as error:
            messages.error(request, str(error))
            return redirect(request.path)


def bound_searches_of(site: admin.AdminSite) -> None:
    """Bound the searches of the tables that other apps, as Django's own of users, brought."""
    for model, table in list(site._registry.items()):  # noqa: SLF001 -- Django has no other door
        kind = type(table)
        if not issubclass(kind, ModelAdmin):
            site.unregister(model)
            site.register(model, type(kind.__name__, (ModelAdmin, kind), {}))
