"""Who may connect: the owner on the machine, whoever logged in, and nobody from a foreign page."""

from contextlib import AsyncExitStack

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import Client as Browser

from sessions_app.live.states import State
from sessions_app.models import Conversation, TranslationSession
from sessions_app.server.heartbeat import ENDED_BY_OPERATOR
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.resuming import LOST, resuming
from tests.sounds import say


async def refusal(browser: Client) -> tuple[int, list[tuple[str, bool]]]:
    code = await browser.close_code()
    return code, [(m["code"], m["fatal"]) for m in browser.told("error")]


async def cookie_of(name: str) -> tuple[User, str]:
    user = await get_user_model().objects.acreate_user(name, password="a long word")
    browser = Browser()
    await sync_to_async(browser.force_login)(user)
    cookie = settings.SESSION_COOKIE_NAME
    return user, f"{cookie}={browser.cookies[cookie].value}"


async def test_a_full_house_says_so_and_takes_the_next_when_one_leaves(
    house: House, connect: Connect
) -> None:
    await house.restart(max_sessions=2)
    async with connect() as ana, connect():
        async with connect(is_ready=False) as late:
            assert await refusal(late) == (4013, [("full", True)])
        assert late.told("error")[0]["message"] == "All 2 places are taken; come back later."
        assert await ana.still_works()
        await ana.leave()
        async with connect() as next_one:
            await next_one.speak(say("hola"))
    assert next_one.texts() == ["hola"]


async def test_who_leaves_sessions_in_all_places_without_a_client_shuts_nobody_out(
    house: House, connect: Connect
) -> None:
    for _ in range(64):
        async with connect(resumable="1") as gone:
            await gone.leave(LOST)
    assert [s.state for s in house.registry.sessions.values()] == [State.DETACHED] * 64
    _, cookie = await cookie_of("ana")
    async with AsyncExitStack() as stack:
        for _ in range(8):
            ana = await stack.enter_async_context(connect(peer="192.0.2.7", cookie=cookie))
            await ana.say("text_input", text="hola")
            await ana.until("translation")
        await eventually(lambda: len(house.registry.sessions) == 64)
    async with resuming(connect, gone) as back:
        await back.until("resumed")
    house.registry.end(list(house.registry.sessions), ENDED_BY_OPERATOR)
    gave_way = TranslationSession.objects.filter(reason="gave_way").order_by("started_at")
    longest_away = TranslationSession.objects.order_by("started_at")[:8]
    assert [row.pk async for row in gave_way] == [row.pk async for row in longest_away]


async def test_nobody_but_the_owner_has_all_places(house: House, connect: Connect) -> None:
    await house.restart(max_sessions=12)
    _, cookie = await cookie_of("ana")
    async with AsyncExitStack() as stack:
        anas = [
            await stack.enter_async_context(connect(peer="192.0.2.7", cookie=cookie))
            for _ in range(8)
        ]
        async with connect(peer="192.0.2.7", cookie=cookie, is_ready=False) as ninth:
            assert await refusal(ninth) == (4013, [("too_many_sessions", True)])
        for _ in range(4):
            await stack.enter_async_context(connect())
        await anas[0].leave()
        async with connect(peer="192.0.2.7", cookie=cookie) as next_one:
            assert await next_one.still_works()


async def test_the_share_of_a_user_can_be_set_for_all(house: House, connect: Connect) -> None:
    await house.restart(max_sessions_per_user=1)
    async with connect(), connect(is_ready=False) as second:
        assert await refusal(second) == (4013, [("too_many_sessions", True)])


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "https://localhost.evil.example", "null", "http://localhost:1"],
)
async def test_a_foreign_page_is_refused(connect: Connect, origin: str) -> None:
    async with connect(origin=origin, is_ready=False) as browser:
        assert await refusal(browser) == (4403, [("wrong_origin", True)])
    assert await TranslationSession.objects.acount() == 0


async def test_a_foreign_host_name_is_refused(connect: Connect) -> None:
    async with connect(host="evil.example", origin=None, is_ready=False) as browser:
        assert await refusal(browser) == (4403, [("wrong_origin", True)])


async def test_a_program_at_the_machine_is_let_in(connect: Connect) -> None:
    async with connect(origin=None) as browser:
        await browser.speak(say("hola"))
    assert browser.texts() == ["hola"]


async def test_a_stranger_from_elsewhere_is_told_to_log_in(connect: Connect) -> None:
    async with connect(peer="192.0.2.7", is_ready=False) as browser:
        assert await refusal(browser) == (4401, [("login_required", True)])
    assert await TranslationSession.objects.acount() == 0


async def test_what_a_proxy_sends_on_is_not_from_this_machine(connect: Connect) -> None:
    proxied = {"x-forwarded-for": "192.0.2.7"}
    async with connect(headers=proxied, is_ready=False) as browser:
        assert await refusal(browser) == (4401, [("login_required", True)])


async def test_a_wrong_cookie_lets_nobody_in(connect: Connect) -> None:
    cookie = f"{settings.SESSION_COOKIE_NAME}=wrong"
    async with connect(peer="192.0.2.7", cookie=cookie, is_ready=False) as browser:
        assert await refusal(browser) == (4401, [("login_required", True)])


async def test_who_logged_in_has_rows_of_their_own(connect: Connect) -> None:
    ana, cookie = await cookie_of("ana")
    async with connect(peer="192.0.2.7", cookie=cookie) as browser:
        await browser.speak(say("hola"))
    async with connect() as owner:
        await owner.speak(say("mundo"))
    hers = await Conversation.objects.aget(user=ana)
    assert str(hers.pk) == browser.told("ready")[0]["conversation_id"]
    assert await Conversation.objects.exclude(user=ana).acount() == 1


async def test_who_logged_in_through_a_proxy_is_let_in(connect: Connect) -> None:
    ana, cookie = await cookie_of("ana")
    async with connect(headers={"x-forwarded-for": "192.0.2.7"}, cookie=cookie) as browser:
        await browser.speak(say("hola"))
    assert browser.texts() == ["hola"]
    assert await Conversation.objects.filter(user=ana).acount() == 1


async def test_one_user_cannot_go_on_with_the_conversation_of_another(connect: Connect) -> None:
    _, anas = await cookie_of("ana")
    _, bobs = await cookie_of("bob")
    async with connect(peer="192.0.2.7", cookie=anas) as ana:
        pass
    hers = ana.told("ready")[0]["conversation_id"]
    async with connect(peer="192.0.2.7", cookie=bobs, conversation=hers) as bob:
        pass
    assert bob.problems() == [("unknown_conversation", "query")]


async def test_what_is_said_to_a_closed_door_is_not_heard(connect: Connect) -> None:
    async with connect(origin="http://evil.example", is_ready=False) as browser:
        assert (await refusal(browser))[0] == 4403
        await browser.say("text_input", text="hola")
        await browser.send_sound(say("hola"))
    assert await TranslationSession.objects.acount() == 0


async def test_the_status_lists_to_a_user_only_their_own_sessions(
    connect: Connect, house: House
) -> None:
    async with connect():
        owners = house.registry.status()["sessions"]
        others = house.registry.status(user_id=-1)
        assert (len(owners), others["sessions"], others["live"]) == (1, [], 1)
