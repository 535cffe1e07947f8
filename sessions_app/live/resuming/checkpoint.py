"""From where another process goes on with a session: what its rows alone do not say."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

from sessions_app.core.audio import Encoding
from sessions_app.core.events import Direction, Manner, Mode
from sessions_app.pipeline.account import Account
from sessions_app.pipeline.listener import HeardBefore

VERSION = 1


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A stream that was open, and is recorded."""

    recording_id: UUID
    encoding: Encoding
    sample_rate: int
    offset_samples: int
    """Where its listening period began on the session's clock."""
    seam_sample: int
    """Up to which sample all of it is in the rows: what follows is heard again."""
    before: Account
    """The session's account when the period began."""
    holes: tuple[tuple[int, int], ...] = ()
    """After how many bytes the client could not send some, and how many those were."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a session needs to go on elsewhere."""

    conversation_id: UUID
    manner: Manner
    account: Account
    """As it was at the seam."""
    event: int = 0
    """The number of the newest event."""
    utterance: int = 0
    """The newest id of an utterance."""
    command: int = 0
    """The highest command that was taken."""
    undone: tuple[int, ...] = ()
    """Those of them that are not done."""
    stream: int = 0
    """The newest stream that has begun."""
    taken_bytes: int = 0
    """How much of it is kept, and need not be sent again."""
    is_open: bool = False
    """Whether it goes on."""
    heard_before: HeardBefore | None = None
    """What another session need not hear again of a container that is not recorded."""
    is_rest_sent_again: bool = False
    """Whether a client that comes back sends again what ``account`` does not have."""
    open_stream: OpenStream | None = None
    """What another process needs to go on with it; None: it is over, or not recorded."""

    @property
    def told_command(self) -> int:
        """The number up to which a client need not hold its commands any more."""
        return min(self.undone) - 1 if self.undone else self.command

    @property
    def can_go_on(self) -> bool:
        """Whether another process can go on with the session, where its sound is."""
        return self.open_stream is not None or not self.is_open

    def as_json(self) -> dict[str, Any]:
        """Return it as values that fit into JSON."""
        stream = self.open_stream
        return {
            "version": VERSION,
            "conversation": str(self.conversation_id),
            "direction": self.manner.direction,
            "mode": self.manner.mode,
            "account": _account_json(self.account),
            "event": self.event,
            "utterance": self.utterance,
            "command": self.command,
            "undone": list(self.undone),
            "stream": self.stream,
            "bytes": self.taken_bytes,
            "is_open": self.is_open,
            "heard": None if self.heard_before is None else list(astuple(self.heard_before)),
            "sent_again": self.is_rest_sent_again,
            "open": None if stream is None else _stream_json(stream),
        }


def read_checkpoint(fields: Mapping[str, Any]) -> Checkpoint | None:
    """Return the checkpoint that ``as_json`` made; None: it is another version's, or none."""
    try:
        if fields["version"] != VERSION:
            return None
        return Checkpoint(
            UUID(fields["conversation"]),
            Manner(Direction(fields["direction"]), Mode(fields["mode"])),
            Account.from_dict(fields["account"]),
            event=int(fields["event"]),
            utterance=int(fields["utterance"]),
            command=int(fields["command"]),
            undone=tuple(map(int, fields["undone"])),
            stream=int(fields["stream"]),
            taken_bytes=int(fields["bytes"]),
            is_open=bool(fields["is_open"]),
            heard_before=_heard_before(fields.get("heard")),
            is_rest_sent_again=bool(fields.get("sent_again")),
            open_stream=_stream(fields["open"]) if fields["open"] else None,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _account_json(account: Account) -> dict[str, Any]:
    return {**account.as_dict(), "utterances": account.utterances}


def _stream_json(stream: OpenStream) -> dict[str, Any]:
    return {
        "recording": str(stream.recording_id),
        "encoding": stream.encoding,
        "sample_rate": stream.sample_rate,
        "offset": stream.offset_samples,
        "seam": stream.seam_sample,
        "before": _account_json(stream.before),
        "holes": [list(hole) for hole in stream.holes],
    }


def _heard_before(fields: Sequence[int] | None) -> HeardBefore | None:
    return None if fields is None else HeardBefore(*map(int, fields))


def _stream(fields: Mapping[str, Any]) -> OpenStream:
    return OpenStream(
        UUID(fields["recording"]),
        Encoding(fields["encoding"]),
        int(fields["sample_rate"]),
        int(fields["offset"]),
        int(fields["seam"]),
        Account.from_dict(fields["before"]),
        tuple((int(after), int(size)) for after, size in fields["holes"]),
    )
