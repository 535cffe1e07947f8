"""The link by which the first account is made: once, for an hour, and for nobody after that."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.access.one_time_link import LIFE_SECONDS, OneTimeLink, account_link
from sessions_app.core.printable import without_secrets
from tests.sessions_app.kept import the_owner

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path() -> Iterator[str]:
    yield f"/first-account/{account_link.make()}/"
    account_link.make()


@pytest.fixture
def phone() -> Client:
    """Return a browser in the network."""
    return Client(REMOTE_ADDR="192.168.1.7")


def fields(name: str = "eva", password: str = PASSWORD, again: str = "") -> dict[str, str]:
    return {"username": name, "password": password, "again": again or password}


def test_a_link_is_good_for_an_hour() -> None:
    clock = Clock()
    link = OneTimeLink(clock)
    assert not link.is_good("")
    token = link.make()
    clock.now = LIFE_SECONDS - 1
    assert link.is_good(token)
    assert not link.is_good(f"{token}x")
    clock.now = LIFE_SECONDS
    assert (link.is_good(token), link.use(token)) == (False, False)


def test_a_newer_link_ends_the_one_before_and_none_is_kept_in_clear() -> None:
    link = OneTimeLink()
    first, second = link.make(), link.make()
    assert (link.is_good(first), link.is_good(second)) == (False, True)
    assert second not in repr(vars(link))


def test_of_all_who_use_a_link_at_once_one_gets_it() -> None:
    link = OneTimeLink()
    token = link.make()
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(link.use, [token] * 50))
    assert got.count(True) == 1


def test_the_owner_gets_a_password_and_is_logged_in(path: str, phone: Client) -> None:
    owner = the_owner()
    assert 'value="owner"' in phone.get(path).content.decode()
    answer = phone.post(path, fields("owner"))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    owner.refresh_from_db()
    assert (owner.check_password(PASSWORD), owner.is_superuser) == (True, True)
    assert phone.get("/admin/").status_code == 200


def test_any_other_name_makes_another_superuser(path: str, phone: Client) -> None:
    phone.post(path, fields("eva"))
    eva = User.objects.get(username="eva")
    assert (eva.is_superuser, eva.is_staff, eva.is_active) == (True, True, True)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (fields(password="12345678"), "This password is too common."),
        (fields(password="eva-eva-1", name="eva-eva-1"), "too similar to the username"),
        (fields(again="something else"), "The two passwords are not the same."),
        (fields(name="e va"), "Enter a valid username."),
        (fields(name="PABLO"), "That name is taken."),
        (fields(name="\u2800"), "visible"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_and_uses_nothing_up(
    path: str, phone: Client, given: dict[str, str], problem: str
) -> None:
    User.objects.create(username="pablo", password="!")
    assert problem in phone.post(path, given).content.decode()
    assert phone.post(path, fields()).status_code == 302


def test_a_used_link_makes_no_second_account(path: str, phone: Client) -> None:
    phone.post(path, fields("eva"))
    User.objects.all().delete()
    assert phone.get(path).status_code == 410
    assert phone.post(path, fields("thief")).status_code == 410
    assert not User.objects.filter(username="thief").exists()


def test_where_there_is_an_account_no_link_makes_another(path: str, phone: Client) -> None:
    User.objects.create_user("eva", password=PASSWORD)
    assert phone.post(path, fields("thief")).status_code == 410
    assert not User.objects.filter(username="thief").exists()


def test_an_owner_who_was_turned_off_stays_so(path: str, phone: Client) -> None:
    owner = the_owner()
    owner.is_active = False
    owner.save()
    assert "That name is taken." in phone.post(path, fields("owner")).content.decode()


def test_the_token_gets_into_no_log() -> None:
    assert without_secrets("GET /first-account/S3CRET/ failed") == "GET /first-account/***/ failed"
