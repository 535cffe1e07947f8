"""Tests of the rate limits of pages and REST routes."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client, RequestFactory

from sessions_app.access.rate_limits import OPERATORS, STRANGERS, USERS, RateLimitMiddleware
from tests.sessions_app.kept import at_home, the_owner

pytestmark = pytest.mark.django_db
MARGIN = 60
"""How many tokens a bucket may gain while a test runs."""


def page(request: HttpRequest) -> HttpResponse:
    """A page that requires a login."""
    return HttpResponse()


def answers(
    user: User | AnonymousUser, address: str, peer: str = "192.0.2.9", *, method: str = "GET"
) -> tuple[int, HttpResponseBase | None]:
    """Return how many requests for ``address`` are accepted at once, and the refusal after them."""
    rates = RateLimitMiddleware(page)
    for number in range(5_000):
        request = RequestFactory(REMOTE_ADDR=peer).generic(method, address)
        request.user = user
        refusal = rates.process_view(request, page, (), {})
        if refusal is not None:
            return number, refusal
    return 5_000, None


def test_a_user_who_asks_without_end_is_told_when_to_go_on() -> None:
    ana, eva = (User.objects.create_user(name) for name in ("ana", "eva"))
    count, refusal = answers(ana, "/api/sessions")
    assert count == pytest.approx(USERS.burst, abs=MARGIN)
    assert refusal is not None
    assert refusal.status_code == 429
    assert int(refusal.headers["Retry-After"]) >= 1
    assert answers(eva, "/api/sessions")[0] > 1


def test_searches_exports_and_changes_count_as_several() -> None:
    users = [User.objects.create_user(name) for name in ("ana", "eva", "eli")]
    assert answers(users[0], "/history/?q=hola")[0] == pytest.approx(60, abs=6)
    assert answers(users[1], "/api/sessions/x/export?format=txt")[0] == pytest.approx(60, abs=6)
    assert answers(users[2], "/api/playbacks", method="POST")[0] == pytest.approx(200, abs=20)


def test_strangers_are_counted_by_their_address_and_household() -> None:
    nobody = AnonymousUser()
    assert answers(nobody, "/", "2001:db8::1")[0] == pytest.approx(STRANGERS.burst, abs=MARGIN)
    assert answers(nobody, "/", "2001:db8::2")[0] <= MARGIN
    assert answers(nobody, "/", "2001:db8:0:1::2")[0] > MARGIN
    assert answers(nobody, "/", "192.0.2.1")[0] > MARGIN
    assert answers(nobody, "/healthz", "192.0.2.1") == (5_000, None)


def test_who_looks_after_the_server_may_look_often() -> None:
    assert answers(the_owner(), "/api/status")[0] >= OPERATORS.burst >= 5 * USERS.burst


def test_it_is_asked_of_every_page_and_route() -> None:
    flood = Client(REMOTE_ADDR="192.0.2.9", headers={"host": "localhost:8000"})
    answers(AnonymousUser(), "/")
    route = until_refused(flood, "/api/sessions?q=hola")
    assert (route.status_code, route.json()["code"]) == (429, "too_fast")
    login = until_refused(flood, "/login/?q=hola")
    assert login.status_code == 429
    assert login.headers["Content-Type"].startswith("text/html")
    assert flood.get("/healthz").status_code == 200
    assert at_home().get("/api/sessions").status_code == 200


def until_refused(browser: Client, address: str) -> Any:
    """Return the first refusal, or the last of a hundred answers."""
    for _ in range(100):
        answer = browser.get(address)
        if answer.status_code == 429:
            break
    return answer
