"""A guest, such as a playback, plays into a session: it ends with that session, and no other."""

import asyncio
from contextlib import suppress

import pytest

from sessions_app.core.audio import Encoding, count_samples
from sessions_app.core.errors import CommandError, EngineError, GuestEndedError
from sessions_app.live.guests import GuestInput
from sessions_app.live.session import LiveSession
from sessions_app.models import Exchange, TranslationSession
from sessions_app.protocol import StartListening
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.sounds import chunks, say, silence

PCM = StartListening(type="start_listening", encoding=Encoding.PCM_S16LE, sample_rate=16_000)


class Visitor:
    """Refuses other guests while it is there."""

    def refusal(self) -> CommandError:
        return CommandError("Somebody visits this session.", code="visited")


class Reader(Visitor):
    """A guest that hands in sound, then waits until it is dismissed, or goes by itself."""

    def __init__(self, pcm: bytes, *, stays: bool = False) -> None:
        self._pcm = pcm
        self._stays = stays
        self._woken = asyncio.Event()
        self.samples = 0
        self.notes: list[str] = []

    async def run(self, guest_input: GuestInput) -> None:
        try:
            await guest_input.start_listening(PCM)
            for chunk in chunks(self._pcm, 0.25):
                self.samples = await guest_input.feed(chunk)
            self.notes.append("read")
            if self._stays:
                await self._woken.wait()
            await guest_input.stop_listening()
            self.notes.append("told")
        except GuestEndedError:
            self.notes.append("dismissed")
        except asyncio.CancelledError:
            self.notes.append("cancelled")
            raise

    def wake(self) -> None:
        self._woken.set()


class Passer(Visitor):
    """A guest that hands in one finished utterance after the other."""

    def __init__(self, *utterances: bytes) -> None:
        self._utterances = utterances
        self.notes: list[str] = []

    async def run(self, guest_input: GuestInput) -> None:
        for pcm in self._utterances:
            await guest_input.interpret(pcm, 0)
        await guest_input.told()
        self.notes.append("told")

    def wake(self) -> None:
        pass


def session_of(house: House, browser: Client) -> LiveSession:
    (ready,) = browser.told("ready")
    return next(s for s in house.registry.sessions.values() if str(s.id) == ready["session_id"])


async def kept() -> list[str]:
    return [exchange.source async for exchange in Exchange.objects.order_by("pk")]


async def test_what_a_guest_brings_is_heard_to_the_last_sample(
    house: House, connect: Connect
) -> None:
    pcm = say("hola mundo") + silence(1) + say("agua")
    async with connect() as browser:
        guest = Reader(pcm)
        session_of(house, browser).receive(guest)
        await eventually(lambda: guest.notes == ["read", "told"])
        assert guest.samples == count_samples(pcm)
        await browser.still_works()
        assert browser.texts() == ["hola mundo", "agua"]
        assert browser.told("listening_started") == browser.told("listening_stopped") == []
    assert await kept() == ["hola mundo", "agua"]


async def test_finished_utterances_go_straight_to_their_words(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        guest = Passer(say("hola"), say("agua"))
        session_of(house, browser).receive(guest)
        await eventually(lambda: guest.notes == ["told"])
        await browser.still_works()
        assert browser.texts() == ["hola", "agua"]
    assert await kept() == ["hola", "agua"]


async def test_leaving_ends_this_sessions_guest_and_no_others(
    house: House, connect: Connect
) -> None:
    stays, leaves = Reader(say("hola"), stays=True), Reader(say("agua"), stays=True)
    async with connect() as one:
        session_of(house, one).receive(stays)
        async with connect() as other:
            session_of(house, other).receive(leaves)
            await eventually(lambda: stays.notes == leaves.notes == ["read"])
        assert leaves.notes == ["read", "dismissed"]
        assert stays.notes == ["read"]
        assert await one.still_works()
    assert stays.notes == ["read", "dismissed"]
    assert sorted(await kept()) == ["agua", "hola"]


async def test_what_it_brought_is_told_before_it_has_to_go(house: House, connect: Connect) -> None:
    await house.restart(transcriber={"delay_seconds": 0.3})
    async with connect() as browser:
        session = session_of(house, browser)
        guest = Reader(say("hola"), stays=True)
        session.receive(guest)
        await eventually(lambda: guest.notes == ["read"])
        await session.end_guest()
        assert guest.notes == ["read", "dismissed"]
        assert session.guest is None
        await browser.still_works()
        assert browser.texts() == ["hola"]
        await browser.speak(say("agua"))
        assert browser.texts() == ["hola", "agua"]


async def test_a_new_conversation_sends_the_guest_away_first(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        guest = Reader(say("hola"), stays=True)
        session_of(house, browser).receive(guest)
        await eventually(lambda: guest.notes == ["read"])
        await browser.say("new_conversation")
        begun = await browser.until("conversation_started")
        assert guest.notes == ["read", "dismissed"]
        assert browser.texts() == ["hola"]
    exchange = await Exchange.objects.aget()
    assert str(exchange.conversation_id) != begun["conversation_id"]


async def test_nobody_else_is_heard_while_a_guest_is_there(house: House, connect: Connect) -> None:
    async with connect() as browser:
        session = session_of(house, browser)
        guest = Reader(say("hola"), stays=True)
        session.receive(guest)
        await eventually(lambda: guest.notes == ["read"])
        with pytest.raises(CommandError, match="Somebody visits"):
            session.receive(Reader(say("agua")))
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.until("error", code="visited", about="start_listening")
        await browser.send_sound(say("agua"))
        await browser.until("error", code="not_listening", about="audio")
        await browser.say("stop_listening")
        await browser.until("error", code="not_listening", about="stop_listening")
        await browser.say("text_input", text="gracias")
        await browser.until("translation")
    assert sorted(await kept()) == ["gracias", "hola"]


async def test_no_guest_comes_in_while_somebody_speaks(house: House, connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.until("listening_started")
        with pytest.raises(CommandError, match="listens already"):
            session_of(house, browser).receive(Reader(say("agua")))


async def test_a_guest_that_waits_is_not_taken_for_a_dead_microphone(
    house: House, connect: Connect
) -> None:
    await house.restart(silence_seconds=1)
    async with connect() as browser:
        guest = Reader(say("hola"), stays=True)
        session_of(house, browser).receive(guest)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await browser.until("closed")
        assert guest.notes == ["read"]


async def test_an_abort_cuts_the_guest_off(house: House, connect: Connect) -> None:
    async with connect() as browser:
        guest = Reader(say("hola"), stays=True)
        session_of(house, browser).receive(guest)
        await eventually(lambda: guest.notes == ["read"])
        house.registry.abort()
        await browser.until("closed")
    assert guest.notes == ["read", "cancelled"]
    assert (await TranslationSession.objects.aget()).reason.startswith("server_quits")


async def test_a_broken_stream_is_the_guests_to_tell(house: House, connect: Connect) -> None:
    class Broken(Reader):
        async def run(self, guest_input: GuestInput) -> None:
            webm = StartListening.model_validate({"type": "start_listening"})
            await guest_input.start_listening(webm)
            try:
                await guest_input.feed(b"this is no container" * 100)
                await guest_input.stop_listening()
            except EngineError as error:
                self.notes.append(error.code)

    async with connect() as browser:
        guest = Broken(b"")
        session_of(house, browser).receive(guest)
        await eventually(lambda: guest.notes == ["broken_stream"])
        assert browser.problems() == []


async def test_a_guest_that_breaks_leaves_the_session_as_it_was(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    class Clumsy(Reader):
        async def run(self, guest_input: GuestInput) -> None:
            raise RuntimeError("a bug in a guest")

    async with connect() as browser:
        session = session_of(house, browser)
        session.receive(Clumsy(b""))
        await eventually(lambda: session.guest is None)
        assert "a bug in a guest" in caplog.text
        caplog.clear()
        await browser.speak(say("agua"))
        assert browser.texts() == ["agua"]


async def test_a_guest_that_leaves_its_listening_period_open_has_it_closed(
    house: House, connect: Connect
) -> None:
    class Careless(Reader):
        async def run(self, guest_input: GuestInput) -> None:
            await guest_input.start_listening(PCM)
            await guest_input.feed(say("hola"))

    async with connect() as browser:
        session = session_of(house, browser)
        session.receive(Careless(b""))
        await eventually(lambda: session.guest is None and not session.is_listening)
        await browser.speak(say("agua"))
        assert browser.texts() == ["hola", "agua"]


async def test_a_guest_that_a_full_line_refuses_leaves_no_listening_period_open(
    house: House, connect: Connect
) -> None:
    goes_on = asyncio.Event()

    class Refused(Reader):
        async def run(self, guest_input: GuestInput) -> None:
            await guest_input.start_listening(PCM)
            await goes_on.wait()
            for step in (guest_input.feed(say("hola")), guest_input.stop_broken()):
                try:
                    await step
                except CommandError as error:
                    self.notes.append(error.code)

    async with connect() as browser:
        session, guest, gate = session_of(house, browser), Refused(b""), asyncio.Event()
        session.receive(guest)
        await eventually(lambda: session.is_listening)
        session.perform(gate.wait)
        await asyncio.sleep(0)
        while session.feed(bytes(2)):
            pass
        goes_on.set()
        await eventually(lambda: session.guest is None)
        assert guest.notes == ["busy", "busy"]
        gate.set()
        await eventually(lambda: not session.is_listening)
        await browser.speak(say("agua"))
        assert browser.texts() == ["agua"]


async def test_a_guest_that_ignores_cancellation_is_aborted_and_named(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    release = asyncio.Event()

    class Deaf(Reader):
        async def run(self, guest_input: GuestInput) -> None:
            while not release.is_set():
                with suppress(asyncio.CancelledError):
                    await release.wait()

    async with connect() as browser:
        session_of(house, browser).receive(Deaf(b""))
        await browser.still_works()
    assert "did not react to cancellation and is abandoned" in caplog.text
    caplog.clear()
    assert (await TranslationSession.objects.aget()).reason == "client_left_cut_off"
    release.set()
