"""TLS connections in memory: their handshake has a limit, and closing closes."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from sessions_app.core.certificates.authority import Authority, make_authority
from sessions_app.transport import tls
from sessions_app.transport.limits import BodyBudget
from sessions_app.transport.sockets import socket_transport
from sessions_app.transport.tls import (
    GOODBYE_SECONDS,
    HANDSHAKE_SECONDS,
    ShownCertificate,
    TlsChannel,
    TlsFactory,
)

NOW = datetime.now(UTC)
NAMES = ("localhost", "house.local")


class Sites:
    """Makes channels that take ``time`` from a clock; Twisted's names."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def buildProtocol(self, _: Any) -> TlsChannel:  # noqa: N802
        channel = TlsChannel(BodyBudget())
        channel.callLater = self.clock.callLater
        channel.timeOut = None
        return channel

    def doStart(self) -> None: ...  # noqa: N802
    def doStop(self) -> None: ...  # noqa: N802


@pytest.fixture
def authority() -> Authority:
    return make_authority("house", NAMES, NOW)


@pytest.fixture
def shown(authority: Authority) -> ShownCertificate:
    return ShownCertificate(authority.issue(NAMES, NOW))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(tls, "reactor", clock)
    yield clock
    assert clock.getDelayedCalls() == []


class Wire(StringTransport):
    """A TCP connection that keeps what is written."""

    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: N802


def make_wire() -> Any:
    """Return one: Twisted's has no types."""
    wire: Any = Wire
    return wire()


class Peers:
    """A client in memory, and the server's end of its connection."""

    def __init__(self, authority: Authority, shown: ShownCertificate, clock: Clock) -> None:
        factory: Any = TlsFactory(shown, Sites(clock))
        self.server = factory.buildProtocol(None)
        self.wire: Any = make_wire()
        self.server.makeConnection(self.wire)
        context = ssl.create_default_context(cadata=authority.pem.decode())
        context.set_alpn_protocols(["h2", "http/1.1"])
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = context.wrap_bio(self._in, self._out, server_hostname="house.local")

    def shake_hands(self) -> None:
        for _ in range(3):
            with suppress(ssl.SSLWantReadError):
                self.client.do_handshake()
            self.exchange()

    def exchange(self) -> None:
        if sent := self._out.read():
            self.server.dataReceived(sent)
        self._in.write(self.wire.value())
        self.wire.clear()

    def lose(self) -> None:
        self.server.connectionLost(None)


@pytest.fixture
def peers(authority: Authority, shown: ShownCertificate, clock: Clock) -> Iterator[Peers]:
    peers = Peers(authority, shown, clock)
    yield peers
    peers.lose()


def test_who_does_not_finish_the_handshake_is_disconnected(peers: Peers, clock: Clock) -> None:
    peers.server.dataReceived(b"\x16\x03\x01")
    clock.advance(HANDSHAKE_SECONDS - 0.1)
    assert not peers.wire.disconnecting
    clock.advance(0.1)
    assert peers.wire.disconnected or peers.wire.disconnecting


def test_who_has_finished_it_has_no_limit_any_more(peers: Peers, clock: Clock) -> None:
    peers.shake_hands()
    assert peers.client.selected_alpn_protocol() == "http/1.1"
    clock.advance(10 * HANDSHAKE_SECONDS)
    assert not peers.wire.disconnecting


def test_a_connection_is_closed_even_if_the_peer_says_no_goodbye(
    peers: Peers, clock: Clock
) -> None:
    peers.shake_hands()
    peers.server.loseConnection()
    assert not peers.wire.disconnecting  # what was sent may still be under way
    clock.advance(GOODBYE_SECONDS)
    assert peers.wire.disconnecting


def test_a_producer_keeps_no_connection_open(peers: Peers, clock: Clock) -> None:
    peers.shake_hands()
    peers.server.loseConnection()
    peers.exchange()
    assert peers.client.read() == b""  # it was told that nothing more comes
    clock.advance(GOODBYE_SECONDS)


def test_a_new_certificate_is_shown_to_new_connections_only(
    authority: Authority, shown: ShownCertificate, clock: Clock
) -> None:
    before = Peers(authority, shown, clock)
    before.shake_hands()
    shown.replace(authority.issue(NAMES, NOW))
    after = Peers(authority, shown, clock)
    after.shake_hands()
    assert before.client.getpeercert() != after.client.getpeercert()
    assert not before.wire.disconnecting
    before.lose()
    after.lose()


def test_below_tls_is_what_has_the_socket(peers: Peers) -> None:
    assert socket_transport(peers.server) is peers.wire
    assert socket_transport(peers.wire) is peers.wire


def test_the_key_of_a_certificate_is_in_no_representation(
    authority: Authority, shown: ShownCertificate, tmp_path: Path
) -> None:
    for thing in (authority, shown.certificate):
        assert "key=" not in repr(thing)
