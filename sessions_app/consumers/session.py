"""The WebSocket of a live session: frames in, frames out, no logic of its own."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from sessions_app import protocol
from sessions_app.access import authentication
from sessions_app.access.logins import Login, fetch_login
from sessions_app.consumers.allowance import (
    FRAMES,
    CommandRates,
    count_new_session,
    owed_by_unknown,
)
from sessions_app.consumers.query import SessionQuery, parse_query
from sessions_app.consumers.sender import Sender
from sessions_app.consumers.wording import language_of
from sessions_app.core.descriptors import EXHAUSTED, was_exhausted
from sessions_app.core.errors import CommandError, HablaError, RefusedError, TooFastError
from sessions_app.core.events import Failure
from sessions_app.core.token_buckets import Bucket
from sessions_app.live import messages, registry
from sessions_app.live.capacity import serving
from sessions_app.live.commands import execute, parse
from sessions_app.live.resuming.client_link import ClientConnection
from sessions_app.live.resuming.tickets import ticket_hash
from sessions_app.live.returning import ResumeTicket, come_back
from sessions_app.live.session import LiveSession
from sessions_app.live.states import EndCause, EndReason, SessionRequest, refuse_without_database
from sessions_app.protocol import CloseCode
from sessions_app.transport.backpressure import FlowControl, pause, throttle

GIVEN_UP_SECONDS = 1.0
"""How long to see whether an attempt was given up, before it takes a session from its client."""
LOOK_SECONDS = 0.05
STRIKES = 50
"""How many malformed messages in a row are answered before the connection is closed."""


class SessionConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """One client's connection. The session it starts ends with it, whatever ends it.

    One that can be resumed is left to the registry instead, until its client attaches again or its
    time is over.

    Channels calls ``disconnect`` only if the client closes the connection, so the session is ended
    in ``__call__``, around all handlers (docs/lifecycle.md, H1).
    """

    def __init__(self) -> None:
        super().__init__()
        self._session: LiveSession | None = None
        self._life: asyncio.Task[None] | None = None
        self._sender: Sender
        self._connection: ClientConnection
        self._is_attached_new = False
        """Whether nothing came yet from a client that came back."""
        self._is_early_told = False
        self._strikes = 0
        self._frames = Bucket(FRAMES)
        self._allowance: CommandRates | None = None
        self._is_gone = False
        """Whether a command waited when the connection was lost: it and all after it come again."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the connection; return only when all that it started has ended."""
        self._sender = Sender(send, scope.get("habla.flow"), self._cannot_keep_up)
        self._connection = ClientConnection(self._sender.emit, self._sender.disconnect)
        try:
            await self._serve(scope, receive, send)
        finally:
            if self._session is not None and self._life is not None:
                self._part(self._session, sys.exception())
                if self._session.ending is not None:
                    await wait_until_over(self._life)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        # Channels' own loop creates a task for every message, and may swallow a cancellation (H26);
        # it also needs a channel layer, but a broker that fails must not end a session (H19)
        self.scope, self.base_send = scope, send
        flow: FlowControl | None = scope.get("habla.flow")
        try:
            while True:
                message = await receive()
                if flow is not None:
                    flow.consumed(message)
                if message.get("text") is not None:
                    await throttle(self._frames, flow)
                else:  # a queue that is never empty would not let other tasks run
                    await asyncio.sleep(0)
                await self.dispatch(message)
        except StopConsumer:
            return

    async def dispatch(self, message: Mapping[str, Any]) -> None:
        """Pass on one message, not through the one database thread, as Channels would (H16)."""
        match message["type"]:
            case "websocket.receive" if _is_too_big(message):
                await self._sender.emit(_too_big())
            case "websocket.receive" if message.get("bytes") is not None:
                self._note_arrival()
                await self._hear(message["bytes"])
            case "websocket.receive":
                self._note_arrival()
                await self._read(message["text"])
            case "websocket.connect":
                await self.connect()
            case "websocket.disconnect":
                await self.disconnect(message["code"])
                raise StopConsumer

    # --- connecting and disconnecting

    async def connect(self) -> None:
        """Accept first, so that a refusal can be explained; then begin the session."""
        await self.accept()
        try:
            caller = authentication.caller_in(self.scope)
            self._sender.language = language_of(dict(caller.headers))
            self._sender.is_operators = caller.is_at_machine  # until the login says who it is
            serving(registry.live.conf)  # first, so that nobody logs in for nothing
            refuse_without_database()
            login = await self._admit()
            self._sender.is_operators = login.is_operator
            query = await self._query()
            self._allowance = CommandRates(login.user_id)
            request = SessionRequest(
                login.user_id,
                query.manner,
                query.conversation_id,
                login,
                is_resumable=query.is_resumable,
                is_operator=login.is_operator,
            )
            if not await self._resume(request, query):
                if query.ticket:
                    request = replace(request, owed_seconds=owed_by_unknown(login.user_id))
                count_new_session(login.user_id, is_operator=login.is_operator)
                self._session, self._life = registry.live.launch(request, self._connection)
        except RefusedError as refusal:
            await self._sender.emit(Failure(refusal.code, str(refusal), fatal=True))
            await self._sender.disconnect(refusal.close_code)
        except HablaError as error:
            await self._sender.emit(Failure(error.code, str(error), fatal=True))
            await self._sender.disconnect(CloseCode.FAILED)
        except OSError as error:  # for example, the owner's key cannot be read
            if not was_exhausted(error):
                await self._break_off()
                raise
            await self._sender.emit(Failure("too_many_files", EXHAUSTED, fatal=True))
            await self._sender.disconnect(CloseCode.FULL)
        except Exception:  # whatever it is, the client is told
            await self._break_off()
            raise

    async def disconnect(self, code: int) -> None:
        """Note why the client left; ``__call__`` does the rest."""
        self._sender.is_gone = True
        if self._session is None:
            return
        is_meant = code in (1000, 1001)
        reason = EndReason.CLIENT_LEFT if is_meant else EndReason.CONNECTION_LOST
        ending = EndCause(reason, is_heard=False)
        if code == CloseCode.LEFT:
            self._note_arrival()
            self._session.end_by_client(self._connection, ending)
        else:  # a page that is left, or a laptop that sleeps: whoever can come back, may
            self._session.detach(self._connection, ending)

    def _part(self, session: LiveSession, error: BaseException | None) -> None:
        """Leave the session, if it is ours still; a bug in a handler ends it."""
        ending = _ending(error)
        if isinstance(error, Exception):
            session.end_by_client(self._connection, ending)
        else:
            session.detach(self._connection, ending)

    def _cannot_keep_up(self) -> None:
        if self._session is not None:
            ending = EndCause(EndReason.CANNOT_KEEP_UP, CloseCode.TOO_FAST, is_heard=False)
            self._session.detach(self._connection, ending)

    async def _break_off(self) -> None:
        await self._sender.emit(messages.LAST_FAILURES[CloseCode.FAILED])
        await self._sender.disconnect(CloseCode.FAILED)

    async def _admit(self) -> Login:
        if not authentication.is_origin_allowed(self.scope):
            message = "This page may not use this server."
            raise RefusedError(message, code="wrong_origin", close_code=CloseCode.WRONG_ORIGIN)
        login = await fetch_login(self.scope)
        if login is None:
            message = "Log in first."
            raise RefusedError(message, code="login_required", close_code=CloseCode.LOGIN_FIRST)
        return login

    async def _query(self) -> SessionQuery:
        query = parse_query(self.scope)
        if query is None:
            message = "The address names no direction, mode or conversation that there is."
            await self._sender.emit(Failure("bad_query", message, about="query"))
        return query or SessionQuery()

    async def _resume(self, request: SessionRequest, query: SessionQuery) -> bool:
        """Attach to the session that the query's ticket opens; return whether there is one."""
        if not query.ticket:
            return False
        ticket = ResumeTicket(ticket_hash(query.ticket), query.seen)
        has_waited = False
        while found := await come_back(registry.live, request, ticket, self._connection):
            session, _ = found.live
            if not (found.is_new or has_waited) and session.has_newer_client(ticket.hashed):
                has_waited = True
                if await self._is_given_up(session, ticket):
                    return True
                continue  # who is there may have used the ticket up meanwhile
            self._session, self._life = found.live
            self._is_attached_new = True
            if found.is_new or await self._session.attach(
                self._connection, ticket.hashed, ticket.seen, request.login
            ):
                return True
            self._session = self._life = None  # it has just ended; another may continue it
        message = "This session cannot be resumed; a new one begins."
        await self._sender.emit(Failure("resume_unknown", message, about="query"))
        return False

    async def _is_given_up(self, session: LiveSession, ticket: ResumeTicket) -> bool:
        """Return whether the client closes the connection just now, as after a network stalled.

        It is looked for as long as somebody else has the session, and the ticket is good.
        """
        flow: FlowControl | None = self.scope.get("habla.flow")
        if flow is None:
            return False
        due_at = asyncio.get_running_loop().time() + GIVEN_UP_SECONDS
        while session.has_newer_client(ticket.hashed) and not flow.is_disconnected.is_set():
            if asyncio.get_running_loop().time() > due_at:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await flow.is_disconnected.wait()
        return flow.is_disconnected.is_set()

    # --- frames in

    def _note_arrival(self) -> None:
        if self._is_attached_new and self._session is not None:
            self._is_attached_new = False
            self._session.note_arrival(self._connection)

    async def _hear(self, chunk: bytes) -> None:
        session = self._session
        if session is None or self._is_gone or not session.is_client(self._connection):
            return
        if session.feed(chunk) or session.is_open or session.is_left_to_another:
            return
        if not self._is_early_told:
            self._is_early_told = True
            message = "The session is not ready yet, or is over; this sound was not heard."
            await self._sender.emit(Failure("not_ready", message, about="audio"))

    async def _read(self, text: str) -> None:
        session = self._session
        if session is None or self._is_gone or not session.is_client(self._connection):
            return
        try:
            command = parse(text)
        except CommandError as error:
            await self._strike(session, error, text)
            return
        self._strikes = 0
        if session.is_new(command):
            await self._execute(session, command)

    async def _execute(self, session: LiveSession, command: protocol.ClientCommand) -> None:
        is_open = session.is_open
        try:
            if is_open and not await self._is_due(session, command):
                return
            is_open = session.is_open
            if is_open:
                session.note_taken(command)
            await execute(session, command)
        except TooFastError as error:
            session.note_taken(command)  # its number: the client sends it again under a new one
            await session.refuse(command, error)
        except HablaError as error:
            if is_open:
                await session.refuse(command, error)
            elif command.command is None or not session.is_left_to_another:
                # it was not taken; where another process goes on with the session, it comes again
                await self._sender.emit(Failure(error.code, str(error), about=command.type))

    async def _is_due(self, session: LiveSession, command: protocol.ClientCommand) -> bool:
        """Count a command. One that will come again, should the client be lost, waits for its turn.

        For a client that comes back sends at once all that it held: that is no flood, and were one
        command left out, the sound behind it would be taken for something else. Return False if
        the client is gone by then.

        Raises:
            TooFastError: it is over the rate limit, and may be sent again later.
        """
        waits = session.is_resumable and command.command is not None and command.is_in_order
        while self._allowance is not None and session.is_open:
            try:
                self._allowance.check(command)
            except TooFastError as error:
                if not waits:
                    raise
                is_here = await pause(error.retry_after_seconds, self.scope.get("habla.flow"))
                self._is_gone = not is_here or not session.is_client(self._connection)
                if self._is_gone:
                    return False
            else:
                break
        return True

    async def _strike(self, session: LiveSession, error: CommandError, text: str) -> None:
        await self._sender.emit(Failure(error.code, str(error), about=protocol.subject(text)))
        self._strikes += 1
        if self._strikes >= STRIKES:
            session.end(EndCause(EndReason.NOT_OUR_PROTOCOL, CloseCode.NOT_OUR_PROTOCOL))


def _is_too_big(message: Mapping[str, Any]) -> bool:
    if (chunk := message.get("bytes")) is not None:
        return len(chunk) > protocol.MAX_MESSAGE_BYTES
    text = message["text"]
    # a character has four bytes at most
    return (
        len(text) > protocol.MAX_MESSAGE_BYTES // 4
        and len(text.encode()) > protocol.MAX_MESSAGE_BYTES
    )


def _too_big() -> Failure:
    kibibytes = protocol.MAX_MESSAGE_BYTES // 1024
    return Failure("too_big", f"A message may hold {kibibytes} KiB; this one was not read.")


async def wait_until_over(life: "asyncio.Task[None]") -> None:
    """Wait until ``life`` is over, even if cancelled meanwhile; its own time limits bound the wait.

    Daphne cancels a consumer that takes long to close, and again every second (H7).
    """
    cancelled: asyncio.CancelledError | None = None
    while not life.done():
        try:
            await asyncio.wait({life})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _ending(error: BaseException | None) -> EndCause:
    if isinstance(error, Exception):
        return EndCause(EndReason.FAILED, CloseCode.FAILED, is_graceful=False)
    if isinstance(error, asyncio.CancelledError):
        return EndCause(EndReason.CANCELLED, CloseCode.FAILED)
    return EndCause(EndReason.CONNECTION_LOST, is_heard=False)
