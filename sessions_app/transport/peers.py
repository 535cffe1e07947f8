"""Whose process is at the other end of a loopback connection; Linux knows, others do not say.

The kernel is asked for the one connection by netlink, in microseconds however many there are; where
that is forbidden its table in /proc is read, as far as it does not take too long.
"""

import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from pathlib import Path

from sessions_app.core.caller import Peer, is_loopback, parse_address

ESTABLISHED = 1
"""Of the kernel's states of a connection: others belong to nobody, and show root as the user."""
MOST_LINES = 5_000
"""Of a table in /proc: about 10 ms."""
SOCK_DIAG_BY_FAMILY = 20
NETLINK_SOCK_DIAG = 4
NETLINK_ERROR = 2
ANSWER_SECONDS = 0.05
HEADER = struct.Struct("=IHHII")
"""Of a netlink message: length, type, flags, number, port (linux/netlink.h)."""
QUESTION = struct.Struct("=BBBBI")
"""The head of inet_diag_req_v2: family, protocol, extensions, padding, states."""
ENDS = struct.Struct("!HH16s16s")
"""The ports and addresses of inet_diag_sockid, its own end first."""
ANY_INTERFACE_AND_COOKIE = b"\0\0\0\0" + b"\xff" * 8
STATE_OFFSET = HEADER.size + 1
USER_OFFSET = HEADER.size + 4 + 48 + 12
"""Of the uid in inet_diag_msg, which the inode follows."""

End = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """What the kernel knows of one end of a connection."""

    state: int
    uid: int
    inode: int


class NotToldError(Exception):
    """The kernel does not say."""


def whose_other_end(accepted: socket.socket) -> Peer:
    """Return whose process has the other end of a connection that was just accepted."""
    try:
        peer, ours = accepted.getpeername(), accepted.getsockname()
    except OSError:  # it has gone again
        return Peer.ANOTHER
    if accepted.family not in (socket.AF_INET, socket.AF_INET6):
        return Peer.UNKNOWN
    if not is_loopback(peer[0]) or not is_loopback(ours[0]):
        return Peer.ANOTHER
    return whose(peer[:2], ours[:2])


def whose(peer: End, ours: End) -> Peer:
    """Return whose process has the other end, ``peer``, of the loopback connection of ``ours``."""
    try:
        row = find(peer, ours)
        overflow_uid = int(Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii"))
    except (NotToldError, OSError, ValueError):
        return Peer.UNKNOWN
    if row is None or row.state != ESTABLISHED or row.inode == 0:
        return Peer.ANOTHER
    own = os.geteuid()
    if own == overflow_uid:  # so is everybody whom this container has no number for
        return Peer.UNKNOWN
    return Peer.OURS if row.uid == own else Peer.ANOTHER


def find(near: End, far: End) -> Row | None:
    """Return what the kernel knows of the end ``near`` of a connection; None: there is none.

    Raises:
        NotToldError: it cannot be asked.
    """
    with suppress(OSError):
        # "none" is also what a kernel answers that has not loaded this part of itself
        if row := by_netlink(near, far):
            return row
    return by_table(near, far)


def by_netlink(near: End, far: End) -> Row | None:
    """Return what the kernel answers when it is asked for this connection.

    Raises:
        OSError: it may not be asked.
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
    return Row(answer[STATE_OFFSET], uid, inode)


def by_table(near: End, far: End) -> Row | None:
    """Return what stands of this connection in the tables of /proc.

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
                for number, line in enumerate(islice(table, MOST_LINES + 1)):
                    words = line.split()
                    if words[1:3] == wanted:
                        return Row(int(words[3], 16), int(words[7]), int(words[9]))
                    if number == MOST_LINES:
                        raise NotToldError
            is_read = True
    if not is_read:
        raise NotToldError
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
    """Return an address and port as /proc shows them: words of 32 bits in the machine's order."""
    packed = _packed(end, family)[: 4 if family == socket.AF_INET else 16]
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{end[1]:04X}"
