"""The commands that a client may send to its session, and their handlers."""

from functools import partial

from sessions_app import protocol
from sessions_app.core.errors import HablaError
from sessions_app.core.events import Notice
from sessions_app.extensions import CommandHandler, Handle, plugged_in
from sessions_app.live.session import LiveSession
from sessions_app.live.states import EndCause, EndReason


def parse(text: str) -> protocol.ClientCommand:
    """Return the command in a text frame, a session's own or an extension's.

    Raises:
        CommandError: it is malformed or unknown; the message names the field.
    """
    return protocol.decode(text, (known.model for known in plugged_in.commands.values()))


async def execute(session: LiveSession, command: protocol.ClientCommand) -> None:
    """Let ``session`` execute ``command``.

    Never waits for engines: what must keep its place among the sound is queued with it.

    Raises:
        CommandError: it cannot be done now; nothing has changed.
    """
    handler = plugged_in.commands[command.type]
    if not handler.in_line:
        await handler.handle(session, command)
        session.note_done(command)
        return
    session.perform(
        partial(_handle, handler.handle, session, command),
        command=command,
        dropped=partial(session.drop_command, command),
    )


async def _handle(handle: Handle, session: LiveSession, command: protocol.ClientCommand) -> None:
    try:
        await handle(session, command)
    except HablaError as error:
        await session.refuse(command, error)
    else:
        if isinstance(command, protocol.TextInput):  # is done once its exchange is stored
            return
        session.note_done(command)
    session.save_checkpoint()


async def _answer_ping(session: LiveSession, command: protocol.Ping) -> None:
    await session.emit(Notice("pong", {} if command.t is None else {"t": command.t}))


async def _stop_listening(session: LiveSession, _: protocol.StopListening) -> None:
    await session.stop_listening()


async def _new_conversation(session: LiveSession, _: protocol.NewConversation) -> None:
    await session.new_conversation()


async def _end_session(session: LiveSession, _: protocol.Leave) -> None:
    session.end(EndCause(EndReason.CLIENT_LEFT))


COMMANDS = {
    "ping": CommandHandler(protocol.Ping, _answer_ping, in_line=False),
    "leave": CommandHandler(protocol.Leave, _end_session, in_line=False),
    "not_sent": CommandHandler(protocol.NotSent, LiveSession.note_not_sent),
    "start_listening": CommandHandler(protocol.StartListening, LiveSession.listen),
    "stop_listening": CommandHandler(protocol.StopListening, _stop_listening),
    "text_input": CommandHandler(protocol.TextInput, LiveSession.interpret),
    "set_direction": CommandHandler(protocol.SetDirection, LiveSession.set_direction),
    "set_mode": CommandHandler(protocol.SetMode, LiveSession.set_mode),
    "rename_speaker": CommandHandler(protocol.RenameSpeaker, LiveSession.rename),
    "new_conversation": CommandHandler(protocol.NewConversation, _new_conversation),
}
"""The sessions' own commands; apps above plug in more."""
