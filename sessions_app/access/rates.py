"""How often pages and REST may be asked for: by each user, and of strangers by each address."""

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from sessions_app.access.middleware import error_response, is_api
from sessions_app.core.caller import household
from sessions_app.core.token_buckets import Bucket, Buckets, Rate
from sessions_app.transport.limits import LOOKERS

OPERATORS = Rate(burst=3_000, per_second=300)
"""The owner and other superusers, whose programs look as often as they like."""
USERS = Rate(burst=600, per_second=30)
STRANGERS = Rate(burst=600, per_second=30)
"""By address: a school may be behind one."""
SEARCH_COST = 10
"""Of what looks at every row: a search, an export."""
CHANGE_COST = 3


class RatesMiddleware(MiddlewareMixin):
    """Answer 429, with when to go on, to whoever asks more often than a person or page does.

    It stands before LoginMiddleware, so that those whom that sends away are counted too.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        """Return a refusal, or None where the request may go on."""
        if request.path_info in LOOKERS:
            return None
        knows_user = getattr(view_func, "login_required", True)
        wait = _bucket(request, knows_user=knows_user).take(_cost(request))
        return _refusal(request, math.ceil(wait)) if wait else None


_operators, _users, _strangers = Buckets(OPERATORS), Buckets(USERS), Buckets(STRANGERS)


def forget_all() -> None:
    """Let everybody begin anew."""
    for buckets in (_operators, _users, _strangers):
        buckets.clear()


def _bucket(request: HttpRequest, *, knows_user: bool) -> Bucket:
    user = request.user if knows_user else None  # what needs no login asks no database
    if user is None or not user.is_authenticated:
        return _strangers.of(household(request.META.get("REMOTE_ADDR") or ""))
    return (_operators if user.is_superuser else _users).of(user.pk)


def _cost(request: HttpRequest) -> int:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        return CHANGE_COST
    is_search = bool(request.GET.get("q")) or request.path_info.rstrip("/").endswith("/export")
    return SEARCH_COST if is_search else 1


def _refusal(request: HttpRequest, seconds: int) -> HttpResponseBase:
    message = _("You ask too often; go on in %d s.") % seconds
    status = HTTPStatus.TOO_MANY_REQUESTS
    answer: HttpResponseBase = HttpResponse(f"{message}\n", "text/plain; charset=utf-8", status)
    if is_api(request):
        answer = error_response(status, message, "too_fast")
    answer.headers["Retry-After"] = str(seconds)
    return answer
