"""Tests of who may see and do what."""

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.test import Client, RequestFactory

from sessions_app.access.authentication import (
    can_anybody_log_in,
    is_origin_allowed,
    owner,
    user_for,
)
from sessions_app.access.middleware import OwnerMiddleware
from sessions_app.core.caller import PeerUser
from tests.sessions_app.kept import at_home, carrying_key

pytestmark = pytest.mark.django_db


def scope(peer: str | None = "127.0.0.1", **headers: str) -> dict[str, object]:
    """Return the part of a WebSocket's scope that says where it comes from."""
    headers = {"host": "localhost:8000"} | headers
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    client = [peer, 5000] if peer else None
    return {"type": "websocket", "client": client, "headers": raw, "habla.peer_user": PeerUser.OURS}


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", password="a long secret")


def log_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def cookie_of(browser: Client) -> str:
    name = settings.SESSION_COOKIE_NAME
    return f"a=b; {name}={browser.cookies[name].value}"  # --- pages


def test_at_the_machine_itself_no_login_is_needed():
    page = at_home().get("/history/")
    assert page.status_code == 200
    assert page.context["user"].username == "owner"


def test_the_owner_is_an_administrator_without_a_password():
    user = owner()
    assert user is not None
    assert (user.is_superuser, user.is_staff, user.has_usable_password()) == (True, True, False)
    assert at_home().get("/admin/").status_code == 200


def test_the_owner_is_made_once():
    assert owner() == owner()
    assert User.objects.count() == 1


def test_who_deactivates_the_owner_must_log_in_everywhere():
    owner()
    User.objects.update(is_active=False)
    assert owner() is None
    assert at_home().get("/history/").status_code == 302
    assert user_for(scope()) is None


@pytest.mark.parametrize("path", ["/", "/history/", "/api/docs"])
def test_elsewhere_pages_lead_to_the_login_and_back(path):
    answer = Client(REMOTE_ADDR="192.168.1.7").get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={path}")


def test_elsewhere_the_admin_leads_to_its_own_login():
    answer = Client(REMOTE_ADDR="192.168.1.7").get("/admin/")
    assert answer.headers["Location"] == "/admin/login/?next=/admin/"


@pytest.mark.parametrize("path", ["/login/", "/healthz", "/readyz"])
def test_some_addresses_need_no_login(path):
    assert Client(REMOTE_ADDR="192.168.1.7").get(path).status_code in (200, 503)


def test_whether_the_process_lives_is_told_without_the_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert at_home().get("/healthz").content == b"ok\n"


def test_a_proxy_on_this_machine_does_not_make_strangers_the_owner():
    browser = Client(headers={"host": "localhost", "x-forwarded-for": "203.0.113.7"})
    assert browser.get("/history/").status_code == 302


@pytest.mark.parametrize("path", ["/", "/api/sessions"])
def test_a_foreign_name_that_was_made_to_lead_here_is_refused(path):
    assert Client(headers={"host": "evil.example"}).get(path).status_code == 400


def test_even_where_any_host_is_allowed_a_foreign_name_must_log_in(settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert Client(headers={"host": "evil.example"}).get("/history/").status_code == 302


@pytest.mark.slow
def test_one_can_log_in_and_out(ana):
    browser = Client(REMOTE_ADDR="192.168.1.7")
    wrong = browser.post("/login/", {"username": "ana", "password": "wrong"})
    assert wrong.context["form"].non_field_errors()
    answer = browser.post(
        "/login/?next=/history/", {"username": "ana", "password": "a long secret"}
    )
    assert answer.headers["Location"] == "/history/"
    assert browser.get("/history/").context["user"] == ana
    browser.post("/logout/")
    assert browser.get("/history/").status_code == 302


def test_the_login_leads_to_no_other_site(ana):
    form = {"username": "ana", "password": "a long secret", "next": "https://evil.example/"}
    assert Client().post("/login/", form).headers["Location"] == "/"


def test_who_logged_in_comes_before_the_owner(ana):
    browser = at_home()
    browser.force_login(ana)
    assert browser.get("/history/").context["user"] == ana


def test_asynchronous_views_see_the_owner_too():
    request = RequestFactory(headers={"host": "localhost"} | carrying_key()).get("/")
    request.user = AnonymousUser()
    OwnerMiddleware(lambda _: HttpResponse()).process_request(request)
    assert async_to_sync(request.auser)() == owner()


# --- the WebSocket


def test_a_socket_from_this_machine_is_the_owners():
    assert user_for(scope()) == owner()


@pytest.mark.parametrize(
    "asking",
    [
        scope(peer="192.168.1.7"),
        scope(peer=None),
        scope(x_forwarded_for="203.0.113.7"),
        scope(host="evil.example"),
        scope(origin="https://evil.example"),
        scope(origin="http://localhost:3000"),
        scope(sec_fetch_site="same-site"),
        scope() | {"habla.peer_user": PeerUser.ANOTHER},
        scope() | {"habla.peer_user": PeerUser.UNKNOWN},
        scope(peer="192.168.1.7", cookie=f"{settings.SESSION_COOKIE_NAME}=forged"),
        scope(peer="192.168.1.7", cookie="%%% = ;;"),
    ],
)
def test_any_other_socket_must_log_in(asking):
    assert user_for(asking) is None


def test_a_socket_with_the_cookie_of_a_login_is_that_users(ana):
    cookie = cookie_of(log_in(ana))
    assert user_for(scope(peer="192.168.1.7", host="testserver", cookie=cookie)) == ana
    assert user_for(scope(cookie=cookie)) == ana


def test_a_cookie_is_worth_nothing_once_the_user_is_deactivated(ana):
    cookie = cookie_of(log_in(ana))
    User.objects.update(is_active=False)
    assert user_for(scope(peer="192.168.1.7", cookie=cookie)) is None


def test_a_cookie_is_worth_nothing_once_the_password_is_changed(ana):
    cookie = cookie_of(log_in(ana))
    ana.set_password("another long secret")
    ana.save()
    assert user_for(scope(peer="192.168.1.7", cookie=cookie)) is None


# --- origins


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("habla.example", "https://habla.example"),
        ("habla.example:443", "https://habla.example"),
        ("HABLA.example", "https://habla.EXAMPLE"),
    ],
)
def test_our_own_pages_may_open_the_socket(settings, host, origin):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "habla.example"]
    assert is_origin_allowed(scope(host=host, origin=origin))


def test_a_program_names_no_origin_and_may_open_the_socket():
    assert is_origin_allowed(scope())


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost:3000",
        "http://localhost",
        "null",
        "file://localhost:8000",
        "http://localhost:8000.evil.example",
        "http://localhost:8000@evil.example",
        "localhost:8000",
    ],
)
def test_foreign_pages_may_not_open_the_socket(origin):
    assert not is_origin_allowed(scope(origin=origin))


@pytest.mark.parametrize(("origin", "allowed"), [("https", True), ("http", False)])
def test_by_https_a_page_that_came_without_may_not_open_the_socket(origin, allowed):
    secure = scope(origin=f"{origin}://localhost:8000") | {"scheme": "wss"}
    assert is_origin_allowed(secure) == allowed


@pytest.mark.parametrize("host", ["evil.example", "", "localhost,evil.example"])
def test_no_page_of_a_foreign_name_may_open_the_socket(host):
    assert not is_origin_allowed(scope(host=host, origin=f"http://{host}"))
    assert not is_origin_allowed(scope(host=host))


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://class.example", True),
        ("https://a.school.example", True),
        ("http://class.example", False),
        ("https://classexample", False),
        ("https://evilschool.example", False),
    ],
)
def test_trusted_origins_may_open_the_socket(settings, origin, allowed):
    settings.CSRF_TRUSTED_ORIGINS = ["https://class.example", "https://*.school.example"]
    assert is_origin_allowed(scope(origin=origin)) == allowed


def test_somebody_can_log_in_once_there_is_a_password(ana):
    owner()
    assert can_anybody_log_in()
    ana.set_unusable_password()
    ana.save()
    assert not can_anybody_log_in()


# --- behind a proxy that does not say whom it forwards


@pytest.mark.parametrize(
    "word", ["off", "OFF", " Off ", "false", "no", "0", "", " ", "of", "of f", "on # not", "$on"]
)
def test_an_owner_who_is_off_must_log_in(settings, word):
    settings.HABLA = settings.HABLA | {"OWNER": word}
    assert at_home().get("/history/").status_code == 302
    assert user_for(scope()) is None


@pytest.mark.parametrize("word", ["on", "ON", " on ", "true", "yes", "1"])
def test_an_owner_who_is_on_need_not(settings, word):
    settings.HABLA = settings.HABLA | {"OWNER": word}
    assert at_home().get("/history/").status_code == 200


def test_settings_that_speak_of_a_proxy_turn_the_owner_off(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://habla.example.org"]
    assert at_home().get("/history/").status_code == 302
    assert user_for(scope()) is None
