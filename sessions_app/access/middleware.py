"""Middleware for all HTTP requests: logins, the owner's key, and errors as JSON for REST."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from sessions_app.access import owner_key
from sessions_app.access.authentication import caller_of, is_from_owner, owner
from sessions_app.access.error_responses import error_response, is_api, later, too_many_files
from sessions_app.core import descriptors
from sessions_app.core.caller import SAFE_METHODS
from sessions_app.core.errors import LoginDelayedError
from sessions_app.store.database.identity import identity

DELETE_WITHOUT_KEY = frozenset({"end_live_session", "withdraw_ticket"})
"""Routes with the method DELETE that delete nothing: they end a live session or a ticket."""

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class OwnerMiddleware(MiddlewareMixin):
    """Sets the owner as the user of requests from this machine, unless somebody is logged in.

    It comes after AuthenticationMiddleware. The user is looked up when it is first used.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Set ``request.user`` to the owner, if the request comes from this machine."""
        if is_from_owner(caller_of(request)):
            get_owner = partial(_visitor_or_owner, request.user)
            request.user = cast("User", SimpleLazyObject(get_owner))
            request.auser = sync_to_async(get_owner)


class OwnerKeyMiddleware(MiddlewareMixin):
    """Accepts the owner's key in a URL, and requires it for requests that could do harm.

    A request that the owner's own user forwards from elsewhere (`ssh -R`, socat) looks like the
    owner's. Without the key it can delete nothing, and give nobody more rights.
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Store the key from the URL of the first page in a cookie, and redirect without it."""
        given = request.GET.get(owner_key.PARAMETER)
        if given is None or request.path_info != "/" or request.method not in SAFE_METHODS:
            return None
        if not caller_of(request).is_at_machine or not owner_key.is_key(given):
            return _ask_for_key(request, is_wrong=True)
        response = redirect("/")
        owner_key.give_cookie(request, response)
        add_never_cache_headers(response)
        return response

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        """Return a refusal without the key, or None if the request may go on."""
        if not getattr(view_func, "login_required", True) or not _is_guarded(request, view_func):
            return None
        # whoever is logged in needs no key; others are the owner, or LoginMiddleware had refused
        if isinstance(get_user(request), User) or owner_key.is_carried_by(caller_of(request)):
            return None
        return _ask_for_key(request)


def requires_owner_key(view: View) -> View:
    """Mark a view for which the owner needs the key."""
    view.requires_owner_key = True  # type: ignore[attr-defined]
    return view


def _is_guarded(request: HttpRequest, view: Callable[..., HttpResponseBase]) -> bool:
    if request.resolver_match is not None:
        if "admin" in request.resolver_match.app_names:
            return True
        if request.resolver_match.url_name in DELETE_WITHOUT_KEY:
            return False
    return request.method == "DELETE" or getattr(view, "requires_owner_key", False)


def _ask_for_key(request: HttpRequest, *, is_wrong: bool = False) -> HttpResponseBase:
    if is_api(request):
        message = _("This requires the owner's key: `manage.py status` prints it.")
        return error_response(HTTPStatus.FORBIDDEN, message, "owner_key_required")
    context = {"is_wrong": is_wrong, "is_at_machine": caller_of(request).is_at_machine}
    response = render(request, "sessions_app/owner_key.html", context, status=HTTPStatus.FORBIDDEN)
    add_never_cache_headers(response)
    return response


def _visitor_or_owner(visitor: User | AnonymousUser) -> User | AnonymousUser:
    return visitor if visitor.is_authenticated else owner() or AnonymousUser()


class LoginMiddleware(LoginRequiredMiddleware):
    """Requires a login: pages redirect to it, REST routes respond 401.

    Views that need no login query no database, so that ``/healthz`` reports on the process alone.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        """Return a redirect to the login, or None if the request may go on."""
        if not getattr(view_func, "login_required", True):
            return None
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is not None and is_api(request):
            return error_response(HTTPStatus.UNAUTHORIZED, _("Log in first."))
        return refusal


class DatabaseMiddleware(MiddlewareMixin):
    """Responds 503 while the database's file is not the one that was opened.

    Opening it again would create an empty one in its place.
    """

    def process_view(self, request: HttpRequest, *args: Any) -> HttpResponseBase | None:
        """Return the error response, or None if the request may go on."""
        match = request.resolver_match
        tells_of_process = match is not None and match.url_name in ("healthz", "readyz")
        if tells_of_process or not identity.problem_now:
            return None
        message = _("The database was deleted or replaced; whoever runs Habla must put it back.")
        return later(request, HTTPStatus.SERVICE_UNAVAILABLE, message, "database_replaced")


class LoginDelayMiddleware(MiddlewareMixin):
    """Responds 429 or 503 with Retry-After to a login that may not be tried now."""

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Return 429, or 503 if too many log in at once; None: another error."""
        if not isinstance(exception, LoginDelayedError):
            return None
        problem, status = _("Too many logins failed."), HTTPStatus.TOO_MANY_REQUESTS
        if exception.code == "too_many_at_once":
            problem, status = _("Too many people log in at once."), HTTPStatus.SERVICE_UNAVAILABLE
        page = "sessions_app/login_later.html"
        return later(request, status, problem, exception.code, seconds=exception.seconds, page=page)


class JsonErrorsMiddleware(MiddlewareMixin):
    """Turns Django's own error responses on REST routes into JSON.

    Such as: not found, method not allowed, a foreign host, a bug.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Return ``response``, or JSON in its place if it is an error page."""
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR and descriptors.are_exhausted():
            return too_many_files(request)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        if response.status_code < HTTPStatus.BAD_REQUEST or is_json or not is_api(request):
            return response
        replacement = error_response(response.status_code, HTTPStatus(response.status_code).phrase)
        if "Allow" in response.headers:
            replacement.headers["Allow"] = response.headers["Allow"]
        return replacement
