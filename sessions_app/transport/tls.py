"""TLS of this process's own: connections that end in it, and the certificate they are shown.

Twisted wraps a TCP connection for it, so that most of what holds for one holds for both. What is
different is made alike here: the handshake has a time limit, and closing closes.
"""

import logging
from typing import Any

from OpenSSL import SSL
from twisted.internet import reactor as twisted_reactor
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLServerConnectionCreator
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from zope.interface import implementer

from sessions_app.core.certificates.server_certificate import ServerCertificate
from sessions_app.transport.channel import HttpChannel

logger = logging.getLogger(__name__)
reactor: Any = twisted_reactor  # a module that becomes one of several classes

HANDSHAKE_SECONDS = 10.0
"""How long the TLS handshake may take: a phone far from the access point needs two."""
GOODBYE_SECONDS = 2.0
"""How long a peer may take to say that it closes too, before the connection is closed anyway."""
HTTP = b"http/1.1"
"""The one protocol that is spoken here (ALPN); WebSockets begin with it."""


@implementer(IOpenSSLServerConnectionCreator)
class ShownCertificate:
    """The certificate that new connections are shown. It can be replaced at any time."""

    def __init__(self, certificate: ServerCertificate) -> None:
        self.certificate = certificate
        self._context = _context_of(certificate)

    def replace(self, certificate: ServerCertificate) -> None:
        """Show another one from now on; connections that there are go on with theirs."""
        self._context = _context_of(certificate)
        self.certificate = certificate

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:  # noqa: N802 -- Twisted's
        """Return what encrypts a new connection."""
        return SSL.Connection(self._context, None)


class TlsTransport(BufferingTLSTransport):
    """An encrypted connection; the names of its methods are Twisted's."""

    transport: Any
    _goodbye: Any = None

    def loseConnection(self) -> None:  # noqa: N802
        """Close when all is written, as TCP does: a producer does not keep it open."""
        if self.disconnecting or not self.connected:
            return
        self._aggregator.flush()
        self.unregisterProducer()  # type: ignore[no-untyped-call]
        super().loseConnection()
        if self.connected:
            self._goodbye = reactor.callLater(GOODBYE_SECONDS, self._close_anyway)

    def _close_anyway(self) -> None:
        self._goodbye = None
        if self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802
        """Leave no timer behind."""
        if self._goodbye is not None:
            self._goodbye.cancel()
            self._goodbye = None
        super().connectionLost(reason)


@implementer(IHandshakeListener)
class TlsChannel(HttpChannel):
    """An HTTP channel whose connection begins with a TLS handshake; Twisted's names."""

    _handshake: Any = None

    def connectionMade(self) -> None:  # noqa: N802
        """Begin to wait for the handshake."""
        super().connectionMade()
        self._handshake = self.callLater(HANDSHAKE_SECONDS, self._abort_handshake)

    def handshakeCompleted(self) -> None:  # noqa: N802
        """Wait no more."""
        self._cancel_handshake()

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        """Release everything. Whoever does not trust the certificate leaves here, unlogged."""
        self._cancel_handshake()
        super().connectionLost(reason)

    def close_when_sent(self) -> None:
        """Close when all is sent: TLS has no half of a connection that could stay open."""
        self.transport.loseConnection()

    def _abort_handshake(self) -> None:
        self._handshake = None
        logger.info("a TLS handshake took more than %g s", HANDSHAKE_SECONDS)
        self.transport.abortConnection()

    def _cancel_handshake(self) -> None:
        if self._handshake is not None:
            self._handshake.cancel()
            self._handshake = None


class TlsFactory(TLSMemoryBIOFactory):
    """Makes the encrypted connections of one port."""

    protocol = TlsTransport

    def __init__(self, shown: ShownCertificate, wrapped: Any) -> None:
        creator: Any = shown  # mypy knows nothing of zope's interfaces
        super().__init__(creator, isClient=False, wrappedFactory=wrapped)


def _context_of(certificate: ServerCertificate) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE)
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    # Twisted makes no use of it, and a client would resume with a certificate that was replaced
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.use_certificate(certificate.chain[0])
    for each in certificate.chain[1:]:
        context.add_extra_chain_cert(each)
    context.use_privatekey(certificate.key)
    context.set_alpn_select_callback(_choose_protocol)
    return context


def _choose_protocol(_: SSL.Connection, offered: list[bytes]) -> Any:
    return HTTP if HTTP in offered else SSL.NO_OVERLAPPING_PROTOCOLS
