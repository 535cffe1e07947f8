"""Rate limits of pages and REST routes: for each user, and for strangers by address."""

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from sessions_app.access.error_responses import later
from sessions_app.core.caller import client_network
from sessions_app.core.token_buckets import Bucket, Buckets, Rate
from sessions_app.transport.limits import HEALTH_CHECKS

OPERATORS = Rate(burst=3_000, per_second=300)
"""For the owner and other superusers, whose programs may ask very often."""
USERS = Rate(burst=600, per_second=30)
STRANGERS = Rate(burst=600, per_second=30)
"""For each address: a whole school may be behind one."""
SEARCH_COST = 10
"""Cost of a request that reads every row: a search, an export."""
CHANGE_COST = 3


class RateLimitMiddleware(MiddlewareMixin):
    """Responds 429 with Retry-After to clients that ask more often than people or pages do.

    It comes before LoginMiddleware, so that requests which that refuses are counted too.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        """Return a refusal, or None if the request may go on."""
        if request.path_info in HEALTH_CHECKS:
            return None
        knows_user = getattr(view_func, "login_required", True)
        wait = _bucket(request, knows_user=knows_user).take(_cost(request))
        return _refusal(request, math.ceil(wait)) if wait else None


_operators, _users, _strangers = Buckets(OPERATORS), Buckets(USERS), Buckets(STRANGERS)


def reset_rates() -> None:
    """Reset all limits."""
    for buckets in (_operators, _users, _strangers):
        buckets.clear()


def _bucket(request: HttpRequest, *, knows_user: bool) -> Bucket:
    user = request.user if knows_user else None  # views that need no login query no database
    if user is None or not user.is_authenticated:
        return _strangers.of(client_network(request.META.get("REMOTE_ADDR") or ""))
    return (_operators if user.is_superuser else _users).of(user.pk)


def _cost(request: HttpRequest) -> int:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        return CHANGE_COST
    is_search = bool(request.GET.get("q")) or request.path_info.rstrip("/").endswith("/export")
    return SEARCH_COST if is_search else 1


def _refusal(request: HttpRequest, seconds: int) -> HttpResponseBase:
    message = _("Too many requests; try again in %d s.") % seconds
    return later(request, HTTPStatus.TOO_MANY_REQUESTS, message, "too_fast", seconds=seconds)
