"""Tests of the tickets of viewers: their REST routes, and the page they open."""

from datetime import timedelta
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from sessions_app.core.qr_codes import qr_svg
from sessions_app.models import (
    Conversation,
    Server,
    SessionState,
    TranslationSession,
    WatchTicket,
)
from sessions_app.store.tickets import MOST_TICKETS, end_tickets, withdraw
from tests.sessions_app.kept import at_home, keep_conversation, keep_session, the_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Client:
    """Return a program at the machine itself: it has no cookies and knows no CSRF token."""
    return at_home(enforce_csrf_checks=True)


@pytest.fixture
def stranger() -> Client:
    """Return a browser elsewhere, in which nobody logged in."""
    return Client(headers={"host": "localhost:8000", "x-forwarded-for": "192.0.2.7"})


@pytest.fixture
def session() -> TranslationSession:
    return keep_session(keep_conversation(the_owner()), "uno|one", state=SessionState.OPEN)


def tickets_of(session: TranslationSession) -> str:
    return f"/api/sessions/{session.pk}/tickets"


def page_of(ticket: dict[str, str]) -> str:
    return ticket["address"].removeprefix("http://localhost:8000")


def test_a_ticket_is_made_with_an_address_that_is_told_once(program, session):
    answer = program.post(tickets_of(session))
    assert answer.status_code == 201
    ticket = answer.json()
    row = WatchTicket.objects.get()
    assert (ticket["id"], ticket["session_id"]) == (str(row.pk), str(session.pk))
    assert ticket["conversation_id"] == str(session.conversation_id)
    assert (ticket["withdrawn_at"], ticket["ended_at"]) == (None, None)
    assert row.expires_at - row.created_at > timedelta(hours=23)
    secret = page_of(ticket).removeprefix("/watch/").removesuffix("/")
    assert len(secret) == 43  # 256 bits
    assert secret not in str(WatchTicket.objects.values().get())
    listed = program.get(tickets_of(session)).json()
    told_once = {"address", "is_local", "qr"}
    assert listed == {
        "items": [{name: value for name, value in ticket.items() if name not in told_once}],
        "count": 1,
    }


def test_a_ticket_made_on_the_machine_itself_says_that_nobody_else_can_use_it(program, session):
    ticket = program.post(tickets_of(session)).json()
    assert ticket["address"].startswith("http://localhost:8000/watch/")
    assert ticket["is_local"] is True
    assert ticket["qr"] == qr_svg(ticket["address"])


def test_a_code_of_an_address_is_a_picture():
    picture = unquote(qr_svg("https://habla.test/watch/abc/").partition(",")[2])
    assert picture.startswith("<svg")
    assert picture.endswith("</svg>")
    assert qr_svg("https://habla.test/1") != qr_svg("https://habla.test/2")


def test_each_ticket_says_how_many_read_by_it(program, session):
    one, other = (program.post(tickets_of(session)).json()["id"] for _ in range(2))
    for boot, viewers in (("a", {one: 2, str(session.conversation_id): 3}), ("b", {one: 1})):
        Server.objects.create(boot=boot, pid=1, viewers=viewers)
    listed = program.get(tickets_of(session)).json()["items"]
    assert {each["id"]: each["viewers"] for each in listed} == {one: 3, other: 0}


def test_two_tickets_are_never_the_same(program, session):
    addresses = {program.post(tickets_of(session)).json()["address"] for _ in range(3)}
    assert len(addresses) == 3


def end(session: TranslationSession) -> None:
    TranslationSession.objects.filter(pk=session.pk).update(state=SessionState.CLOSED)


def begin_anew(session: TranslationSession) -> TranslationSession:
    """Let a session leave its conversation for a new one; return it."""
    begun = keep_conversation(the_owner())
    TranslationSession.objects.filter(pk=session.pk).update(current_conversation=begun)
    end_tickets(session.conversation_id, timezone.now())
    session.refresh_from_db()
    return session


def test_a_conversation_that_no_session_writes_to_gets_no_ticket(program, session):
    end(session)
    answer = program.post(tickets_of(session))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_live")


def test_a_ticket_is_that_of_the_conversation_whichever_session_goes_on_with_it(program, session):
    ticket = program.post(tickets_of(session)).json()
    end(session)
    later = keep_session(session.conversation, "dos|two", state=SessionState.OPEN)
    assert [each["id"] for each in program.get(tickets_of(later)).json()["items"]] == [ticket["id"]]
    more = program.post(tickets_of(session)).json()  # by the id of the session that has ended
    assert more["conversation_id"] == str(later.conversation_id)
    assert program.delete(f"{tickets_of(later)}/{ticket['id']}").status_code == 204
    assert WatchTicket.objects.get(pk=ticket["id"]).withdrawn_at is not None


def test_a_session_stands_for_the_conversation_that_it_writes_to_at_that_moment(program, session):
    before = program.post(tickets_of(session)).json()
    current = begin_anew(session).current_conversation_id
    ticket = program.post(tickets_of(session)).json()
    assert (ticket["session_id"], ticket["conversation_id"]) == (str(session.pk), str(current))
    listed = program.get(tickets_of(session)).json()["items"]
    assert [each["id"] for each in listed] == [ticket["id"]]
    assert program.delete(f"{tickets_of(session)}/{before['id']}").status_code == 204


def test_a_ticket_ends_once_when_its_conversation_is_left(program, stranger, session):
    page = page_of(program.post(tickets_of(session)).json())
    begin_anew(session)
    ended_at = WatchTicket.objects.get().ended_at
    assert ended_at is not None
    end_tickets(session.conversation_id, timezone.now())
    assert WatchTicket.objects.get().ended_at == ended_at
    answer = stranger.get(page)
    assert (answer.status_code, "shared here is over" in answer.text) == (410, True)


def test_a_conversation_has_so_many_good_tickets_and_no_more(program, session):
    for _ in range(MOST_TICKETS):
        assert program.post(tickets_of(session)).status_code == 201
    answer = program.post(tickets_of(session))
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_tickets")
    withdraw(the_owner(), session.pk, WatchTicket.objects.earliest("created_at").pk)
    assert program.post(tickets_of(session)).status_code == 201


def test_withdrawing_twice_is_fine(program, session):
    ticket = program.post(tickets_of(session)).json()
    address = f"{tickets_of(session)}/{ticket['id']}"
    assert program.delete(address).status_code == 204
    withdrawn_at = WatchTicket.objects.get().withdrawn_at
    assert program.delete(address).status_code == 204
    assert WatchTicket.objects.get().withdrawn_at == withdrawn_at
    assert program.delete(f"{tickets_of(session)}/{uuid4()}").status_code == 404


def test_nobody_shares_or_withdraws_what_is_anothers(program, session):
    other = keep_conversation(User.objects.create_user("eva"))
    theirs = keep_session(other, state=SessionState.OPEN)
    assert program.post(tickets_of(theirs)).status_code == 404
    assert program.get(tickets_of(theirs)).status_code == 404
    mine = program.post(tickets_of(session)).json()
    assert program.delete(f"{tickets_of(theirs)}/{mine['id']}").status_code == 404
    assert WatchTicket.objects.get().withdrawn_at is None


def test_a_stranger_makes_no_ticket_but_opens_the_page_of_one(program, stranger, session):
    assert stranger.post(tickets_of(session)).status_code == 401
    page = stranger.get(page_of(program.post(tickets_of(session)).json()))
    assert page.status_code == 200
    assert 'id="watch"' in page.text
    assert "/history/" not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in page.headers["Cache-Control"]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_the_page_of_a_ticket_that_is_no_good_says_so_in_plain_words(program, stranger, session):
    page = page_of(program.post(tickets_of(session)).json())
    WatchTicket.objects.update(expires_at=timezone.now())
    expired = stranger.get(page)
    assert (expired.status_code, "good for a day" in expired.text) == (410, True)
    withdraw(the_owner(), session.pk, WatchTicket.objects.get().pk)
    withdrawn = stranger.get(page, headers={"accept-language": "es"})
    assert (withdrawn.status_code, "ha dejado de compartirla" in withdrawn.text) == (410, True)
    unknown = stranger.get("/watch/nothing/")
    assert (unknown.status_code, "wrong or incomplete" in unknown.text) == (404, True)
    assert all("<script type" not in p.text.split("js/preferences")[1] for p in (expired, unknown))


def test_deleting_a_session_deletes_its_tickets(program, session):
    program.post(tickets_of(session))
    TranslationSession.objects.update(state=SessionState.CLOSED)
    assert program.delete(f"/api/sessions/{session.pk}").status_code == 204
    assert WatchTicket.objects.count() == 0


def test_a_ticket_outlives_the_session_for_which_it_was_made(program, stranger, session):
    page = page_of(program.post(tickets_of(session)).json())
    end(session)
    later = keep_session(session.conversation, "dos|two", state=SessionState.OPEN)
    assert program.delete(f"/api/sessions/{session.pk}").status_code == 204
    (ticket,) = program.get(tickets_of(later)).json()["items"]
    assert ticket["session_id"] is None
    assert stranger.get(page).status_code == 200


def test_a_conversation_that_was_only_begun_is_deleted_with_its_session(program, session):
    begin_anew(session)
    page = page_of(program.post(tickets_of(session)).json())
    end(session)
    assert program.delete(f"/api/sessions/{session.pk}").status_code == 204
    assert (Conversation.objects.count(), WatchTicket.objects.count()) == (0, 0)
    assert program.get(page).status_code == 404
