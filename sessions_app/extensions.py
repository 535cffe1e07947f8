"""The one way in which an app plugs into sessions: it registers an Extension when it is ready.

sessions_app does so too. This is the lowest floor: what stands above reads here what was plugged
in, and hands its live session or its registry over, whose types are not known here.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from typing import Any

Handle = Callable[[Any, Any], Awaitable[None]]
"""Does with a live session what a command asks.

One that has its turn in the session's line awaits nothing that it gives to that line by ``perform``
itself: that would begin only when its own turn is over, and raises RuntimeError.
"""
Look = Callable[[Any, bool], Awaitable[None]]
"""Looks after rows, for a registry; the second argument says whether signs of life are due."""
Work = Callable[[Any], Coroutine[Any, Any, None]]
"""Goes on for a registry until it is done, or cancelled at the end of the process."""
Tell = Callable[[Collection[Any]], Any]
"""Returns, of live sessions, what is to be told as JSON."""
Troubles = Callable[[], Mapping[str, str]]
"""Returns what is wrong, in words for the owner, by the name of what it is about."""
Reload = Callable[[Any], Awaitable[str]]
"""Reads something again for a registry; returns what it was, in words."""


@dataclass(frozen=True, slots=True)
class CommandHandler:
    """How a command is parsed, and what a session does then."""

    model: type[Any]
    """What it is parsed as: a ``protocol.ClientCommand``."""
    handle: Handle
    in_line: bool = True
    """Whether it keeps its place among the sound, in an open session's queue. Otherwise it is done
    at once, also by a session that is not open."""


@dataclass(frozen=True, slots=True)
class Extension:
    """What an app brings to sessions and to the process that serves them. All of it is optional."""

    name: str
    """The app's."""
    commands: Mapping[str, CommandHandler] = field(default_factory=dict)
    """What clients may ask of a session, by the ``type`` of the message."""
    looks: Mapping[str, Look] = field(default_factory=dict)
    """What the heartbeat does at each look at the rows: every second, and when rows changed."""
    background: Mapping[str, Work] = field(default_factory=dict)
    """What is done meanwhile while a process serves."""
    status: Mapping[str, Tell] = field(default_factory=dict)
    """Entries of `/api/status`, by their key."""
    troubles: Mapping[str, Troubles] = field(default_factory=dict)
    """What may be wrong so that nobody would be heard: it is told by `/readyz`."""
    reloads: Mapping[str, Reload] = field(default_factory=dict)
    """What is read again when the owner asks for it, beside the settings."""
    http_statuses: Mapping[str, HTTPStatus] = field(default_factory=dict)
    """Which status a refusal has in the REST API, by its error code."""


class Extensions:
    """All that was plugged in, of each kind, by name and in the order of the apps."""

    def __init__(self) -> None:
        self.commands: dict[str, CommandHandler] = {}
        self.looks: dict[str, Look] = {}
        self.background: dict[str, Work] = {}
        self.status: dict[str, Tell] = {}
        self.troubles: dict[str, Troubles] = {}
        self.reloads: dict[str, Reload] = {}
        self.http_statuses: dict[str, HTTPStatus] = {}

    def register(self, extension: Extension) -> None:
        """Plug in what an app brings.

        Raises:
            ValueError: something of that kind and name is plugged in already; nothing was.
        """
        kinds = [kind.name for kind in fields(extension) if kind.name != "name"]
        for kind in kinds:
            if taken := getattr(self, kind).keys() & getattr(extension, kind).keys():
                raise ValueError(f"{extension.name}: {min(taken)!r} is among the {kind} already")
        for kind in kinds:
            getattr(self, kind).update(getattr(extension, kind))


plugged_in = Extensions()
"""Of this process: what its apps have registered."""


def register(extension: Extension) -> None:
    """Plug in what an app brings, for the life of the process.

    Raises:
        ValueError: something of that kind and name is plugged in already.
    """
    plugged_in.register(extension)
