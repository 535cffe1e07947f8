"""The options that say where a server listens: of `serve`, and of `doctor`, which examines that."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from sessions_app.core.listening import Listening, port_beside
from sessions_app.server.exit import ExitCode

DEFAULT_PORT, DEFAULT_HTTPS_PORT = 8000, 8443


def add_listening_options(parser: ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on: 8000, or 8443 for https")
    parser.add_argument(
        "--https",
        action="store_true",
        help="encrypt, with a certificate of the house's own authority or a given one",
    )
    parser.add_argument(
        "--plain-port",
        type=int,
        help="with --https: the port that redirects to it; 8000 beside 8443, 80 beside 443",
    )


def wanted_listening(options: dict[str, Any]) -> Listening:
    """Return where to listen.

    Raises:
        CommandError: an option fits no other.
    """
    host, port, plain_port = options["host"], options["port"], options["plain_port"]
    if not options["https"]:
        if plain_port is not None:
            message = "--plain-port is the one that redirects to https: it goes with --https."
            raise CommandError(message, returncode=ExitCode.NOT_STARTED)
        return Listening(host, DEFAULT_PORT if port is None else port)
    port = DEFAULT_HTTPS_PORT if port is None else port
    return Listening(host, port, port_beside(port) if plain_port is None else plain_port)
