"""One who says numbered sentences through a network that fails, and knows what is to come of it."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions_app.core.audio import Encoding
from tests.lifecycle.resuming.client import ResumingClient
from tests.lifecycle.resuming.cuts import Cut, strike
from tests.lifecycle.resuming.network import FaultyNetwork
from tests.lifecycle.resuming.sound import Stream, sentence, stream_of, translated

MOST_SENTENCES = 5
"""In one listening period."""
TYPED = "texto"


@dataclass(slots=True)
class Period:
    """One listening period, and the conversation in which it was: 0, 1, 2, ..."""

    stream: Stream
    sentences: list[str]
    conversation: int


@dataclass(slots=True)
class Speaker:
    """Says sentences from ``first`` on in one encoding, in periods, until nothing is cut any more.

    ``pace``: how many times as fast as people speak.
    """

    client: ResumingClient
    network: FaultyNetwork
    encoding: Encoding
    rng: random.Random
    first: int
    pace: float = 1.0
    periods: list[Period] = field(default_factory=list)
    typed: list[tuple[str, int]] = field(default_factory=list)
    """Each text, and the conversation in which it was typed."""
    conversation: int = 0
    may_miss_events: bool = False
    """Whether its server is killed: what was stored but not told yet is then to be looked up."""
    may_begin_anew: bool = False
    """Whether another session may have to go on, since its sound is not recorded."""
    _said: int = 0

    async def run(self, disturbance: Awaitable[None], limit_seconds: float) -> None:
        """Speak until the disturbance is over, and some more; leave, and wait for the end.

        Raises:
            TimeoutError: what was said is not told within ``limit_seconds`` of the last word.
        """
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self.client.run())
            await self.client.until("ready")
            disturbing = asyncio.ensure_future(disturbance)
            try:
                while not disturbing.done():
                    await self._speak()
                await disturbing
            finally:
                disturbing.cancel()
            self.network.calm()
            await self._speak()
            try:
                async with asyncio.timeout(limit_seconds):
                    await self._leave()
                    await running
            except TimeoutError as error:
                error.add_note(f"{self.encoding}: {self.shortfall}; {self.client.heard[-5:]}")
                raise

    async def be_cut(self, cuts: Iterable[Cut]) -> None:
        """Be cut off, one cut after the other."""
        for cut in cuts:
            await strike(cut, self.network, self.client)

    async def _leave(self) -> None:
        """Leave when a connection is known to work, so that no answer to that is lost."""
        await self.client.until_heard(len(self.client.heard) + 1)
        if not (self.may_miss_events or self.may_begin_anew):
            await self.client.until("listening_stopped", len(self.periods))
            await self.client.until("translation", len(self.said) + len(self.typed))
        self.client.do("leave")

    async def _speak(self) -> None:
        count = self.rng.randint(1, MOST_SENTENCES)
        sentences = [sentence(self.first + self._said + i) for i in range(count)]
        self._said += count
        stream = await asyncio.to_thread(stream_of, sentences, self.encoding)
        self.periods.append(Period(stream, sentences, self.conversation))
        self.client.begin(stream.container)
        loop = asyncio.get_running_loop()
        chunks = list(stream.pieces() if self.may_begin_anew else stream.chunks())
        began_at = loop.time()
        for number, chunk in enumerate(chunks, start=1):
            self.client.hear(chunk)
            if self.rng.random() < 0.02:
                self._type()
            due_at = began_at + stream.seconds / self.pace * number / len(chunks)
            await asyncio.sleep(due_at - loop.time())
        if self.rng.random() < 0.3:
            self.client.do("new_conversation")
            self.conversation += 1
        else:
            self.client.do("stop_listening")
        if self.rng.random() < 0.5:
            self._type()

    def _type(self) -> None:
        text = f"{TYPED} {self.first} {len(self.typed)}"
        self.typed.append((text, self.conversation))
        self.client.do("text_input", text=text)

    # --- what is to come of it

    @property
    def said(self) -> list[str]:
        """Return the sentences, in the order in which they were spoken."""
        return [text for period in self.periods for text in period.sentences]

    @property
    def shortfall(self) -> str:
        """Return how much was told so far, of how much."""
        told = len(self._translations(is_typed=False))
        typed = len(self._translations(is_typed=True))
        return f"{told} of {len(self.said)} sentences, {typed} of {len(self.typed)} texts"

    def problems(self) -> list[str]:
        """Return what is wrong with what the client was told; nothing if all is well."""
        spoken = self._translations(is_typed=False)
        typed = self._translations(is_typed=True)
        heard = self.without_repeats([message["source"] for message in spoken])
        ids = [
            (session, message["utterance_id"])
            for session, message in self._by_session()
            if message["type"] == "translation"
        ]
        return [
            *self.client.problems,
            *self._differences("sentences", self.said, heard),
            *self._differences("texts", [t for t, _ in self.typed], [m["source"] for m in typed]),
            *self._differences("transcripts", self.said, self.without_repeats(self._transcripts())),
            *(
                f"{m} is no translation"
                for m in spoken
                if m["translated"] != translated(m["source"])
            ),
            *([f"ids are repeated: {ids}"] if len(ids) != len(set(ids)) else []),
            *(f"error: {message}" for message in self._errors()),
            *(f"discarded: {message}" for message in self._discarded()),
            *self._of_counts(),
        ]

    @property
    def may_hear_twice(self) -> bool:
        """Whether a piece at a seam may be heard twice: an Ogg stream that begins anew has no clock
        by which what was heard before could be told."""
        return self.may_begin_anew and self.encoding is Encoding.OGG_OPUS

    def without_repeats(self, found: list[str]) -> list[str]:
        """Leave out ends of sentences that were heard twice, where that may be."""
        if not self.may_hear_twice:
            return found
        pairs = zip(["", *found], found, strict=False)
        return [one for before, one in pairs if one in self.said or not before.endswith(one)]

    def _errors(self) -> list[dict[str, Any]]:
        """Return all but the last, where that says only that a session is over which was left.

        Nor that an engine is behind, which then catches up.
        """
        errors = self.client.told("error")
        is_over = bool(errors) and errors[-1]["code"] == "resume_unknown"
        told = errors[:-1] if is_over and self.client.has_left else errors
        return [message for message in told if message["code"] != "no_words"]

    def _discarded(self) -> list[dict[str, Any]]:
        return [
            message
            for message in self.client.told("discarded")
            if not (self.may_hear_twice and message["reason"] == "too_short")
        ]

    def _of_counts(self) -> list[str]:
        if self.may_begin_anew:
            return []
        wanted = {"ready": 1}
        # a connection may break just before its server quits: what was under way is lost, and said
        if not (self.may_miss_events or self.client.gaps):
            wanted |= {
                "listening_started": len(self.periods),
                "listening_stopped": len(self.periods),
                "conversation_started": self.conversation,
            }
        counts = {kind: len(self.client.told(kind)) for kind in wanted}
        return [f"{counts} messages came, not {wanted}"] if counts != wanted else []

    def _differences(self, what: str, wanted: list[str], found: list[str]) -> list[str]:
        has_gaps = self.client.gaps or len(self.client.told("ready")) > 1
        if (self.may_miss_events or self.may_begin_anew) and has_gaps:
            wanted = [one for one in wanted if one in found]
        return differences(what, wanted, found)

    def _translations(self, *, is_typed: bool) -> list[dict[str, Any]]:
        return [
            message
            for message in self.client.told("translation")
            if message["source"].startswith(TYPED) is is_typed
        ]

    def _by_session(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield all messages with the sessions that they are of."""
        session = ""
        for message in self.client.heard:
            session = message.get("session_id", session)
            yield session, message

    def _transcripts(self) -> list[str]:
        """Return the finals of what was spoken, but those that another process heard again."""
        told = [
            (session, message)
            for session, message in self._by_session()
            if message["type"] == "transcript" and not message["text"].startswith(TYPED)
        ]
        is_handed_over = any(m.get("handed_over") for m in self.client.told("resumed"))
        if is_handed_over or self.may_begin_anew:
            over = {
                (session, message["utterance_id"])
                for session, message in self._by_session()
                if message["type"] == "translation"
            }
            told = [each for each in told if (each[0], each[1]["utterance_id"]) in over]
        return [message["text"] for _, message in told]


def differences(what: str, wanted: Sequence[object], found: Sequence[object]) -> list[str]:
    """Return in words how what was found differs from what was wanted; nothing if it does not."""
    if wanted == found:
        return []
    lost = [one for one in wanted if one not in found]
    more = [one for one in found if one not in wanted]
    twice = [one for one, count in Counter(found).items() if count > 1]
    return [f"{what}: lost {lost}, made up {more}, twice {twice}, in order: {found}"]
