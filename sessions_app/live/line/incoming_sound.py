"""Sound as a client sends it: when it came, how much of it waits, and how long it lasts."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from sessions_app.core import counters
from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE, Encoding, to_seconds
from sessions_app.core.errors import EngineError
from sessions_app.live.line.turns import Turn
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.listener import Listener
from sessions_app.protocol import StartListening

BYTES_WAITING = 4 * 1024 * 1024
"""How much sound may wait, as it was sent: two minutes and more of PCM, half an hour of Opus."""
USUAL_BYTES = 4_000
"""The assumed bytes per second of a container until some of it is decoded: 32 kbit/s."""

PASS_SECONDS = 0.5
"""How long to decode what was cut off, only to know its length: enough for a minute of Opus."""

Item = bytes | Turn[Any]
"""What waits in the intake: chunks of sound, and the work that keeps its place among them."""


class IncomingSound:
    """The sound of one session before it is decoded: bytes, and their length in 16 kHz samples."""

    def __init__(self, account: Account) -> None:
        self.came_at = 0.0
        """When the last chunk came, on the monotonic clock."""
        self.encoding = Encoding.PCM_S16LE
        self._sample_rate = SAMPLE_RATE
        self._account = account
        self._waiting_bytes = 0
        self._decoded_bytes = 0
        self._decoded_samples = 0

    # --- in the queue

    def has_room(self, chunk: bytes) -> bool:
        """Note that a chunk came; return whether there is room for it."""
        self.came_at = time.monotonic()
        return self._waiting_bytes + len(chunk) <= BYTES_WAITING

    def wait(self, chunk: bytes) -> None:
        """Note that a chunk waits for its turn."""
        self._waiting_bytes += len(chunk)

    def go_on(self, chunk: bytes) -> None:
        """Note that a chunk's turn has come."""
        self._waiting_bytes -= len(chunk)

    # --- the stream that is open

    def begin(self, command: StartListening) -> None:
        """Note that a stream begins."""
        self.encoding, self._sample_rate = command.encoding, command.sample_rate
        self._decoded_bytes = self._decoded_samples = 0

    def decoded(self, chunk: bytes, heard_samples: int) -> None:
        """Note that a chunk was decoded; the stream has given ``heard_samples`` so far."""
        self._decoded_bytes += len(chunk)
        self._decoded_samples = heard_samples

    # --- sound that is not heard

    def drop(self, chunk: bytes, reason: str) -> None:
        """Count a chunk as received and dropped."""
        samples = self._samples(len(chunk))
        self._account.received += samples
        self._account.dropped[reason] += samples
        counters.DROPPED.labels(reason).inc(to_seconds(samples))

    async def count_unfinished(
        self,
        in_hand: Iterable[Item],
        waiting: Iterable[Item],
        listener: Listener | None,
        record: Callable[[bytes], None],
    ) -> None:
        """Count and record what was accepted and will not be heard: received, but unfinished.

        ``in_hand`` was being processed and ``waiting`` queued when the session was cut off.
        ``listener`` has the open stream. None: no stream is open, and only chunks after a turn that
        would have begun one are counted.
        """
        rest = deque(waiting)
        if listener is not None:
            sent = list(_of_the_open_stream(rest))
            for chunk in sent:
                record(chunk)
            begun = [item for item in in_hand if isinstance(item, bytes)]
            await self._pass_over(listener, begun, sent)
        is_expected = False
        for item in rest:
            if isinstance(item, bytes):
                self._account.received += self._samples(len(item)) if is_expected else 0
            elif item.begins is not None:
                self.begin(item.begins)
                is_expected = True

    async def _pass_over(self, listener: Listener, begun: list[bytes], sent: list[bytes]) -> None:
        """Decode what is left of a stream to know its length, within PASS_SECONDS."""
        size = self._decoded_bytes + sum(map(len, [*begun, *sent]))
        left = deque(sent)
        with suppress(TimeoutError, EngineError):
            async with asyncio.timeout(PASS_SECONDS):
                await listener.pass_over(b"")
                self.decoded(b"".join(begun), listener.heard_samples)
                while left:
                    await listener.pass_over(left[0])
                    self.decoded(left.popleft(), listener.heard_samples)
        if self.encoding is Encoding.PCM_S16LE:
            missing = self._samples(size) - listener.heard_samples
        else:
            missing = self._samples(sum(map(len, left)))
        listener.miss(max(0, missing))

    def _samples(self, size: int) -> int:
        """Return the length of ``size`` bytes: exact for PCM, else estimated from those decoded."""
        if self.encoding is Encoding.PCM_S16LE:
            return size // SAMPLE_BYTES * SAMPLE_RATE // max(self._sample_rate, 1)
        if self._decoded_bytes and self._decoded_samples:
            return size * self._decoded_samples // self._decoded_bytes
        return size * SAMPLE_RATE // USUAL_BYTES


def _of_the_open_stream(rest: deque[Item]) -> Iterator[bytes]:
    """Remove from ``rest`` and yield the chunks that came before a turn begins another stream."""
    while rest and (isinstance(rest[0], bytes) or rest[0].begins is None):
        item = rest.popleft()
        if isinstance(item, bytes):
            yield item
