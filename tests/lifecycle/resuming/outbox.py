"""What a client that resumes has to send, in order, and may not have got through: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.lifecycle.resuming.sound import Container

TAKEN = 200
"""How many commands are held though the session took them: another process may want them again."""
ENDS_LISTENING = {"stop_listening", "new_conversation"}


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of a stream, which begins at its byte ``place``."""

    stream: int
    place: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """A numbered command."""

    number: int
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Position:
    """How far the client has come with what it says."""

    command: int = 0
    stream: int = 0
    bytes: int = 0
    is_listening: bool = False


Item = Sound | Command


class Outbox:
    """Holds everything until the server keeps it; gives out anew what a session does not have."""

    def __init__(self) -> None:
        self.position = Position()
        self._held: list[Item] = []
        """Sound that is not kept yet, and commands that may not have been taken, in order."""
        self._todo: list[Item] = []
        """What of it is not sent over this connection."""
        self._skipped = 0
        """How much of what comes next is of a cluster, page or fragment that began before."""
        self._containers: dict[int, Container] = {}

    @property
    def held_bytes(self) -> int:
        """Return how much sound is held."""
        return _size(self._held)

    # --- what is said

    def begin(self, container: Container) -> None:
        """Begin a stream in this container."""
        self.do({"type": "start_listening", "encoding": container.encoding})
        self._containers[self.position.stream] = container

    def hear(self, data: bytes) -> None:
        """Say the next piece of the stream."""
        data, self._skipped = data[self._skipped :], max(0, self._skipped - len(data))
        if data:
            self._hold(Sound(self.position.stream, self.position.bytes, data))
            self.position.bytes += len(data)

    def do(self, fields: Mapping[str, Any]) -> None:
        """Say a command."""
        position = self.position
        position.command += 1
        if fields["type"] == "start_listening":
            position.stream, position.bytes = position.stream + 1, 0
            position.is_listening = True
        elif fields["type"] in ENDS_LISTENING:
            position.is_listening = False
        self._hold(Command(position.command, fields))

    def _hold(self, item: Item) -> None:
        self._held.append(item)
        self._todo.append(item)

    # --- what is sent

    def next(self, limit: int) -> Item | None:
        """Return what to send next, if there is any, and less than ``limit`` bytes are not kept.

        It counts as sent over this connection.
        """
        if not self._todo or _size(self._held) - _size(self._todo) >= limit:
            return None
        return self._todo.pop(0)

    def resume(self, stream: int, place: int, command: int) -> None:
        """Send on a new connection all that the session does not have.

        What it has is held all the same, sound until it is kept: its process may die.
        """
        self._todo = _lacking(self._held, stream, place, command)
        self._held = _lacking(self._held, 0, 0, command - TAKEN)

    def drop(self, stream: int, place: int) -> None:
        """Hold no more what is kept."""
        self._held = _lacking(self._held, stream, place, 0)
        self._todo = _lacking(self._todo, stream, place, 0)

    def begin_anew(self, stream: int = 0, place: int = 0, command: int = 0) -> None:
        """Send to another session all that the one before did not have, under new numbers."""
        held, old = _lacking(self._held, stream, place, command), self.position
        self._held, self._todo, self.position = [], [], Position()
        containers, self._containers = self._containers, {}
        open_stream = old.stream - sum(_begins(item) for item in held)
        first = next((item for item in held if _is_about_listening(item)), None)
        if isinstance(first, Sound) or (first is None and old.is_listening):
            self._go_on(containers[open_stream], first.place if first else old.bytes)
        elif isinstance(first, Command) and first.fields["type"] == "stop_listening":
            held.remove(first)  # all of that stream was heard
        for item in held:
            if isinstance(item, Sound):
                self.hear(item.data)
                continue
            self.do(item.fields)
            if _begins(item):
                open_stream += 1
                self._containers[self.position.stream] = containers[open_stream]

    def _go_on(self, container: Container, place: int) -> None:
        """Begin a stream with what is left of another: the header, then from the next cut on."""
        cut = container.next_cut(place)
        self.begin(container.after(cut))
        if container.header:
            self.hear(container.header)
        self._skipped = cut - place


def _size(items: list[Item]) -> int:
    return sum(len(item.data) for item in items if isinstance(item, Sound))


def _is_about_listening(item: Item) -> bool:
    return isinstance(item, Sound) or _begins(item) or item.fields["type"] in ENDS_LISTENING


def _begins(item: Item) -> bool:
    return isinstance(item, Command) and item.fields["type"] == "start_listening"


def _lacking(items: list[Item], stream: int, place: int, command: int) -> list[Item]:
    """Return what of ``items`` lies behind these places."""
    left = (_left(item, stream, place, command) for item in items)
    return [item for item in left if item is not None]


def _left(item: Item, stream: int, place: int, command: int) -> Item | None:
    """Return what of an item lies behind these places; None: nothing."""
    if isinstance(item, Command):
        return item if item.number > command else None
    if item.stream != stream:
        return item if item.stream > stream else None
    known = max(0, place - item.place)
    return Sound(stream, item.place + known, item.data[known:]) if known < len(item.data) else None
