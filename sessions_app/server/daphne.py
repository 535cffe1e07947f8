"""The server: Daphne, with an end that waits for all connections and leaves nothing behind."""

import asyncio
import errno
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from twisted.internet import defer
from twisted.internet import reactor as twisted_reactor
from twisted.internet.error import CannotListenError

from sessions_app.core.caller import PeerUser
from sessions_app.core.descriptors import MAX_DESCRIPTORS
from sessions_app.protocol import MAX_MESSAGE_BYTES
from sessions_app.server.exit import is_step_done
from sessions_app.transport.backpressure import CountingQueue, FlowControl
from sessions_app.transport.channel import HttpChannel
from sessions_app.transport.connections import Connections, busy_transports
from sessions_app.transport.handshake import offer_refusal
from sessions_app.transport.redirect import RedirectingChannel
from sessions_app.transport.request import HttpFactory
from sessions_app.transport.response_flow import UNSENT_BYTES, ResponseFlow
from sessions_app.transport.tls import ShownCertificate, TlsChannel, TlsFactory
from sessions_app.transport.websocket import BoundedWebSocket

logger = logging.getLogger(__name__)
reactor: Any = twisted_reactor  # a module that becomes one of several classes
# Twisted times by the clock on the wall: after that was set back, no timer would end for as long
reactor.seconds = time.monotonic

HANDSHAKE_SECONDS = 1.5
"""How long closed connections may take for their closing handshake."""
CLOSING_SECONDS = 4.0
"""How long a client may take to answer a close: autobahn's second is too short for a client that
sends much, since its answer comes after everything that is still on its way."""
CANCEL_SECONDS = 1.0
"""How long connections that are left may take to end once they are cancelled."""
REFUSED_BYTES = 4 * MAX_MESSAGE_BYTES
"""A message over MAX_MESSAGE_BYTES is answered; one over this is not even read: close code 1009."""
APPLICATION_CHECK_SECONDS = 1
TIMEOUT_CHECK_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Encryption:
    """What a server needs to speak https."""

    shown: ShownCertificate
    plain_port: int
    """The port that redirects to https."""


class HablaServer(Server):  # type: ignore[misc]  # Daphne has no types
    """Daphne's server, with remedies for what docs/lifecycle.md found in it (H6, H7, ...).

    ``drain`` is called once, when the reactor stops: it ends all sessions.
    """

    def __init__(
        self,
        application: Any,
        *,
        host: str,
        port: int,
        drain: Callable[[], Awaitable[None]],
        most_connections: int = MAX_DESCRIPTORS,
        encryption: Encryption | None = None,
    ) -> None:
        self._ports: list[Any] = []
        self._encryption = encryption
        self.lines = Connections(
            most_connections, lambda: busy_transports(self.connections), reactor
        )
        """All connections of all ports, also those on which no request came."""
        self._drain = drain
        self.listen_problem = ""
        self.left_over = 0
        """How many connections did not end even when they were cancelled."""
        ports = [port] if encryption is None else [port, encryption.plain_port]
        super().__init__(
            application,
            endpoints=[
                endpoint
                for each in ports
                for endpoint in build_endpoint_description_strings(host=host, port=each)
            ],
            signal_handlers=False,
            application_close_timeout=15,
            websocket_timeout=-1,
            websocket_handshake_timeout=5,
            ping_interval=10,
            ping_timeout=8,
            websocket_max_message_size=REFUSED_BYTES,
            websocket_max_frame_size=REFUSED_BYTES,
            server_name="habla",
        )

    # --- listening

    def listen_success(self, port: Any) -> None:
        """Keep the port, to be closed before anything else when the server stops."""
        self._ports.append(port)
        self.lines.watch(port)
        # accepted connections inherit it
        port.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        port.factory = self._factory()  # Daphne's own makes channels without limits (H42)
        self.ws_factory.protocol = BoundedWebSocket
        self.ws_factory.setProtocolOptions(failByDrop=False)  # send a close code before dropping
        super().listen_success(port)

    def _factory(self) -> Any:
        """Return what makes the connections of the newest port: the first one is for https."""
        if self._encryption is None:
            return HttpFactory(self, HttpChannel)
        if len(self._ports) == 1:
            return TlsFactory(self._encryption.shown, HttpFactory(self, TlsChannel))
        https_port = self._ports[0].getHost().port
        return HttpFactory(self, partial(RedirectingChannel, https_port=https_port))

    def listen_error(self, failure: Any) -> None:
        """Note why an address cannot be listened on; the server then does not start."""
        option = "--plain-port" if self._ports else "--port"  # they are opened in this order
        self.listen_problem = self.listen_problem or describe_listen_error(failure.value, option)
        super().listen_error(failure)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Put into the scope what an application cannot know of a connection.

        That is whose process is at its other end, and the flow control of a WebSocket (H11).
        """
        scope["habla.peer_user"] = getattr(protocol.transport, "peer_user", PeerUser.UNKNOWN)
        if scope["type"] != "websocket":
            scope["habla.disconnect"] = partial(_disconnect, protocol)
            return super().create_application(protocol, scope)
        if self._encryption is not None:  # its plain port opens none
            scope["scheme"] = "wss"
        protocol.closeHandshakeTimeout = CLOSING_SECONDS
        offer_refusal(scope)
        scope["habla.flow"] = protocol.flow = flow = FlowControl(protocol)
        queue = super().create_application(protocol, scope)
        return None if queue is None else CountingQueue(queue, flow)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Pass on a reply; return when the client can take more of a response (H11)."""
        details = self.connections.get(protocol, {})
        is_long = message.get("more_body", False) or "response_flow" in details
        if message["type"] != "http.response.body" or not is_long or "disconnected" in details:
            await super().handle_reply(protocol, message)
            return
        flow = details.get("response_flow")
        if flow is None:
            flow = details["response_flow"] = ResponseFlow(protocol)
        await super().handle_reply(protocol, {**message, "more_body": True})
        await flow.wait_writable()
        if not message.get("more_body", False):  # not before: an idle connection is closed
            flow.detach()
            await super().handle_reply(protocol, {"type": "http.response.body"})

    # --- Daphne's two periodic checks, which must never die (H6)

    def application_checker(self) -> None:
        """Collect finished applications, and check again whatever happens."""

        def check() -> None:
            for protocol, details in list(self.connections.items()):
                _abort_broken_response(protocol, details)
            super(HablaServer, self).application_checker()

        self._check(check, self.application_checker, APPLICATION_CHECK_SECONDS)

    def timeout_checker(self) -> None:
        """Send pings and close idle connections, and check again whatever happens."""

        def check() -> None:
            for protocol in list(self.connections):
                _reset_future_pings(protocol)
            super(HablaServer, self).timeout_checker()

        self._check(check, self.timeout_checker, TIMEOUT_CHECK_SECONDS)

    def _check(self, check: Callable[[], None], again: Callable[[], None], seconds: int) -> None:
        try:
            check()
        except Exception:
            logger.exception("a periodic check of the server failed")
            reactor.callLater(seconds, again)

    # --- the end

    def kill_all_applications(self) -> "defer.Deferred[None]":
        """Wait for all applications, within limits, and cancel those left; replaces Daphne's."""
        stopping = defer.Deferred.fromFuture(asyncio.ensure_future(self._stop()))
        stopping.addErrback(self._note_failure)
        return stopping

    async def _stop(self) -> None:
        loop = asyncio.get_running_loop()
        for port in self._ports:
            closing = defer.maybeDeferred(port.stopListening).asFuture(loop)
            self.left_over += not await is_step_done("a port", closing)
        logger.info("no longer listening")
        self.left_over += not await is_step_done("the sessions", self._drain())
        applications = self._running_applications()
        if applications:
            await asyncio.wait(applications, timeout=HANDSHAKE_SECONDS)
        await self._cancel([one for one in applications if not one.done()])

    def _running_applications(self) -> "list[asyncio.Future[None]]":
        found = (details.get("application_instance") for details in self.connections.values())
        return [one for one in found if one is not None and not one.done()]

    def _note_failure(self, failure: Any) -> None:
        # Twisted would log nothing, and go on ending
        self.left_over += 1
        details = (failure.type, failure.value, failure.getTracebackObject())
        logger.error("the server could not stop as it should", exc_info=details)

    async def _cancel(self, applications: "list[asyncio.Future[None]]") -> None:
        for application in applications:
            application.cancel()
        if applications:
            _, left = await asyncio.wait(applications, timeout=CANCEL_SECONDS)
            self.left_over += len(left)


def describe_listen_error(error: Exception, option: str) -> str:
    """Return in words why a port cannot be listened on, and what to do.

    ``option`` is that of `serve` which names the port.
    """
    if not isinstance(error, CannotListenError):
        return str(error)
    why = error.socketError
    if getattr(why, "errno", None) == errno.EADDRINUSE:
        return f"Another program has port {error.port}: stop it, or choose another {option}."
    if getattr(why, "errno", None) == errno.EACCES:
        return f"Only root may listen on port {error.port}: choose an {option} from 1024 on."
    return f"Port {error.port}: {getattr(why, 'strerror', None) or why}."


def _reset_future_pings(protocol: Any) -> None:
    """Let pings go on after the clock was set back: Daphne uses that clock (H34)."""
    now = time.time()
    if getattr(protocol, "last_ping", now) > now:
        protocol.last_ping = now


def _disconnect(request: Any) -> None:
    """Drop the connection of a request whose response is incomplete."""
    if request.channel is not None:
        request.channel.forceAbortClient()


def _abort_broken_response(protocol: Any, details: dict[str, Any]) -> None:
    """Drop the connection of a response that failed half-way: Daphne would raise for ever."""
    application = details.get("application_instance")
    if application is None or not application.done() or application.cancelled():
        return
    if application.exception() is None or not getattr(protocol, "_response_started", False):
        return
    logger.error("a response broke half-way", exc_info=application.exception())
    del details["application_instance"]
    protocol.transport.loseConnection()
