"""What a client may ask of its session, and what the session does then."""

from collections.abc import Awaitable, Callable
from functools import partial

from sessions_app import protocol
from sessions_app.core.errors import CommandError, HablaError
from sessions_app.core.events import Failure, Manner, Notice
from sessions_app.extensions import CommandHandler, plugged_in
from sessions_app.live.messages import lack_of_corrections
from sessions_app.live.session import LiveSession
from sessions_app.pipeline.languages import LANGUAGES, only_language
from sessions_app.pipeline.utterance import Utterance


def parse(text: str) -> protocol.ClientCommand:
    """Return the command in a text frame, be it the sessions' own or an extension's.

    Raises:
        CommandError: it is malformed or unknown; the message names the field.
    """
    return protocol.decode(text, (known.model for known in plugged_in.commands.values()))


async def execute(session: LiveSession, command: protocol.ClientCommand) -> None:
    """Let ``session`` do what ``command`` asks.

    Never waits for engines: what must keep its place among the sound is put in line with it.

    Raises:
        CommandError: it cannot be done now; nothing has changed.
    """
    if not session.is_open and not isinstance(command, protocol.Ping):
        raise CommandError("The session is not ready yet, or is over.", code="not_ready")
    handler = plugged_in.commands[command.type]
    if handler.in_line:
        in_line(session, command, partial(handler.handle, session, command))
    else:
        await handler.handle(session, command)


async def _answer_ping(session: LiveSession, command: protocol.Ping) -> None:
    await session.emit(Notice("pong", {} if command.t is None else {"t": command.t}))


async def _start_listening(session: LiveSession, command: protocol.StartListening) -> None:
    came_at = session.book.timeline.now()
    in_line(session, command, partial(_begin_to_listen, session, command, came_at))


async def _begin_to_listen(
    session: LiveSession, command: protocol.StartListening, came_at: int
) -> None:
    session.guests.refuse_others()
    if session.pipeline.intake.is_listening:
        raise CommandError("The session listens already.", code="already_listening")
    check_that_someone_hears(session)
    await session.pipeline.intake.start(command, came_at)
    await _tell_if_only_one_is_heard(session, command)


async def _stop_listening(session: LiveSession, command: protocol.StopListening) -> None:
    if not session.pipeline.intake.is_listening or session.guests.is_busy:
        raise CommandError("The session does not listen.", code="not_listening")
    await session.pipeline.intake.stop()


async def _new_conversation(session: LiveSession, command: protocol.NewConversation) -> None:
    await session.end_guest()
    await session.pipeline.intake.stop()
    await session.pipeline.interpreter.join()
    await session.book.begin_conversation()
    session.pipeline.interpreter.reset()
    fields = {"conversation_id": str(session.book.conversation_id)}
    await session.emit(Notice("conversation_started", fields))
    await session.emit(session.book.speakers_told())


async def _text_input(session: LiveSession, command: protocol.TextInput) -> None:
    # as it was typed, not when its turn comes
    came_at = session.book.timeline.now()
    in_line(session, command, partial(_interpret, session, command, came_at))


async def _interpret(session: LiveSession, command: protocol.TextInput, came_at: int) -> None:
    speaker = session.book.speakers.of(command.speaker_id) if command.speaker_id else None
    interpreter = session.pipeline.interpreter
    utterance = Utterance(
        interpreter.next_id(),
        session.manner,
        offset_samples=session.book.timeline.place(came_at),
        text=command.text,
        speaker=speaker,
    )
    await interpreter.put(utterance)


async def _set_direction(session: LiveSession, command: protocol.SetDirection) -> None:
    session.manner = Manner(command.direction, session.manner.mode)
    await session.emit(Notice("direction_changed", {"direction": command.direction}))
    if session.pipeline.intake.is_listening:
        await _tell_if_only_one_is_heard(session, command)


async def _set_mode(session: LiveSession, command: protocol.SetMode) -> None:
    session.manner = Manner(session.manner.direction, command.mode)
    await session.emit(Notice("mode_changed", {"mode": command.mode}))
    if session.generation is None:
        return
    lack = lack_of_corrections(session.manner, session.generation, about=command.type)
    if lack is not None:
        await session.emit(lack)


async def _rename_speaker(session: LiveSession, command: protocol.RenameSpeaker) -> None:
    await session.book.rename(command.speaker_id, command.name)
    await session.emit(session.book.speakers_told())


def check_that_someone_hears(session: LiveSession) -> None:
    """Let nobody speak in vain.

    Raises:
        CommandError: no engine hears, or none that knows the session's language.
    """
    languages = session.pipeline.interpreter.languages
    if not languages:
        raise CommandError(
            "No engine here can hear speech; typed text is translated.", code="no_transcriber"
        )
    source = session.manner.direction.source
    if source is not None and source not in languages:
        raise CommandError(
            f"The engine that listens here does not know {LANGUAGES[source]}; "
            "typed text is translated.",
            code="language_not_supported",
        )


async def _tell_if_only_one_is_heard(session: LiveSession, command: protocol.ClientCommand) -> None:
    languages = session.pipeline.interpreter.languages
    if only := only_language(session.manner.direction, languages):
        message = f"Only {only} is heard here; any other speech is taken for it."
        await session.emit(Failure("only_one_language", message, about=command.type))


def in_line(
    session: LiveSession, command: protocol.ClientCommand, do: Callable[[], Awaitable[None]]
) -> None:
    """Let ``do`` keep its place among the sound."""

    async def order() -> None:
        try:
            await do()
        except HablaError as error:
            await session.emit(Failure(error.code, str(error), about=command.type))

    begins = command if isinstance(command, protocol.StartListening) else None
    if not session.pipeline.intake.order(order, begins=begins):
        raise CommandError("Too much waits to be heard; try again in a moment.", code="busy")


COMMANDS = {
    "ping": CommandHandler(protocol.Ping, _answer_ping, in_line=False),
    "start_listening": CommandHandler(protocol.StartListening, _start_listening, in_line=False),
    "stop_listening": CommandHandler(protocol.StopListening, _stop_listening),
    "text_input": CommandHandler(protocol.TextInput, _text_input, in_line=False),
    "set_direction": CommandHandler(protocol.SetDirection, _set_direction),
    "set_mode": CommandHandler(protocol.SetMode, _set_mode),
    "rename_speaker": CommandHandler(protocol.RenameSpeaker, _rename_speaker),
    "new_conversation": CommandHandler(protocol.NewConversation, _new_conversation),
}
"""What sessions themselves understand; apps above plug in more."""
