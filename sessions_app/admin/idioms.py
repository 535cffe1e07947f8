"""The owner's idioms in the admin: added, checked before they are accepted, and deleted."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from sessions_app.admin.search import BoundedSearchAdmin
from sessions_app.core.errors import CommandError
from sessions_app.models import IdiomPattern
from sessions_app.pipeline.idioms.matching import LONGEST_PHRASE, MOST_WORDS, Idiom, check

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[IdiomPattern]
else:
    ModelForm = forms.ModelForm


REFUSED = format_lazy(
    _("This cannot be searched for: use 2 to {words} words, at most {letters} letters and one ~."),
    words=MOST_WORDS,
    letters=LONGEST_PHRASE,
)


class IdiomForm(ModelForm):
    """The form of an idiom."""

    class Meta:
        model = IdiomPattern
        fields = ("language", "pattern", "meaning", "literal", "region", "register")
        help_texts = {
            "pattern": _("As a dictionary has it; with ~ before its verb: ~meter la pata"),
            "meaning": _("In the other language."),
            "region": _("Where it is said: ES, LA, US, UK; empty: anywhere."),
        }

    def clean(self) -> dict[str, Any]:
        """Refuse a pattern that cannot be searched for, and say what would be right."""
        values = super().clean() or {}
        if "pattern" in values and "language" in values:
            idiom = Idiom(values["pattern"], "", language=values["language"])
            try:
                check(idiom)
            except CommandError as error:
                self.add_error("pattern", forms.ValidationError(str(REFUSED), error.code))
        return values


class IdiomAdmin(BoundedSearchAdmin):
    """Idioms, found in what is said from the next `reload_settings` on."""

    form = IdiomForm
    list_display = ("pattern", "language", "meaning", "region", "register")
    list_filter = ("language", "register")
    search_fields = ("pattern", "meaning", "literal")
    readonly_fields = ("created_at",)
