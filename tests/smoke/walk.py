"""The steps of the walk, in order: each uses the server as people do, and says what it saw."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urljoin

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE
from sessions_app.engines.spoken_sentence import SENTENCE, spoken_sentence
from tests.patience import PATIENCE_SECONDS
from tests.server.visitor import Visitor
from tests.smoke.place import NotTriedError, Place, SmokeError
from tests.sounds import chunks, say, silence

TYPED = "hola mundo"
FAKE = "fake"
LINK = re.compile(r'(?:src|href)="([^"#?]+\.(?:js|css|svg|webmanifest))"')
CHUNK_SECONDS = 0.25
STALE_SECONDS = 1.0
"""How long whoever comes back waits for what is none of theirs."""
SLOWLY = 0.25
"""The speed of the playback that is left in the middle."""


@dataclass(slots=True)
class Seen:
    """What one step leaves for the next."""

    session_ids: set[str] = field(default_factory=set)
    recording_id: str | None = None
    conversation_ids: set[str] = field(default_factory=set)


def ensure(holds: object, message: str) -> None:
    """Raise a SmokeError with ``message`` unless ``holds``."""
    if not holds:
        raise SmokeError(message)


async def pages(place: Place, _: Seen) -> str:
    """Get the pages, what they load, and what monitors ask for."""
    loaded = set()
    for path in ("", "history/", "recordings/"):
        page = await place.get(path)
        loaded |= {urljoin(str(page.url), found) for found in LINK.findall(page.text)}
    for address in sorted(loaded):
        await place.get(address)
    await place.get("healthz")
    await place.get("readyz")
    status = await place.json("api/status")
    engines = ", ".join(f"{kind} {one['name']}" for kind, one in status["engines"].items())
    return f"pages and {len(loaded)} files of theirs answer; it is ready: {engines}"


async def typing(place: Place, seen: Seen) -> str:
    """Type a sentence."""
    async with place.visit() as visitor:
        return await _type(visitor, seen)


async def _type(visitor: Visitor, seen: Seen) -> str:
    ready = visitor.heard[-1]
    seen.session_ids.add(ready["session_id"])
    seen.conversation_ids.add(ready["conversation_id"])
    await visitor.say("text_input", text=TYPED)
    told = await visitor.until("translation")
    ensure(told["source"] == TYPED, f"{TYPED!r} came back as {told['source']!r}")
    ensure(told["translated"], f"{TYPED!r} was not translated: {_problems(visitor)}")
    return f"{TYPED!r} is translated as {told['translated']!r}"


async def listening(place: Place, seen: Seen) -> str:
    """Speak a sentence, and stop."""
    async with place.visit() as visitor:
        ready = visitor.heard[-1]
        seen.session_ids.add(ready["session_id"])
        is_fake = ready["engines"]["transcriber"]["name"] == FAKE
        pcm = (say(TYPED) if is_fake else spoken_sentence()) + silence(1)
        await visitor.say("start_listening", encoding="pcm-s16le")
        started = await visitor.until("listening_started")
        for chunk in chunks(pcm, CHUNK_SECONDS):
            await visitor.send(chunk)
            await asyncio.sleep(CHUNK_SECONDS)
        await visitor.say("stop_listening")
        account = (await visitor.until("listening_stopped"))["account"]
    words = " ".join(told["source"] for told in visitor.told("translation"))
    seen.recording_id = started["recording"]
    sent = len(pcm) // SAMPLE_BYTES
    ensure(account["received"] == sent, f"{account['received']} samples came of {sent}")
    ensure(not account["unfinished"], f"not all was heard: {account}")
    ensure(words, f"nothing was understood of {SENTENCE!r}: {_problems(visitor)}")
    kept = "kept" if seen.recording_id else "not kept, by its settings"
    return f"{sent / SAMPLE_RATE:.1f} s are heard to the last sample as {words!r}; sound is {kept}"


async def leaving_a_playback(place: Place, seen: Seen) -> str:
    """Leave in the middle of a playback, without a word."""
    if seen.recording_id is None:
        raise NotTriedError("nothing was recorded, so nothing can be played")
    async with place.visit() as visitor:
        session_id = visitor.heard[-1]["session_id"]
        seen.session_ids.add(session_id)
        await visitor.say("start_playback", recording_id=seen.recording_id, speed=SLOWLY)
        playback_id = (await visitor.until("playback_started"))["playback_id"]
        await visitor.until("playback_progress")
        visitor.lose()
    played = await _until(lambda: place.json(f"api/playbacks/{playback_id}"), _is_over)
    await _until(place.session_ids, lambda ids: session_id not in ids)
    return f"the playback ended ({played['reason']}), and so did its session"


def _is_over(playback: dict[str, Any]) -> bool:
    return playback["state"] not in ("playing", "paused", "starting")


async def coming_back(place: Place, seen: Seen) -> str:
    """Come back, to a session where nothing is left of those before."""
    before = set(seen.session_ids)
    async with place.visit() as visitor:
        ready = visitor.heard[-1]
        ensure(ready["session_id"] not in before, "an old session came back unasked")
        try:
            async with asyncio.timeout(STALE_SECONDS):
                stale = await visitor.until("translation")
        except TimeoutError:
            pass
        else:
            raise SmokeError(f"something stale came: {stale}")
        await _type(visitor, seen)
        told = visitor.told("translation")[-1]
        ensure(told["utterance_id"] == 1, f"its first sentence has the number of another: {told}")
        left = await place.session_ids() & before
    ensure(not left, f"sessions that were left still live: {sorted(left)}")
    return "a new session begins at its first sentence; those before are over"


async def reloading(place: Place, seen: Seen) -> str:
    """Reload the engines, beside a live session."""
    if not place.command:
        raise NotTriedError("say by MANAGE how commands are run there")
    before = (await place.json("api/status"))["generation"]
    async with place.visit() as visitor:
        await place.run("reload_engines")
        after = (await place.json("api/status"))["generation"]
        ensure(after > before, f"the engines are still those of generation {before}")
        await _type(visitor, seen)
    async with place.visit() as visitor:
        ensure(visitor.heard[-1]["generation"] == after, "a new session has the old engines")
        await _type(visitor, seen)
    return f"generation {after} serves new sessions; the one that was live went on"


async def _until(look: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """Look until it holds; return what was seen then.

    Raises:
        SmokeError: it never holds.
    """
    deadline = monotonic() + PATIENCE_SECONDS
    while not holds(found := await look()):
        ensure(monotonic() < deadline, f"it stays so: {found}")
        await asyncio.sleep(0.1)
    return found


def _problems(visitor: Visitor) -> list[tuple[str, str]]:
    return [(told["code"], told["message"]) for told in visitor.told("error")]


STEPS = (pages, typing, listening, leaving_a_playback, coming_back, reloading)
