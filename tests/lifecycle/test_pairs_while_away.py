"""Two causes in one tick, while a session's client is away, comes back, or takes over: one end.

What was said is kept, in the rows or, once it is caught up on, from the sound.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import AsyncClient

from sessions_app.config import conf
from sessions_app.consumers.allowance import reset_allowances
from sessions_app.live import session as live_session
from sessions_app.live.catching_up import catcher
from sessions_app.live.session import LiveSession
from sessions_app.live.states import LOGGED_OUT, EndCause, EndReason, State
from sessions_app.models import Conversation, Exchange, Resumption, SessionState, TranslationSession
from sessions_app.protocol import CloseCode
from sessions_app.recording.recovery import recover_recordings
from sessions_app.routing import reset_connection_rates
from sessions_app.server.database_guard import DatabaseGuard
from sessions_app.server.heartbeat import DELETED, ENDED_BY_OPERATOR, check_rows
from sessions_app.store import ownership
from sessions_app.store.catch_up import due_sessions
from tests.house import Client, House, client, eventually
from tests.lifecycle.test_pairs_of_causes import cancel, kill_a_worker, speak
from tests.locked import locked
from tests.resuming import LOST, resuming

SAID = ["hola", "agua"]
BOUND_SECONDS = 60.0
"""In which two dozen sessions have ended, on a busy machine."""


class Situation(Enum):
    """Where a session's client is."""

    AWAY = auto()
    COMES_BACK = auto()
    """Its new connection is about to be attached: what it is promised is being written."""
    TAKES_OVER = auto()
    """Likewise, and the connection before is still there."""


@dataclass(slots=True)
class Scene:
    """One session and its client's connections, in the order in which they came."""

    session: LiveSession
    connections: AsyncExitStack
    clients: list[Client]
    is_attaching: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: list["asyncio.Task[None]"] = field(default_factory=list)
    """What was begun that takes its time."""

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something happen beside the session."""
        self.under_way.append(asyncio.create_task(work))

    async def come_back(self) -> Client:
        """Connect with the ticket that its client had first."""
        coming = resuming(client, self.clients[0])
        newcomer: Client = await self.connections.enter_async_context(coming)
        self.clients.append(newcomer)
        return newcomer

    async def attach(self) -> None:
        """Come back, and say nothing."""
        await self.come_back()

    async def leave_for_good(self) -> None:
        """Come back to a session that lives, and leave it."""
        newcomer = await self.come_back()
        resumed = await newcomer.until("resumed")
        assert resumed["session_id"] == str(self.session.id)
        await newcomer.say("leave")
        assert await newcomer.close_code() == CloseCode.LEFT


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that may end a session, or touch its client."""

    act: Callable[[Scene], None]
    reason: str = ""
    """The one that it ends the session for; empty: the session lives."""
    is_at_once: bool = False
    """Whether it takes effect in the same tick."""


def ends(cause: EndCause) -> Cause:
    return Cause(lambda scene: scene.session.end(cause), cause.reason, is_at_once=True)


def attach_two(scene: Scene) -> None:
    scene.begin(scene.attach())
    scene.begin(scene.attach())


CAUSES = {
    "its time is over": ends(EndCause(EndReason.NOT_RESUMED, is_heard=False)),
    "the operator": ends(ENDED_BY_OPERATOR),
    "a logout": ends(LOGGED_OUT),
    "a deletion": ends(DELETED),
    "an abort": ends(EndCause(EndReason.CANCELLED, CloseCode.FAILED, is_graceful=False)),
    "its task is cancelled": Cause(lambda scene: cancel(scene.session), "failed"),
    "a worker dies": Cause(lambda scene: kill_a_worker(scene.session), "failed"),
    "two attach": Cause(attach_two),
}
OF_ITS_CLIENT = {
    "the client is lost": Cause(lambda scene: scene.begin(scene.clients[-1].leave(LOST))),
    "the client leaves": Cause(
        lambda scene: scene.begin(scene.clients[-1].say("leave")), "client_left"
    ),
}
BEFORE_IS_LOST = Cause(lambda scene: scene.begin(scene.clients[0].leave(LOST)))
NOTHING = Cause(lambda scene: None)
QUITTING = EndCause(EndReason.SERVER_QUITS, CloseCode.QUITTING)
QUIT, QUIT_AT_ONCE = ends(QUITTING), ends(replace(QUITTING, is_graceful=False))
LEFT_TO_NEXT = {"server_quits", "not_resumed"}
"""Why a session ends that a server left to the next one, to which nobody comes."""
Pair = tuple[Cause, Cause]


def causes_in(situation: Situation) -> list[Cause]:
    """Return the causes that there can be in a situation, but for a server that quits."""
    of_client = [] if situation is Situation.AWAY else OF_ITS_CLIENT.values()
    before = [BEFORE_IS_LOST] if situation is Situation.TAKES_OVER else []
    return [*CAUSES.values(), *of_client, *before]


def is_new(situation: Situation, first: Cause, second: Cause) -> bool:
    """Return whether another situation does not show the same: where no client has a part in it,
    one that takes over is like one that comes back."""
    of_client = {*OF_ITS_CLIENT.values(), BEFORE_IS_LOST, CAUSES["two attach"]}
    return situation is not Situation.TAKES_OVER or not of_client.isdisjoint({first, second})


def reasons_of(first: Cause, second: Cause) -> set[str]:
    """Return the reasons for which two causes may end a session.

    Where neither ends it, it lives until its client leaves.
    """
    at_once = [cause.reason for cause in (first, second) if cause.is_at_once]
    if at_once:
        return LEFT_TO_NEXT if at_once[0] == QUIT.reason else {at_once[0]}
    return {first.reason, second.reason} - {""} or {"client_left"}


class Pairs:
    """Lets pairs of causes meet in one situation, each in a session of its own."""

    def __init__(self, situation: Situation, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self._situation = situation
        self._house = house
        self._monkeypatch = monkeypatch
        self.expected: dict[str, set[str]] = {}
        """By session: the reasons that it may end for."""

    async def meet(
        self, pairs: list[Pair], *, is_locked: bool = False, is_quitting: bool = False
    ) -> None:
        """Let them meet, all at the same time; return when their sessions are over.

        ``is_locked``: while nothing can be written. ``is_quitting``: while nobody is let in.
        """
        reset_connection_rates()
        reset_allowances()
        registry = self._house.registry
        async with asyncio.timeout(BOUND_SECONDS), AsyncExitStack() as connections:
            scenes = await asyncio.gather(*(self._begin(connections) for _ in pairs))
            async with locked() if is_locked else nullcontext():
                if is_quitting:  # who comes later is not let in
                    await asyncio.gather(*map(self._approach, scenes))
                    registry.is_draining = True
                await asyncio.gather(*map(self._act, scenes, pairs))
            await asyncio.gather(*(task for scene in scenes for task in scene.under_way))
            is_alive = [scene for scene in scenes if scene.session.ending is None]
            await asyncio.gather(*(scene.leave_for_good() for scene in is_alive))
        await eventually(lambda: registry.sessions == {})
        for scene, pair in zip(scenes, pairs, strict=True):
            self.expected[str(scene.session.id)] = reasons_of(*pair)
            assert max(len(each.told("closed")) for each in scene.clients) <= 1
            assert scene.session.generation is not None
            assert scene.session.generation.leases == 0

    async def _begin(self, connections: AsyncExitStack) -> Scene:
        """Return a session with something to finish, whose client is away or will be replaced."""
        first = await connections.enter_async_context(client(resumable="1"))
        await speak(first)
        (session,) = [
            each
            for each in self._house.registry.sessions.values()
            if str(each.id) == first.told("ready")[0]["session_id"]
        ]
        scene = Scene(session, connections, [first])
        if self._situation is not Situation.TAKES_OVER:
            await first.leave(LOST)
            assert session.state is State.DETACHED
        if self._situation is not Situation.AWAY:
            self._watch(scene)
        return scene

    def _watch(self, scene: Scene) -> None:
        """Note when a connection is about to be attached."""
        attach = scene.session.attach

        async def attach_and_tell(*arguments: Any) -> bool:
            scene.is_attaching.set()
            return await attach(*arguments)

        self._monkeypatch.setattr(scene.session, "attach", attach_and_tell)

    async def _approach(self, scene: Scene) -> None:
        if self._situation is not Situation.AWAY and not scene.is_attaching.is_set():
            scene.begin(scene.attach())
            await scene.is_attaching.wait()

    async def _act(self, scene: Scene, pair: Pair) -> None:
        await self._approach(scene)
        for cause in pair:
            cause.act(scene)
        if scene.session.ending is not None:  # even if nothing can be written
            await eventually(lambda: scene.session.id not in self._house.registry.sessions)


LOST_ROWS = TranslationSession.objects.filter(state=SessionState.LOST)


async def check(expected: dict[str, set[str]], *, is_locked: bool = False) -> None:
    """Check that every session ended once, for one of its reasons, and its words are kept.

    What was not heard of one that was cut off may wait to be caught up on. ``is_locked``: they
    ended while nothing could be written, and their process did not wait for that.
    """
    for session_id, reasons in expected.items():
        row = await TranslationSession.objects.aget(pk=session_id)
        said = Exchange.objects.filter(session=row).order_by("start_seconds")
        if is_locked and row.state == SessionState.LOST:
            assert [each.source async for each in said] in (SAID, SAID[:1], [])
            continue  # a busy machine had no time to write it; its sound is kept
        assert row.reason.removesuffix("_cut_off") in reasons
        assert row.close_count == 1
        is_whole = row.unfinished_samples == 0
        assert [each.source async for each in said] == (SAID if is_whole else SAID[:1]), row.reason


async def close_what_nobody_resumes(house: House) -> None:
    """Do what the next process does about sessions whose clients do not come any more."""
    await house.restart()
    await Resumption.objects.aupdate(seconds=0)
    await ownership.mark_lost(house.registry.boot)
    await recover_recordings(house.registry.boot)
    assert list(conf.recordings_dir().glob("**/*.part")) == []
    cut_off = TranslationSession.objects.filter(unfinished_samples__gt=0)
    due = {pk for pk, _ in await due_sessions(house.registry.boot, house.registry.sound_directory)}
    lost = {pk async for pk in LOST_ROWS.values_list("pk", flat=True)}
    assert {pk async for pk in cut_off.values_list("pk", flat=True)} == due - lost


@pytest.mark.parametrize("situation", Situation, ids=lambda each: each.name)
async def test_the_first_of_two_causes_wins_and_all_ends_once(
    situation: Situation, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.restart(recording="off")
    pairs = Pairs(situation, house, monkeypatch)
    causes = causes_in(situation)
    for first in causes:
        met = [(first, second) for second in causes if is_new(situation, first, second)]
        await pairs.meet(met)
    await check(pairs.expected)


@pytest.mark.parametrize("situation", Situation, ids=lambda each: each.name)
async def test_each_cause_ends_it_once_while_the_database_is_away(
    situation: Situation, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_session, "STORED_SECONDS", 0.1)  # nothing is stored meanwhile
    pairs = Pairs(situation, house, monkeypatch)
    await pairs.meet([(cause, NOTHING) for cause in causes_in(situation)], is_locked=True)
    await close_what_nobody_resumes(house)
    await check(pairs.expected, is_locked=True)


@pytest.mark.parametrize("situation", Situation, ids=lambda each: each.name)
async def test_a_quit_and_another_cause_end_it_once(
    situation: Situation, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = Pairs(situation, house, monkeypatch)
    causes = [*causes_in(situation), QUIT_AT_ONCE]
    both_ways = [pair for cause in causes for pair in ((QUIT, cause), (cause, QUIT))]
    await pairs.meet(both_ways, is_quitting=True)
    await close_what_nobody_resumes(house)
    await check(pairs.expected)


async def test_what_two_causes_cut_off_is_caught_up_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catcher, "TURN_SECONDS", 0.001)  # nobody speaks
    pairs = Pairs(Situation.TAKES_OVER, house, monkeypatch)
    causes = causes_in(Situation.TAKES_OVER)
    await pairs.meet(list(zip(causes, causes[1:] + causes[:1], strict=True)))
    await close_what_nobody_resumes(house)
    assert await catcher.Catcher(house.registry).work_off() == 0
    await check(pairs.expected)
    assert not await TranslationSession.objects.filter(unfinished_samples__gt=0).aexists()


# --- what the server sees in the rows


async def delete_user(user: User) -> None:
    await user.adelete()


async def log_out(_: User) -> None:
    await Session.objects.all().adelete()


async def delete_conversations(user: User) -> None:
    await Conversation.objects.filter(user=user).adelete()


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (delete_user, CloseCode.LOGIN_FIRST),
        (log_out, CloseCode.LOGIN_FIRST),
        (delete_conversations, CloseCode.FAILED),
    ],
)
async def test_what_ends_in_the_rows_ends_wherever_its_client_is(
    end: Callable[[User], Awaitable[None]], code: CloseCode, house: House
) -> None:
    eva, browser = await User.objects.acreate_user("eva"), AsyncClient()
    await browser.aforce_login(eva)
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value
    hers: dict[str, Any] = {"peer": "192.0.2.7", "cookie": f"{settings.SESSION_COOKIE_NAME}={key}"}
    async with AsyncExitStack() as stack:
        firsts = [await stack.enter_async_context(client(resumable="1", **hers)) for _ in Situation]
        for first in firsts:
            await speak(first)
        away, comes_back, taken_over = firsts
        await away.leave(LOST)
        await comes_back.leave(LOST)
        coming = [
            asyncio.create_task(stack.enter_async_context(resuming(client, first, **hers)))
            for first in (comes_back, taken_over)
        ]
        await end(eva)
        await check_rows(house.registry, DatabaseGuard(house.registry, print), is_beat=True)
        for each in (taken_over, *await asyncio.gather(*coming)):
            assert await each.close_code() in (code, CloseCode.TAKEN_OVER)
        await eventually(lambda: house.registry.sessions == {})
    rows = [(row.reason, row.close_count) async for row in TranslationSession.objects.all()]
    assert rows == ([("logged_out", 1)] * len(Situation) if end is log_out else [])
    assert list(conf.recordings_dir().glob("**/*.part")) == []
