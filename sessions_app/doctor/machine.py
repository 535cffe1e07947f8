"""Checks of the machine: Python, disk, port and system libraries."""

import errno
import resource
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import httpx

from sessions_app.config.file_modes import ModeRestriction, is_open
from sessions_app.core.descriptors import MAX_DESCRIPTORS, MIN_RESERVE
from sessions_app.doctor.finding import Finding, broken, fine, warning
from sessions_app.engines.decoding.libopus import load_libopus

OLDEST_PYTHON = (3, 11)
MEGABYTE = 1024 * 1024
ROOM_MEGABYTES = 2000
"""How much the usual models and an evening of recordings take."""
LEAST_MEGABYTES = 200
ANSWER_SECONDS = 2.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


def examine_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Check whether this Python is new enough."""
    name = ".".join(map(str, version))
    if version >= OLDEST_PYTHON:
        return fine("Python", name)
    return broken("Python", f"{name} is too old.", "Install Python 3.11 or newer.")


def examine_data_directory(directory: Path) -> Finding:
    """Check whether a file can be written in ``directory``."""
    mend = "Make it writable for this user, or set HABLA_DATA_DIR to a directory that is."
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"habla")
    except OSError as error:
        why = error.strerror or "unknown error"
        return broken("data directory", f"Nothing can be written to {directory}: {why}.", mend)
    return fine("data directory", str(directory))


def examine_file_modes(directory: Path, databases: list[Path]) -> Finding:
    """Check whether other users of this machine may read what is kept, and deny it to them."""
    restriction = ModeRestriction()
    restriction.restrict_directory(directory)
    restriction.restrict_files(databases)
    if restriction.left_open:
        return broken("privacy", " ".join(map(str, restriction.left_open)))
    links = [path.name for path in directory.glob("*") if path.is_symlink() and is_open(path)]
    if links:
        message = f"Other users of this machine may read what is behind {', '.join(links)}."
        return warning("privacy", message, "chmod go-rwx the directory that the link leads to.")
    return fine("privacy", "what is kept is closed to other users of this machine")


def examine_disk(directory: Path) -> Finding:
    """Check how much space is left where ``directory`` lies."""
    try:
        megabytes = shutil.disk_usage(directory).free // MEGABYTE
    except OSError:
        return broken("disk space", f"{directory} cannot be read.", "Does it exist?")
    return judge_room(megabytes)


def judge_room(megabytes: int) -> Finding:
    """Return the finding for ``megabytes`` of free space."""
    if megabytes < LEAST_MEGABYTES:
        return broken("disk space", f"Only {megabytes:,} MB are left.", "Free some space.")
    if megabytes < ROOM_MEGABYTES:
        mend = f"Models and recordings need about {ROOM_MEGABYTES:,} MB."
        return warning("disk space", f"{megabytes:,} MB are left.", mend)
    return fine("disk space", f"{megabytes:,} MB are left")


def examine_descriptors(max_sessions: int) -> Finding:
    """Check whether the system allows a server as many files and connections as it may need."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    needed = 2 * (MIN_RESERVE + 4 * max_sessions)
    message = f"{most} files and connections may be open at once"
    if most >= needed:
        return fine("open files", message)
    mend = f"Allow the server {needed} (ulimit -n, LimitNOFILE=), or lower HABLA_MAX_SESSIONS."
    return warning("open files", f"Only {message}.", mend)


def examine_port(host: str, port: int, option: str = "--port") -> Finding:
    """Check whether ``port`` is free, or Habla itself answers there; ``option`` names another."""
    name = f"{host}:{port}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return _explain_port(name, error, option)
    return fine("port", f"{name} is free")


def _explain_port(name: str, error: OSError, option: str) -> Finding:
    if error.errno == errno.EADDRINUSE:
        if address := _habla_at(name):
            return fine("port", f"Habla is running at {address}")
        mend = f"Stop that program, or choose another port: manage.py serve {option} 8001"
        return broken("port", f"Another program has {name}.", mend)
    why = error.strerror or "unknown error"
    return broken("port", f"{name} cannot be used: {why}.", f"Choose another --host or {option}.")


def _habla_at(name: str) -> str:
    """Return the address at which Habla answers; empty: another program does."""
    # whoever has the port can be asked for nothing, and is told nothing: any certificate will do
    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False, verify=False) as client:
        for address in (f"http://{name}", f"https://{name}"):
            with suppress(httpx.HTTPError, httpx.InvalidURL):
                answer = client.get(f"{address}/healthz")
                if answer.status_code == httpx.codes.OK and answer.text.strip() == "ok":
                    return address
    return ""


def examine_libopus() -> Finding:
    """Check for the library that decodes what browsers send at the lowest cost."""
    if load_libopus() is not None:
        return fine("libopus", "is there")
    message = "libopus is not installed: decoding works, but costs more."
    return warning("libopus", message, "apt install libopus0")


def examine_esbuild() -> Finding:
    """Check for the program that makes a few small files of the pages' scripts."""
    if shutil.which("esbuild"):
        return fine("esbuild", "is there")
    message = "esbuild is not installed: pages work, but load fifty files in place of a few."
    return warning("esbuild", message, "apt install esbuild, then start Habla again")


def examine_secure_context(allowed_hosts: list[str], *, is_https: bool = False) -> Finding:
    """Check whether browsers will give the pages access to the microphone."""
    others = [host for host in allowed_hosts if host not in LOOPBACK]
    if not others:
        return fine("microphone", "browsers allow it on this machine, at http://localhost")
    if is_https:
        return fine("microphone", "browsers that trust the certificate allow it")
    message = f"Browsers allow {', '.join(others)} the microphone only over HTTPS."
    mend = "manage.py serve --https, or a proxy with a certificate in front of Habla"
    return warning("microphone", message, mend)
