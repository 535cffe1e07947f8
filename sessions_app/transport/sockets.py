"""What has the socket of a connection, whether it is encrypted or not."""

from typing import Any

from twisted.protocols.policies import ProtocolWrapper


def socket_transport(transport: Any) -> Any:
    """Return the TCP connection below TLS, or ``transport`` itself where there is no TLS."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    return transport
