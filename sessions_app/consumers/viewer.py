"""The WebSocket of viewers: by a ticket they read a conversation, and send nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, NoReturn
from uuid import UUID

from channels.layers import get_channel_layer

from sessions_app import protocol
from sessions_app.access import authentication
from sessions_app.bus.broker import broker_errors, subscribed
from sessions_app.consumers.allowance import FRAMES
from sessions_app.consumers.sender import Sender
from sessions_app.consumers.viewer_feed import ViewerFeed
from sessions_app.consumers.wording import language_of
from sessions_app.core.errors import CommandError, RefusedError, StoreError, StoreUnavailableError
from sessions_app.core.events import Failure, Notice
from sessions_app.core.token_buckets import Bucket
from sessions_app.live import registry
from sessions_app.live.commands import parse
from sessions_app.live.publisher import group_of
from sessions_app.protocol import CloseCode
from sessions_app.store.tickets import TicketState
from sessions_app.transport.backpressure import FlowControl, throttle

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often ticket and rows are read; a viewer of a withdrawn ticket leaves within two of these."""
LEAVE_SECONDS = 2.0
"""How long the broker may take to unsubscribe a viewer."""
STRIKES = 50
"""After how many messages that viewers may not send the connection is closed."""
LONGEST_PING = 200
"""In characters."""
ENDED = "ticket_ended"
"""The problem of a ticket whose conversation is over: those who were reading get all of it."""
PROBLEMS = {
    "ticket_unknown": "Nothing can be watched at this address.",
    "ticket_withdrawn": "Whoever shared this conversation has stopped sharing it.",
    ENDED: "The conversation that was shared here is over: a new one was begun.",
    "ticket_expired": "This address was good for a day, and that is over.",
}

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def serve_viewer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one viewer's connection; return only when all that it started has ended.

    An ASGI application, not a Channels consumer, which would end when the broker fails (H19).
    """
    secret = scope["url_route"]["kwargs"]["secret"]
    await ViewerConsumer(scope, receive, send, secret).run()


class ViewerConsumer:
    """One viewer's connection, from beginning to end."""

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send, secret: str) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._secret = secret
        self._flow: FlowControl | None = scope.get("habla.flow")
        self._stalled = asyncio.Event()
        self._sender = Sender(send, self._flow, self._stalled.set)
        self._viewer = ViewerFeed(self._sender)
        self._strikes = 0
        self._frames = Bucket(FRAMES)

    async def run(self) -> None:
        """Accept, so that a refusal can be explained; then send until viewer or session leaves."""
        if (await self._receive())["type"] != "websocket.connect":
            return
        await self._send({"type": "websocket.accept"})
        self._sender.language = language_of(dict(authentication.caller_in(self._scope).headers))
        try:
            await _first_to_end(self._until_left(), self._until_told(), self._until_stalled())
        except RefusedError as refusal:
            await self._sender.emit(Failure(refusal.code, str(refusal), fatal=True))
            await self._sender.disconnect(refusal.close_code)
        except StoreError as error:
            await self._sender.emit(Failure(error.code, str(error), fatal=True))
            await self._sender.disconnect(CloseCode.FAILED)
        except asyncio.CancelledError:
            await self._sender.disconnect(CloseCode.QUITTING)
            raise

    # --- what the viewer sends

    async def _until_left(self) -> None:
        while True:
            message = await self._receive()
            if self._flow is not None:
                self._flow.consumed(message)
            if message["type"] == "websocket.disconnect":
                self._sender.is_gone = True
                return
            await throttle(self._frames, self._flow)
            await self._answer(message.get("text") or "")

    async def _answer(self, text: str) -> None:
        with suppress(CommandError):
            command = parse(text[:LONGEST_PING])
            if isinstance(command, protocol.Ping):
                await self._sender.emit(Notice("pong", {"t": command.t}))
                return
        self._strikes += 1
        message = "Viewers only read."
        await self._sender.emit(Failure("read_only", message, about=protocol.subject(text)))
        if self._strikes >= STRIKES:
            raise RefusedError(message, code="read_only", close_code=CloseCode.NOT_OUR_PROTOCOL)

    async def _until_stalled(self) -> None:
        await self._stalled.wait()

    # --- what is sent to the viewer

    async def _until_told(self) -> None:
        if not authentication.is_origin_allowed(self._scope):
            message = "This page may not use this server."
            raise RefusedError(message, code="wrong_origin", close_code=CloseCode.WRONG_ORIGIN)
        state = await self._look(is_fresh=True)
        conversation_id = state.conversation_id
        with registry.live.publisher.seat(conversation_id, state.ticket_id):
            await _first_to_end(
                self._keep_listening(group_of(conversation_id)), self._until_over(conversation_id)
            )

    async def _until_over(self, conversation_id: UUID) -> None:
        """Send what is said until the conversation is over, or this server has drained."""
        is_attached = False
        while True:
            is_called = self._viewer.has_news.is_set()
            self._viewer.has_news.clear()
            is_drained = _is_drained(conversation_id)  # if so, the rows have all that was said
            with suppress(StoreUnavailableError):  # meanwhile what is published is sent
                state = await self._look(is_fresh=is_called or is_drained, is_attached=is_attached)
                await self._viewer.catch_up(state)
                is_attached = True
                if state.problem == ENDED:
                    await self._sender.emit(Notice("session_ended", {"reason": "new_conversation"}))
                    await self._sender.disconnect(CloseCode.LEFT)
                    return
            if is_drained:
                message = "The server is shutting down; come back in a moment."
                raise RefusedError(message, code="server_quits", close_code=CloseCode.QUITTING)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._viewer.has_news.wait()

    async def _look(self, *, is_fresh: bool, is_attached: bool = False) -> TicketState:
        state = await registry.live.publisher.look(self._secret, is_fresh=is_fresh)
        problem = state.problem if state else "ticket_unknown"
        if state is None or (problem and not (is_attached and problem == ENDED)):
            raise RefusedError(PROBLEMS[problem], code=problem, close_code=CloseCode.NO_TICKET)
        return state

    async def _keep_listening(self, group: str) -> None:
        """Receive what is published; while the broker fails, retry, and only rows are sent."""
        while True:
            try:
                await self._listen(group)
            except broker_errors() as error:
                logger.debug("a viewer does not hear the channel layer: %s", type(error).__name__)
                await asyncio.sleep(LOOK_SECONDS)

    async def _listen(self, group: str) -> NoReturn:
        layer: Any = get_channel_layer()
        async with subscribed(layer, group, leave_seconds=LEAVE_SECONDS) as channel:
            while True:
                await self._viewer.take(await layer.receive(channel))


def _is_drained(conversation_id: UUID) -> bool:
    live = registry.live
    return live.is_draining and not live.publisher.writes_to(conversation_id)


async def _first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Run all ``works``; when the first ends, cancel the others; raise what one of them raised."""
    tasks = [asyncio.create_task(work, name="habla viewer") for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    errors = [task.exception() for task in tasks if not task.cancelled()]
    for error in errors:
        if error is not None:
            raise error
