"""A session's pipeline, put together on one generation of engines."""

from collections.abc import Callable, Coroutine
from typing import Any

from sessions_app.core.events import Speaker
from sessions_app.live.generations import Generation
from sessions_app.live.line.intake import Intake
from sessions_app.live.resuming.kept_sound import KeptSound
from sessions_app.live.states import State
from sessions_app.pipeline.assembly import Assembly
from sessions_app.pipeline.session_context import SessionContext
from sessions_app.pipeline.utterance import Utterance
from sessions_app.recording.recorder import Recorder


class SessionPipeline:
    """What a session's sound goes through, from its first chunk to its last exchange.

    It uses one generation's engines for its whole life, and has one seat in the scheduler of the
    transcriber. ``become`` is called with the state of a listening period, ``too_fast`` when a
    client sends sound faster than anybody speaks.
    """

    def __init__(
        self,
        generation: Generation,
        context: SessionContext,
        recorder: Recorder,
        become: Callable[[State], None],
        too_fast: Callable[[], None],
        kept: KeptSound | None = None,
    ) -> None:
        self.context = context
        self._assembly = Assembly(generation, context)
        self.interpreter = self._assembly.interpreter
        self.intake = Intake(self._assembly, context, recorder, become, too_fast, kept)

    def workers(self) -> dict[str, Coroutine[Any, Any, None]]:
        """Return what must run while the session lives, by name."""
        return {"listen": self.intake.inbox.run(), **self._assembly.workers()}

    async def interpret(self, text: str, speaker: Speaker | None, command: int | None) -> None:
        """Interpret text that was typed by the command of this number.

        Its place on the timeline is where it was typed.
        """
        await self.interpreter.put(self._typed(text, speaker, command))

    def begin_rest(self) -> None:
        """Hand over to be stored what there are words of so far; the workers have ended."""
        self.interpreter.begin_rest()

    def note_untranslated(self, text: str, speaker: Speaker | None) -> None:
        """Take typed text of which nothing but the words will be kept."""
        self.interpreter.note_untranslated(self._typed(text, speaker, None))

    def _typed(self, text: str, speaker: Speaker | None, command: int | None) -> Utterance:
        return Utterance(
            self.interpreter.next_id(),
            self.context.manner,
            offset_samples=self.intake.place,
            text=text,
            speaker=speaker,
            command=command,
        )

    async def drain(self, *, is_left_open: bool = False) -> None:
        """Finish all that was accepted; ``is_left_open``: but for what goes on elsewhere.

        Whoever goes on hears a recording again in any case: that is not waited for.
        """
        if not (is_left_open and self.intake.is_hearing_again):
            await self.intake.inbox.join()
        if not is_left_open:
            await self.intake.stop()
        await self.interpreter.join()

    @property
    def done_at(self) -> float:
        """When it last made progress, on the monotonic clock; see ``Assembly.done_at``."""
        return max(self.intake.inbox.done_at, self._assembly.done_at)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was accepted has been processed."""
        return self.intake.inbox.is_idle and self._assembly.is_idle

    def release(self) -> None:
        """Begin nothing more; the workers have ended."""
        self._assembly.release()
        self.intake.close_queue()

    async def keep_rest(self) -> None:
        """Begin nothing more, and store the transcripts that are left; the workers have ended."""
        self.release()
        await self.interpreter.keep_rest()

    async def close(self) -> None:
        """Release the open stream and the seat; the workers have ended. May be called twice."""
        self._assembly.release()
        await self.intake.close()
