"""Whatever is cut, lost and sent again, in any order: each thing that is said arrives once."""

import itertools
from collections import deque
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sessions_app.core.audio import Encoding
from sessions_app.core.events import SpeechStarted
from sessions_app.live.resuming.command_ledger import CommandLedger
from sessions_app.live.resuming.event_log import EventLog
from sessions_app.live.resuming.stream_position import StreamPosition
from sessions_app.live.resuming.tickets import ResumeTickets, ticket_hash
from tests.lifecycle.resuming.outbox import Command, Item, Outbox, Sound
from tests.lifecycle.resuming.sound import Container

LIMIT = 40
"""How many bytes a client may have on the way."""
PCM = Container(Encoding.PCM_S16LE)
FEW = st.integers(0, 3)


class Wire:
    """A connection: what is on the way, each way, in order."""

    def __init__(self) -> None:
        self.to_server: deque[Item] = deque()
        self.to_client: deque[dict[str, Any]] = deque()
        self.greeting: dict[str, Any] | None = None


class Server:
    """What a session keeps for its client, put together as a session does it."""

    def __init__(self) -> None:
        self.position = StreamPosition()
        self.ledger = CommandLedger()
        self.log = EventLog()
        self.tickets = ResumeTickets()
        self.given = ""
        self.streams: dict[int, bytes] = {}
        self.done: list[str] = []
        self.wire: Wire | None = None
        self.is_arrival_noted = True

    def attach(self, wire: Wire, hashed: str, seen: int) -> None:
        """Take a connection in place of any other."""
        assert self.tickets.opens(hashed)
        self.tickets.confirm(hashed)
        self.wire, self.is_arrival_noted = wire, False
        self.given = self.tickets.issue()
        greeting = {
            "ticket": self.given,
            "stream": self.position.number,
            "bytes": self.position.bytes,
            "command": self.ledger.told,
            "events_from": self.log.first_after(seen),
        }
        wire.to_client.append(greeting)
        while (missed := self.log.next_after(seen)) is not None:
            wire.to_client.append({"event": missed.number})
            seen = missed.number

    def take(self, item: Item) -> None:
        """Take what arrived over the connection of the moment."""
        if not self.is_arrival_noted:
            self.is_arrival_noted = True
            self.tickets.confirm(ticket_hash(self.given))
        if isinstance(item, Sound):
            if self.position.is_open:
                self.position.take(len(item.data))
                self.streams[self.position.number] += item.data
            return
        if not self.ledger.is_new(item.number):
            return
        self.ledger.take(item.number)
        self._execute(item)
        self.ledger.finish(item.number)

    def _execute(self, command: Command) -> None:
        kind = command.fields["type"]
        self.done.append(command.fields.get("text", kind))
        if kind == "start_listening":
            number = self.position.begin()
            assert number is not None
            self.streams[number] = b""
        elif kind == "stop_listening":
            self.position.stop()

    def emit(self) -> None:
        """Tell the client something that it must not miss."""
        numbered = self.log.take(SpeechStarted(1, 0.0))
        assert numbered is not None
        if self.wire is not None:
            self.wire.to_client.append({"event": numbered.number})


class Resuming(RuleBasedStateMachine):
    """A client that says things, a session that takes them, and a network that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.outbox = Outbox()
        self.ticket = self.server.tickets.issue()
        self.used: set[str] = set()
        self.seen: list[int] = []
        self.wire: Wire | None = None
        self.is_greeted = False
        self.said: dict[int, bytes] = {}
        self.commands: list[str] = []
        self.names = itertools.count()
        self.emitted = 0

    # --- the client says

    @precondition(lambda self: self.outbox.position.is_listening)
    @rule(data=st.binary(min_size=1, max_size=20))
    def hear(self, data: bytes) -> None:
        self.said[self.outbox.position.stream] += data
        self.outbox.hear(data)

    @precondition(lambda self: not self.outbox.position.is_listening)
    @rule()
    def start(self) -> None:
        self.outbox.begin(PCM)
        self.said[self.outbox.position.stream] = b""
        self.commands.append("start_listening")

    @precondition(lambda self: self.outbox.position.is_listening)
    @rule()
    def stop(self) -> None:
        self.outbox.do({"type": "stop_listening"})
        self.commands.append("stop_listening")

    @rule()
    def type_text(self) -> None:
        text = str(next(self.names))
        self.outbox.do({"type": "text_input", "text": text})
        self.commands.append(text)

    # --- the network carries, or not

    @precondition(lambda self: self.is_greeted)
    @rule(count=FEW)
    def send(self, count: int) -> None:
        assert self.wire is not None
        for _ in range(count):
            if (item := self.outbox.next(LIMIT)) is not None:
                self.wire.to_server.append(item)

    @precondition(lambda self: self.wire is not None)
    @rule(count=FEW)
    def deliver(self, count: int) -> None:
        """Deliver to the server; what comes over a connection that was replaced is not read."""
        assert self.wire is not None
        while count and self.wire.to_server:
            count -= 1
            item = self.wire.to_server.popleft()
            if self.server.wire is self.wire:
                self.server.take(item)

    @precondition(lambda self: self.wire is not None)
    @rule(count=FEW)
    def tell(self, count: int) -> None:
        assert self.wire is not None
        while count and self.wire.to_client:
            count -= 1
            self._be_told(self.wire.to_client.popleft())

    def _be_told(self, message: dict[str, Any]) -> None:
        if "ticket" in message:
            self.used.add(self.ticket)
            self.ticket = message["ticket"]
            self.used.discard(self.ticket)
            self.outbox.resume(message["stream"], message["bytes"], message["command"])
            assert message["events_from"] == (self.seen[-1] if self.seen else 0) + 1
            self.is_greeted = True
        elif "event" in message:
            self.seen.append(message["event"])
        else:
            self.outbox.drop(message["stream"], message["bytes"])

    @rule(is_noticed=st.booleans())
    def cut(self, *, is_noticed: bool) -> None:
        """Lose what is on the way, and the connection; the server may not have noticed."""
        self.wire, self.is_greeted = None, False
        if is_noticed:
            self.server.wire = None

    @rule()
    def come_back(self) -> None:
        """Connect with the ticket, whether the connection before is gone or not."""
        self.wire, self.is_greeted = Wire(), False
        self.server.attach(self.wire, ticket_hash(self.ticket), self.seen[-1] if self.seen else 0)

    # --- the session tells

    @rule()
    def emit(self) -> None:
        self.server.emit()
        self.emitted += 1

    @precondition(lambda self: self.server.position.number > 0 and self.server.wire is not None)
    @rule(share=st.floats(0, 1))
    def acknowledge(self, share: float) -> None:
        position = self.server.position
        assert self.server.wire is not None
        kept = {"stream": position.number, "bytes": round(share * position.bytes)}
        self.server.wire.to_client.append(kept)

    # --- what must hold

    @invariant()
    def what_the_session_has_is_what_was_said_so_far(self) -> None:
        for number, sound in self.server.streams.items():
            assert self.said[number].startswith(sound)
        assert self.commands[: len(self.server.done)] == self.server.done
        assert self.seen == list(range(1, len(self.seen) + 1))

    @invariant()
    def the_tickets_are_good_that_the_client_may_have_and_no_other(self) -> None:
        assert self.server.tickets.opens(ticket_hash(self.ticket))
        if self.server.is_arrival_noted:
            assert not any(self.server.tickets.opens(ticket_hash(one)) for one in self.used)

    def teardown(self) -> None:
        """Come back once more, and carry everything."""
        self.come_back()
        while self.wire is not None and (self.wire.to_client or not self.is_greeted):
            self.tell(1)
        while (item := self.outbox.next(2**20)) is not None:
            self.server.take(item)
        assert self.server.streams == self.said
        assert self.server.done == self.commands
        assert self.seen == list(range(1, self.emitted + 1))


TestResuming = Resuming.TestCase
TestResuming.settings = settings(max_examples=100, stateful_step_count=40)
