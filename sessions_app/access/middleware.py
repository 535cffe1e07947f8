"""What every HTTP request passes: the owner needs no login, all others do, REST speaks JSON."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar, cast

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from sessions_app.access import owner_key
from sessions_app.access.asking import caller_of, is_at_home, owner
from sessions_app.core import descriptors
from sessions_app.core.caller import SAFE_METHODS, Peer
from sessions_app.core.errors import LoginDelayedError
from sessions_app.store.database.identity import identity

API_PREFIX = "/api/"
DOCS_PATH = "/api/docs"
"""The one page below API_PREFIX that people open: it asks for a login as pages do."""

DELETES_NOTHING = frozenset({"end_session", "withdraw_ticket"})
"""What is asked for by DELETE and keeps what was said: it ends what goes on, or is shared."""

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class OwnerMiddleware(MiddlewareMixin):
    """Make who sits at this machine the owner, unless somebody else logged in.

    It stands behind AuthenticationMiddleware. The user is looked up when somebody asks.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Put the owner behind ``request.user``, if the request comes from this machine."""
        if is_at_home(caller_of(request)):
            find = partial(_visitor_or_owner, request.user)
            request.user = cast("User", SimpleLazyObject(find))
            request.auser = sync_to_async(find)


class OwnerKeyMiddleware(MiddlewareMixin):
    """Take the owner's key out of an address, and ask for it before what could do much harm.

    What the owner's own user forwards from elsewhere (`ssh -R`, socat) looks like the owner. It
    shall delete nothing, and give nobody more rights.
    """

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Let the browser keep the key that the address of the first page holds."""
        given = request.GET.get(owner_key.PARAMETER)
        if given is None or request.path_info != "/" or request.method not in SAFE_METHODS:
            return None
        caller = caller_of(request)
        if not caller.is_local or caller.whose is Peer.ANOTHER or not owner_key.is_key(given):
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
        """Return what is answered without the key, or None where the request may go on."""
        if not getattr(view_func, "login_required", True) or not _is_guarded(request, view_func):
            return None
        # who logged in needs no key; who did not is the owner, or LoginMiddleware had refused
        if isinstance(get_user(request), User) or owner_key.is_carried_by(caller_of(request)):
            return None
        return _ask_for_key(request)


def asks_for_key(view: View) -> View:
    """Mark a view that the owner reaches only with the key."""
    view.asks_for_key = True  # type: ignore[attr-defined]
    return view


def _is_guarded(request: HttpRequest, view: Callable[..., HttpResponseBase]) -> bool:
    if request.resolver_match is not None:
        if "admin" in request.resolver_match.app_names:
            return True
        if request.resolver_match.url_name in DELETES_NOTHING:
            return False
    return request.method == "DELETE" or getattr(view, "asks_for_key", False)


def _ask_for_key(request: HttpRequest, *, is_wrong: bool = False) -> HttpResponseBase:
    if is_api(request):
        message = _("This takes the owner's key: `manage.py status` prints it.")
        return error_response(HTTPStatus.FORBIDDEN, message, "owner_key_required")
    context = {"is_wrong": is_wrong}
    response = render(request, "sessions_app/owner_key.html", context, status=HTTPStatus.FORBIDDEN)
    add_never_cache_headers(response)
    return response


def _visitor_or_owner(visitor: User | AnonymousUser) -> User | AnonymousUser:
    return visitor if visitor.is_authenticated else owner() or AnonymousUser()


class LoginMiddleware(LoginRequiredMiddleware):
    """Let nobody in who is unknown: pages send them to the login, REST answers 401.

    What needs no login asks no database, so that ``/healthz`` tells of the process alone.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        """Return the way to the login, or None where the request may go on."""
        if not getattr(view_func, "login_required", True):
            return None
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is not None and is_api(request):
            return error_response(HTTPStatus.UNAUTHORIZED, _("Log in first."))
        return refusal


class DatabaseMiddleware(MiddlewareMixin):
    """Answer 503 while the file of the database is not the one any more that was opened.

    Whoever opened it anew would make an empty one in its place.
    """

    def process_view(self, request: HttpRequest, *args: Any) -> HttpResponseBase | None:
        """Return why nothing can be shown, or None where the request may go on."""
        match = request.resolver_match
        tells_of_process = match is not None and match.url_name in ("healthz", "readyz")
        if tells_of_process or not identity.problem_now:
            return None
        message = _("The database was deleted or replaced; whoever runs Habla must put it back.")
        if is_api(request):
            return error_response(HTTPStatus.SERVICE_UNAVAILABLE, message, "database_replaced")
        plain = "text/plain; charset=utf-8"
        return HttpResponse(message, status=HTTPStatus.SERVICE_UNAVAILABLE, content_type=plain)


class LoginDelayMiddleware(MiddlewareMixin):
    """Answer at once where a login may not be tried now, and say for how long."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return 429, or 503 where too many log in at once; None: it is something else."""
        if not isinstance(exception, LoginDelayedError):
            return None
        problem, status = _("Too many logins failed."), HTTPStatus.TOO_MANY_REQUESTS
        if exception.code == "too_many_at_once":
            problem, status = _("Too many people log in at once."), HTTPStatus.SERVICE_UNAVAILABLE
        context = {"problem": problem, "seconds": exception.seconds}
        answer = render(request, "sessions_app/login_later.html", context, status=status)
        if is_api(request):
            answer = error_response(status, problem, exception.code)
        answer.headers["Retry-After"] = str(exception.seconds)
        add_never_cache_headers(answer)
        return answer


class JsonErrorsMiddleware(MiddlewareMixin):
    """Give the errors of Django itself the shape of all errors of the REST routes.

    An address that does not exist, a method that is not allowed, a foreign host, a bug.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Return ``response``, or JSON in its place where it is an error page for people."""
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR and descriptors.are_out():
            return too_many_files(request)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        if response.status_code < HTTPStatus.BAD_REQUEST or is_json or not is_api(request):
            return response
        replacement = error_response(response.status_code, HTTPStatus(response.status_code).phrase)
        if "Allow" in response.headers:
            replacement.headers["Allow"] = response.headers["Allow"]
        return replacement


def too_many_files(request: HttpRequest) -> HttpResponseBase:
    """Call the lack of descriptors what it is: it passes, and is no bug."""
    message = _("Too many files and connections are open here; try again in a moment.")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    answer: HttpResponseBase = HttpResponse(f"{message}\n", "text/plain", status)
    if is_api(request):
        answer = error_response(status, message, "too_many_files")
    answer.headers["Retry-After"] = "5"
    return answer


def is_api(request: HttpRequest) -> bool:
    """Return whether the request is for a REST route, and not for a page."""
    return request.path_info.startswith(API_PREFIX) and request.path_info != DOCS_PATH


def error_response(status: int, message: str, code: str = "") -> JsonResponse:
    """Return an error of the REST routes; the status names the ``code`` where none is given."""
    named = {
        HTTPStatus.UNAUTHORIZED: "login_required",
        HTTPStatus.INTERNAL_SERVER_ERROR: "internal",
    }
    code = code or named.get(HTTPStatus(status), HTTPStatus(status).name.lower())
    return JsonResponse({"code": code, "message": message}, status=status)
