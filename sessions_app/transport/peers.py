"""Which user's process is at the other end of a loopback connection; only Linux says.

The kernel is asked for that one connection by netlink, which takes microseconds however many there
are; where netlink is forbidden, the tables in /proc/net are read, unless they are too long.
"""

import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from pathlib import Path

from sessions_app.core.caller import PeerUser, is_loopback, parse_address

ESTABLISHED = 1
"""TCP state in the kernel: connections in other states show root as their user."""
MAX_LINES = 5_000
"""Lines read of a table in /proc: about 10 ms."""
SOCK_DIAG_BY_FAMILY = 20
NETLINK_SOCK_DIAG = 4
NETLINK_ERROR = 2
ANSWER_SECONDS = 0.05
HEADER = struct.Struct("=IHHII")
"""Header of a netlink message: length, type, flags, number, port (linux/netlink.h)."""
QUESTION = struct.Struct("=BBBBI")
"""Begin of inet_diag_req_v2: family, protocol, extensions, padding, states."""
ENDS = struct.Struct("!HH16s16s")
"""Ports and addresses in inet_diag_sockid, its own end first."""
ANY_INTERFACE_AND_COOKIE = b"\0\0\0\0" + b"\xff" * 8
STATE_OFFSET = HEADER.size + 1
USER_OFFSET = HEADER.size + 4 + 48 + 12
"""Offset of the uid in inet_diag_msg; the inode follows it."""

End = tuple[str, int]


@dataclass(frozen=True, slots=True)
class SocketRow:
    """What the kernel knows about one end of a connection."""

    state: int
    uid: int
    inode: int


class SocketUnknownError(Exception):
    """The kernel cannot be asked who owns a socket."""


def peer_user_of(accepted: socket.socket) -> PeerUser:
    """Return which user's process is at the other end of an accepted connection."""
    try:
        peer, ours = accepted.getpeername(), accepted.getsockname()
    except OSError:  # it is closed already
        return PeerUser.ANOTHER
    if accepted.family not in (socket.AF_INET, socket.AF_INET6):
        return PeerUser.UNKNOWN
    if not is_loopback(peer[0]) or not is_loopback(ours[0]):
        return PeerUser.ANOTHER
    return socket_user(peer[:2], ours[:2])


def socket_user(peer: End, ours: End) -> PeerUser:
    """Return which user's process has the end ``peer`` of a loopback connection to ``ours``."""
    try:
        row = find_socket(peer, ours)
        overflow_uid = int(Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii"))
    except (SocketUnknownError, OSError, ValueError):
        return PeerUser.UNKNOWN
    if row is None or row.state != ESTABLISHED or row.inode == 0:
        return PeerUser.ANOTHER
    own = os.geteuid()
    if own == overflow_uid:  # every user that is unknown in this container has this uid too
        return PeerUser.UNKNOWN
    return PeerUser.OURS if row.uid == own else PeerUser.ANOTHER


def find_socket(near: End, far: End) -> SocketRow | None:
    """Return what the kernel knows about the end ``near`` of a connection; None: there is none.

    Raises:
        NotToldError: it cannot be asked.
    """
    with suppress(OSError):
        # a kernel without the module for this also answers "none"
        if row := by_netlink(near, far):
            return row
    return by_table(near, far)


def by_netlink(near: End, far: End) -> SocketRow | None:
    """Ask the kernel by netlink for this connection; None: there is none.

    Raises:
        OSError: netlink is forbidden or failed.
    """
    family = socket.AF_INET if _is_4(near) and _is_4(far) else socket.AF_INET6
    ends = ENDS.pack(near[1], far[1], _packed(near, family), _packed(far, family))
    question = QUESTION.pack(family, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF)
    body = question + ends + ANY_INTERFACE_AND_COOKIE
    head = HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, 1, 1, 0)
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG
    ) as kernel:
        kernel.settimeout(ANSWER_SECONDS)
        kernel.send(head + body)
        answer = kernel.recv(4096)
    if HEADER.unpack_from(answer)[1] == NETLINK_ERROR:
        (negative,) = struct.unpack_from("=i", answer, HEADER.size)
        error = OSError(-negative, os.strerror(-negative))
        if isinstance(error, FileNotFoundError):
            return None
        raise error
    uid, inode = struct.unpack_from("=II", answer, USER_OFFSET)
    return SocketRow(answer[STATE_OFFSET], uid, inode)


def by_table(near: End, far: End) -> SocketRow | None:
    """Look for this connection in the tables of /proc/net; None: there is none.

    Raises:
        NotToldError: they cannot be read, or have too many lines.
    """
    is_read = False
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        if family == socket.AF_INET and not (_is_4(near) and _is_4(far)):
            continue
        wanted = [_shown(near, family), _shown(far, family)]
        with suppress(FileNotFoundError, PermissionError):
            with Path("/proc/net", name).open(encoding="ascii") as table:
                for number, line in enumerate(islice(table, MAX_LINES + 1)):
                    words = line.split()
                    if words[1:3] == wanted:
                        return SocketRow(int(words[3], 16), int(words[7]), int(words[9]))
                    if number == MAX_LINES:
                        raise SocketUnknownError
            is_read = True
    if not is_read:
        raise SocketUnknownError
    return None


def _is_4(end: End) -> bool:
    return isinstance(parse_address(end[0]), IPv4Address)


def _packed(end: End, family: int) -> bytes:
    address = parse_address(end[0])
    if address is None:
        raise OSError
    if family == socket.AF_INET6 and isinstance(address, IPv4Address):
        address = IPv6Address(f"::ffff:{address}")
    return address.packed.ljust(16, b"\0")


def _shown(end: End, family: int) -> str:
    """Return an address and port as /proc shows them: 32-bit words in the machine's byte order."""
    packed = _packed(end, family)[: 4 if family == socket.AF_INET else 16]
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{end[1]:04X}"
