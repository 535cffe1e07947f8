"""The page behind the one-time link: whoever runs Habla gives the owner a name and a password."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib.auth import get_user_model, login, password_validation
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from sessions_app.access.authentication import OWNER, caller_of, can_anybody_log_in
from sessions_app.access.clean_input import refuse_invisible
from sessions_app.access.one_time_link import account_link

BACKEND = "sessions_app.access.login_backend.DelayingBackend"
NEW_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class FirstAccountForm(forms.Form):
    """A name, and a password twice."""

    username = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy(
            "With the name owner, you find here what was said at the machine itself."
        ),
        max_length=150,
        initial=OWNER,
        validators=[refuse_invisible, User.username_validator],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=NEW_PASSWORD,
        help_text=gettext_lazy("At least eight characters, and not only digits."),
    )
    again = forms.CharField(
        label=gettext_lazy("The password again"), strip=False, widget=NEW_PASSWORD
    )

    def clean_username(self) -> str:
        """Return the name, unless it is taken."""
        name = User.normalize_username(self.cleaned_data["username"])
        found = get_user_model().objects.filter(username__iexact=name).first()
        is_free = found is None or (found.username == OWNER == name and found.is_active)
        if not is_free:
            raise forms.ValidationError(_("That name is taken."))
        return str(name)

    def clean(self) -> dict[str, Any]:
        """Check the password, by the same rules as everywhere."""
        given = super().clean() or self.cleaned_data
        password, again = given.get("password"), given.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two passwords are not the same."))
        if password:
            user = User(username=given.get("username", ""))
            try:
                password_validation.validate_password(password, user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return given


@login_not_required
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def first_account(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first account that can log in, and log it in."""
    if not account_link.is_good(token) or can_anybody_log_in():
        return _not_good(request)
    form = FirstAccountForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form}
        return render(request, "sessions_app/first_account.html", context)
    hashed = make_password(form.cleaned_data["password"])  # takes long, and may be refused
    if not account_link.use(token):
        return _not_good(request)
    name = form.cleaned_data["username"]
    rights = {"is_staff": True, "is_superuser": True, "password": hashed}
    user, _is_new = get_user_model().objects.update_or_create(username=name, defaults=rights)
    login(request, user, backend=BACKEND)
    return redirect("live")


def _not_good(request: HttpRequest) -> HttpResponse:
    status = HTTPStatus.GONE
    context = {"form": None, "is_at_machine": caller_of(request).is_at_machine}
    return render(request, "sessions_app/first_account.html", context, status=status)
