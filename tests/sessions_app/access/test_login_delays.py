"""Whoever guesses passwords waits ever longer; nobody else waits."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import aauthenticate, authenticate
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client, RequestFactory

from sessions_app.access import hashing
from sessions_app.access.hashing import MAX_RUNNING, MAX_WAITING, HashingPool
from sessions_app.core.errors import LoginDelayedError
from sessions_app.models import LoginDelay
from sessions_app.store import login_delays
from sessions_app.store.login_delays import ADDRESS, NAME, PAIR, begin_attempt
from tests.sessions_app.core.test_steady_clock import YEAR, Machine

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

EVA, MALLORY = "203.0.113.7", "198.51.100.9"
PASSWORD = "correct horse battery"


def fail(name: str, address: str, times: int = 1) -> None:
    """Make logins fail, each as soon as it may be tried."""
    for _ in range(times):
        if wait := seconds(name, address):
            later(wait)
        begin_attempt(name, address).failed()


def seconds(name: str, address: str) -> int:
    """Return how long a login has to wait now; 0: it may be tried."""
    try:
        begin_attempt(name, address).withdrawn()
    except LoginDelayedError as error:
        return error.seconds
    return 0


def later(seconds: float) -> None:
    """Let time pass, as far as the delays are concerned."""
    LoginDelay.objects.update(failed_at=F("failed_at") - timedelta(seconds=seconds))


def test_each_failure_doubles_the_wait_up_to_two_minutes() -> None:
    waits = []
    for _ in range(14):
        fail("eva", EVA)
        waits.append(seconds("eva", EVA))
        later(waits[-1])
    assert waits[:2] == [0, 0]
    assert waits[2:5] == [1, 2, 4]
    assert waits == sorted(waits)
    assert waits[-1] == 120


@pytest.mark.parametrize("limit", [PAIR, NAME, ADDRESS])
def test_no_wait_is_longer_than_its_longest(limit: login_delays.FailureLimit) -> None:
    failures = 0.0
    for _ in range(1_000):
        failures = limit.with_one_more(failures)
    assert limit.delay(failures) == limit.longest_seconds
    # forgotten in the end, however many logins failed
    assert limit.left_of(failures, 24 * 3600) == 0


def test_the_true_user_gets_in_from_elsewhere_while_somebody_guesses() -> None:
    for _ in range(60):
        fail("eva", MALLORY)
        later(seconds("eva", MALLORY))
    assert seconds("eva", MALLORY) == 0
    fail("eva", MALLORY)
    assert seconds("eva", MALLORY) > 60
    assert seconds("eva", EVA) == 0


def test_many_who_guess_one_name_together_wait_and_who_is_known_does_not() -> None:
    begin_attempt("eva", EVA).succeeded()
    for number in range(12):
        fail("eva", f"198.51.100.{number}")
    assert seconds("eva", "198.51.100.77") >= 2
    assert seconds("eva", EVA) == 0
    assert seconds("ana", "198.51.100.77") == 0


def test_who_tries_many_names_waits_and_who_is_known_there_does_not() -> None:
    begin_attempt("eva", MALLORY).succeeded()
    for number in range(ADDRESS.free + 6):
        fail(f"name {number}", MALLORY)
    assert seconds("yet another", MALLORY) >= 2
    assert seconds("eva", MALLORY) == 0
    assert seconds("yet another", EVA) == 0


def test_forty_behind_one_address_get_in_though_each_mistypes_once() -> None:
    names = [f"pupil {number}" for number in range(40)]
    for name in names:
        begin_attempt(name, EVA).failed()
    for name in names:
        begin_attempt(name, EVA).succeeded()  # nobody has to wait, or it would raise


def test_many_tried_at_once_are_counted_before_they_fail() -> None:
    for _ in range(PAIR.free):
        begin_attempt("eva", EVA)
    assert seconds("eva", EVA) >= 1


def test_a_login_that_succeeds_forgets_what_failed_there() -> None:
    fail("eva", EVA, 2)
    begin_attempt("eva", EVA).succeeded()
    fail("eva", EVA, 2)
    assert seconds("eva", EVA) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("eva", EVA), ("EVA", EVA)),
        (("eva", EVA), (" eva ", EVA)),
        (("eva", "2001:db8::1"), ("eva", "2001:db8::ffff:ffff")),
        (("eva", EVA), ("eva", f"::ffff:{EVA}")),
        (("ﬁn", EVA), ("fin", EVA)),
    ],
)
def test_another_spelling_is_no_other_name_or_address(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    fail(*one, PAIR.free)
    assert seconds(*other) >= 1


def test_a_clock_that_is_set_back_keeps_nobody_out() -> None:
    fail("eva", EVA, PAIR.free)
    later(-3600)
    assert seconds("eva", EVA) == 1
    later(1)
    assert seconds("eva", EVA) == 0


def test_a_clock_that_is_set_frees_nobody_and_keeps_nobody_waiting_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine()
    machine.offset = time.time()
    monkeypatch.setattr(login_delays, "even_clock", machine.clock())
    fail("eva", EVA, PAIR.free + 5)
    for jump in (YEAR, -2 * YEAR):
        machine.offset += jump
        assert seconds("eva", EVA) == 32
    machine.seconds += 31
    assert seconds("eva", EVA) == 1
    machine.seconds += 1
    assert seconds("eva", EVA) == 0
    # one that begins by a clock that is behind: nobody waits longer than it may take
    fail("eva", EVA)
    machine.offset -= YEAR
    monkeypatch.setattr(login_delays, "even_clock", machine.clock())
    assert seconds("eva", EVA) == 64


def test_the_table_holds_no_names_and_does_not_grow_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(login_delays, "MOST_ROWS", 10)
    for number in range(30):
        fail(f"name {number}", f"198.51.100.{number}")
    assert LoginDelay.objects.count() <= 12
    assert not LoginDelay.objects.filter(key__contains="name").exists()
    later(25 * 3600)
    fail("eva", EVA)
    assert LoginDelay.objects.count() == 3


# --- the login backend


def test_every_caller_of_authenticate_passes_the_delay(rf: RequestFactory) -> None:
    User.objects.create_user("eva", password=PASSWORD)
    request = rf.post("/", REMOTE_ADDR=EVA)
    for _ in range(PAIR.free):
        assert authenticate(request, username="eva", password="wrong") is None
    later(-60)  # from now on again, however slow this machine is
    with pytest.raises(LoginDelayedError):
        authenticate(request, username="eva", password=PASSWORD)
    later(1)
    user = authenticate(request, username="eva", password=PASSWORD)
    assert user is not None
    assert authenticate(request, username="eva") is None


@pytest.mark.django_db(transaction=True)
async def test_there_is_no_way_round_for_whoever_must_not_block(rf: RequestFactory) -> None:
    request = rf.post("/", REMOTE_ADDR=EVA)
    await sync_to_async(fail)("eva", EVA, PAIR.free + 4)
    with pytest.raises(LoginDelayedError):
        await aauthenticate(request, username="eva", password=PASSWORD)


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_both_pages_say_how_long_to_wait(path: str) -> None:
    User.objects.create_superuser("eva", password=PASSWORD)
    browser = Client(REMOTE_ADDR=EVA)
    wrong = {"username": "eva", "password": "wrong"}
    assert [browser.post(path, wrong).status_code for _ in range(PAIR.free)] == [200] * PAIR.free
    later(-60)  # from now on again, however slow this machine is
    answer = browser.post(path, wrong | {"password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "Try again in a second." in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    later(-60)
    spanish = browser.post(path, wrong, headers={"accept-language": "es"})
    assert "Demasiados inicios de sesión fallidos." in spanish.text
    later(1)
    assert browser.post(path, wrong | {"password": PASSWORD}).status_code == 302


def test_a_failure_is_logged_with_its_name_and_address_and_no_password(
    caplog: pytest.LogCaptureFixture, rf: RequestFactory
) -> None:
    name = "e\x1b[2Jva\u202e\n" + "a" * 500
    authenticate(rf.post("/", REMOTE_ADDR=EVA), username=name, password="s3cret")
    lines = [record.getMessage() for record in caplog.records if "login" in record.name]
    assert len(lines) == 1
    assert lines[0].startswith("login as 'e�[2Jva��aaa")
    assert lines[0].endswith(f"…' from {EVA} failed")
    assert len(lines[0]) < 150
    assert "s3cret" not in caplog.text


# --- passwords


@pytest.mark.parametrize("password", ["short", "password123", "20261128", "eva-the-reader"])
def test_a_password_that_is_guessed_at_once_is_refused(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_user("eva-the-reader", password=PASSWORD)
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    added = {"username": "ana", "password1": password, "password2": password}
    if password != "eva-the-reader":
        answer = browser.post("/admin/auth/user/add/", added | {"usable_password": "true"})
        assert (answer.status_code, User.objects.filter(username="ana").count()) == (200, 0)
    monkeypatch.setattr("getpass.getpass", lambda prompt: password)
    with pytest.raises(CommandError, match="Aborting password change"):
        call_command("changepassword", "eva-the-reader", stdout=None, stderr=None)
    assert User.objects.get(username="eva-the-reader").check_password(PASSWORD)


def test_no_more_than_two_are_hashed_at_once_and_not_too_many_wait() -> None:
    pool, may_end = HashingPool(), threading.Event()
    busy, most = [], []

    def work() -> int:
        busy.append(1)
        most.append(len(busy))
        assert may_end.wait(30)
        return busy.pop()

    places, too_many = MAX_RUNNING + MAX_WAITING, 5
    with ThreadPoolExecutor(places + too_many) as people:
        asking = [people.submit(pool.run, work) for _ in range(places + too_many)]
        answers = as_completed(asking, timeout=30)
        # nobody is done before `may_end`: who has an answer now was refused
        refused = [next(answers).exception() for _ in range(too_many)]
        may_end.set()
        assert sum(each.exception(30) is None for each in asking) == places
    assert max(most) == MAX_RUNNING
    assert [getattr(one, "seconds", 0) for one in refused] == [hashing.RETRY_SECONDS] * too_many


def test_a_hash_that_django_made_is_good(settings: Any) -> None:
    ours = settings.PASSWORD_HASHERS
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    before = make_password(PASSWORD)
    settings.PASSWORD_HASHERS = ours
    assert check_password(PASSWORD, before)
    assert not check_password("wrong", before)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    assert check_password(PASSWORD, before)
