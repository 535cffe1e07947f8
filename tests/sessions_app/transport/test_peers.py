"""Whose process is at the other end of a loopback connection, as the kernel says."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sessions_app.core.caller import PeerUser
from sessions_app.transport.peers import (
    ESTABLISHED,
    SocketRow,
    by_netlink,
    by_table,
    find_socket,
    socket_user,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says")
Pair = tuple[socket.socket, socket.socket]
NOBODY = 65_534
CALLER = (
    "import socket, sys; s = socket.create_connection((sys.argv[1], int(sys.argv[2])));"
    "print(*s.getsockname()[:2], flush=True); sys.stdin.read()"
)


@pytest.fixture(params=["127.0.0.1", "::1", "mapped"])
def connected(request: Any) -> Iterator[Pair]:
    """Return the two ends of a connection by IPv4, IPv6, and IPv4 to a socket that has both."""
    host = request.param
    with ExitStack() as sockets:
        listener = sockets.enter_context(
            socket.socket(socket.AF_INET if host == "127.0.0.1" else socket.AF_INET6)
        )
        if host == "mapped":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((host if host != "mapped" else "::", 0))
        listener.listen()
        to = "127.0.0.1" if host == "mapped" else host
        near = sockets.enter_context(socket.create_connection((to, listener.getsockname()[1])))
        far, _ = listener.accept()
        yield near, sockets.enter_context(far)


def ends(far: socket.socket) -> tuple[tuple[str, int], tuple[str, int]]:
    return far.getpeername()[:2], far.getsockname()[:2]


@pytest.mark.parametrize("look", [find_socket, by_netlink, by_table])
def test_the_kernel_tells_of_the_other_end(
    connected: Pair, look: Callable[..., SocketRow | None]
) -> None:
    near, far = connected
    inode = os.fstat(near.fileno()).st_ino
    assert look(*ends(far)) == SocketRow(ESTABLISHED, os.geteuid(), inode)


def test_a_process_of_our_own_user_is_ours(connected: Pair) -> None:
    assert socket_user(*ends(connected[1])) is PeerUser.OURS


@pytest.mark.parametrize("how", ["closed", "half closed", "reset"])
def test_whoever_has_left_is_nobody(connected: Pair, how: str) -> None:
    near, far = connected
    peer, ours = ends(far)
    if how == "half closed":
        near.shutdown(socket.SHUT_WR)
    elif how == "reset":
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if how != "half closed":
        near.close()
    assert socket_user(peer, ours) is PeerUser.ANOTHER


def test_a_connection_that_does_not_exist_is_nobodys(connected: Pair) -> None:
    assert socket_user(("127.0.0.1", 1), ("127.0.0.1", 2)) is PeerUser.ANOTHER
    peer, ours = ends(connected[1])
    assert socket_user((peer[0], peer[1]), (ours[0], 1)) is PeerUser.ANOTHER


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run a process as another user")
@pytest.mark.parametrize("look", [by_netlink, by_table])
def test_a_process_of_another_user_is_not_ours(look: Callable[..., SocketRow | None]) -> None:
    python = shutil.which("python3", path="/usr/bin:/bin")
    if python is None:
        pytest.skip("no Python that every user may run")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        where = [str(part) for part in listener.getsockname()]
        command = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", python, "-c", CALLER, *where]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            far, peer = listener.accept()
            with far:
                found = look(peer, listener.getsockname())
                assert found is not None
                assert (found.state, found.uid) == (ESTABLISHED, NOBODY)
                assert socket_user(peer, listener.getsockname()) is PeerUser.ANOTHER
            process.communicate(timeout=5)
