"""Real proxies and port forwards in front of a server, run by this user or by another one."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.browser.server import free_port

WHERE = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
NGINX = shutil.which("nginx", path=WHERE)
HAPROXY = shutil.which("haproxy", path=WHERE)
CADDY = shutil.which("caddy", path=WHERE)
SOCAT = shutil.which("socat", path=WHERE)
NOBODY = "nobody"
START_SECONDS = 20.0
END_SECONDS = 10.0

NGINX_CONF = """
{user}
daemon off;
pid nginx.pid;
worker_processes 1;
error_log error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            {told}
        }}
    }}
}}
"""
HAPROXY_CONF = """
global
    {user}
defaults
    mode {mode}
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    {told}
listen habla
    bind 127.0.0.1:{port}
    server habla 127.0.0.1:{behind}
"""
WEBSOCKET = """
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
"""
"""As nginx.org/en/docs/http/websocket.html has it."""
Build = Callable[[Path, int, int, bool], list[str]]


def by_nginx(told: str) -> Build:
    """Return the command of nginx with these directives."""

    def command(directory: Path, port: int, behind: int, is_another: bool) -> list[str]:
        user = f"user {_user_and_group(is_another)};" if os.geteuid() == 0 else ""
        text = NGINX_CONF.format(user=user, port=port, behind=behind, told=told)
        (directory / "nginx.conf").write_text(text)
        return [str(NGINX), "-p", f"{directory}/", "-c", "nginx.conf", "-e", "error.log"]

    return command


def _user_and_group(is_another: bool) -> str:
    user = pwd.getpwnam(NOBODY) if is_another else pwd.getpwuid(os.geteuid())
    return f"{user.pw_name} {grp.getgrgid(user.pw_gid).gr_name}"


def by_haproxy(told: str = "", mode: str = "http") -> Build:
    """Return the command of haproxy in a mode, with these directives."""

    def command(directory: Path, port: int, behind: int, is_another: bool) -> list[str]:
        user = f"user {NOBODY}" if is_another else ""
        text = HAPROXY_CONF.format(user=user, mode=mode, port=port, behind=behind, told=told)
        (directory / "haproxy.cfg").write_text(text)
        return [str(HAPROXY), "-db", "-f", str(directory / "haproxy.cfg")]

    return command


def by_socat(directory: Path, port: int, behind: int, is_another: bool) -> list[str]:
    """Return the command of a port forward."""
    listen = f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr"
    return [*as_user(is_another), str(SOCAT), listen, f"TCP:127.0.0.1:{behind}"]


def as_user(is_another: bool) -> Sequence[str]:
    """Return a command that runs another one as another user."""
    return ["setpriv", f"--reuid={NOBODY}", "--clear-groups"] if is_another else []


@contextmanager
def in_front(
    build: Build, directory: Path, behind: int, *, is_another: bool, port: int = 0
) -> Iterator[int]:
    """Run the command from ``build`` in front of the port ``behind``; yield its own port."""
    port = port or free_port()
    command = build(directory, port, behind, is_another)
    with (
        (directory / "proxy.log").open("w") as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            _await_port(port, process, directory)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            finally:
                process.kill()


def _await_port(port: int, process: "subprocess.Popen[bytes]", directory: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError as error:
            if process.poll() is not None or time.monotonic() > until:
                said = [path.read_text() for path in directory.glob("*.log")]
                raise RuntimeError(f"it does not listen: {said}") from error
            time.sleep(0.02)
        else:
            return
