"""The base of our admin classes: a search has a few words, and a time limit."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import smart_split
from django.utils.translation import gettext as _

from sessions_app.access.clean_input import refuse_invisible
from sessions_app.core.errors import CommandError
from sessions_app.core.search_patterns import MAX_CHARACTERS, MAX_WORDS
from sessions_app.store.database.query_limits import search_limits

if TYPE_CHECKING:
    DjangosAdmin = admin.ModelAdmin[Any]
else:
    DjangosAdmin = admin.ModelAdmin


def visible_only(field: forms.Field | None) -> forms.Field | None:
    """Return ``field``; a text field refuses text without a visible character."""
    if isinstance(field, forms.CharField):
        field.validators.append(refuse_invisible)
    return field


class BoundedSearchAdmin(DjangosAdmin):
    """A model admin whose searches are limited. Also mixed into those of other apps."""

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Return the field of a form, which refuses text without a visible character."""
        return visible_only(super().formfield_for_dbfield(db_field, request, **kwargs))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search for the first words only, and say so."""
        words = list(smart_split(search_term[:MAX_CHARACTERS]))
        if len(words) > MAX_WORDS:
            messages.warning(request, _("Only the first %d words are searched for.") % MAX_WORDS)
        return super().get_search_results(request, queryset, " ".join(words[:MAX_WORDS]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; if the search takes too long, without it."""
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


def bound_searches(site: admin.AdminSite) -> None:
    """Limit the searches of model admins that other apps registered, as Django's of users."""
    for model, table in list(site._registry.items()):  # noqa: SLF001 -- Django has no public way
        kind = type(table)
        if not issubclass(kind, BoundedSearchAdmin):
            site.unregister(model)
            site.register(model, type(kind.__name__, (BoundedSearchAdmin, kind), {}))
