"""The page on which the owner changes the translator while the server runs."""

import asyncio
from http import HTTPStatus

from asgiref.sync import async_to_sync
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from sessions_app.access.authentication import user_of
from sessions_app.access.clean_input import refuse_invisible
from sessions_app.access.middleware import requires_owner_key
from sessions_app.core.commands_told import with_texts
from sessions_app.core.message_catalogue import in_language
from sessions_app.engines.keys import problem_of
from sessions_app.engines.server_address import is_server_address
from sessions_app.engines.server_profiles import PROFILES
from sessions_app.live.registry import live
from sessions_app.store.engine_choice import OwnerChoice, current_choice, save_choice
from sessions_app.web.model_offers import offers, speed_of

LOAD_SECONDS = 300.0
"""How long the page waits for new engines, which may have to download a model."""
ADDRESS = r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$"
"""Host names need no dot, as in a local network; a password would be shown, so none is allowed."""
WRONG_ADDRESS = gettext_lazy("http://… or https://…, without a password.")
TRANSLATORS = [
    ("", gettext_lazy("as the environment says")),
    ("auto", gettext_lazy("the best that is there")),
    ("llm", gettext_lazy("a language model")),
    ("opus-mt", "OPUS-MT"),
    ("apertium", "Apertium"),
    ("none", gettext_lazy("none: only what was said")),
]


class SettingsForm(forms.Form):
    """The translator, and the address of the language model if it is one."""

    backend = forms.ChoiceField(
        label=gettext_lazy("Translator"), choices=TRANSLATORS, required=False
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Up to /v1; empty: looked for on this machine."),
        max_length=300,
        required=False,
        validators=[RegexValidator(ADDRESS, WRONG_ADDRESS)],
    )
    model = forms.CharField(
        label=gettext_lazy("Model"),
        help_text=gettext_lazy("As the server calls it; empty: its first that can chat."),
        max_length=200,
        required=False,
        validators=[refuse_invisible],
    )
    profile = forms.ChoiceField(
        label=gettext_lazy("Kind of server"),
        choices=[("", gettext_lazy("by its address")), *((name, name) for name in PROFILES)],
        required=False,
    )
    key = forms.CharField(
        label=gettext_lazy("Key"),
        help_text=gettext_lazy("Never shown; empty: the one that is kept for this address."),
        max_length=300,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def clean_url(self) -> str:
        """Return the address, if it is valid."""
        url: str = self.cleaned_data["url"]
        if url and not is_server_address(url):
            raise forms.ValidationError(WRONG_ADDRESS)
        return url

    def clean_key(self) -> str:
        """Return the key, if it may be sent to the address."""
        values = self.cleaned_data
        key: str = values["key"]
        url: str = values.get("url", "")
        if key and not url and not values.get("profile"):
            raise forms.ValidationError(
                _("A key needs the address, or the kind of server, that it is for.")
            )
        if problem := problem_of(url, key):
            raise forms.ValidationError(_(problem))
        return key

    def chosen(self, before: OwnerChoice | None) -> OwnerChoice | None:
        """Return the choice. A stored key is used for its own address only."""
        values = self.cleaned_data
        if not values["backend"]:
            return None
        if values["backend"] != "llm":
            return OwnerChoice(values["backend"])
        is_same = before is not None and (before.url, before.profile) == (
            values["url"],
            values["profile"],
        )
        kept = before.key if before is not None and is_same else ""
        return OwnerChoice(
            "llm", values["url"], values["model"], values["profile"], values["key"] or kept
        )


@requires_owner_key
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def settings(request: HttpRequest) -> HttpResponse:
    """Show the translator, or change it for sessions that begin from then on."""
    if not user_of(request).is_superuser:
        raise PermissionDenied
    before = current_choice()
    if request.method != "POST":
        return _page(request, SettingsForm(initial=_shown(before)))
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=HTTPStatus.BAD_REQUEST)
    if problem := _change(before, form.chosen(before)):
        return _page(request, form, problem, HTTPStatus.CONFLICT)
    messages.success(request, _("Saved. Whoever connects now gets it."))
    return redirect("settings")


def _shown(chosen: OwnerChoice | None) -> dict[str, str]:
    if chosen is None:
        return {}
    return {
        "backend": chosen.backend,
        "url": chosen.url,
        "model": chosen.model,
        "profile": chosen.profile,
    }


def _page(
    request: HttpRequest, form: SettingsForm, problem: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    engines = with_texts(live.status()["engines"], in_language)
    context = {
        "form": form,
        "problem": in_language(problem),
        "translator": engines.get("translator"),
    }
    context |= {"offers": offers(live), "speed": speed_of(live)}
    return render(request, "sessions_app/settings.html", context, status=status)


def _change(before: OwnerChoice | None, after: OwnerChoice | None) -> str:
    """Load engines with the new choice; if that fails, undo it and return why."""
    save_choice(after)
    problem = "interrupted"
    try:
        problem = async_to_sync(_reload)()
    finally:
        if problem:
            save_choice(before)
    return problem


async def _reload() -> str:
    """Reload the engines, if this process serves; return why that failed, empty: it did not."""
    if live.generations is None:
        return ""
    try:
        async with asyncio.timeout(LOAD_SECONDS):
            if await live.load():
                await live.tell_engines()
                return ""
    except TimeoutError:
        return _("The engines could not be loaded in time.")
    return live.generations.problem or _("The server is shutting down.")
