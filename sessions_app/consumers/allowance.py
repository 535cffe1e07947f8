"""Rate limits: for all messages of a connection, for each kind of command, and for each user.

Too many messages are only read later, so that a client that floods delays nobody but itself.
Commands that cause work or rows are refused with ``too_fast``, which says when to go on.
"""

import math

from sessions_app import protocol
from sessions_app.core.errors import RefusedError, TooFastError
from sessions_app.core.token_buckets import Bucket, Buckets, Rate
from sessions_app.protocol import CloseCode

FRAMES = Rate(burst=200, per_second=50)
"""Text messages of one connection, whatever is in them."""
TYPED = Rate(burst=60, per_second=5)
"""Typed text of one session; a long one counts as several."""
TYPED_BY_USER = Rate(burst=240, per_second=20)
"""Typed text of all sessions of a user in this process."""
CHARACTERS = 500
"""A typed text counts once more for each of these."""
COMMANDS = Rate(burst=60, per_second=5)
COMMANDS_BY_USER = Rate(burst=240, per_second=20)
ROWS = Rate(burst=20, per_second=1)
"""Commands that create or change rows, such as conversations and names."""
ROWS_BY_USER = Rate(burst=80, per_second=4)
"""The same for a user: to reconnect does not reset it."""
SESSIONS_BY_USER = Rate(burst=60, per_second=1)
"""Sessions that a user begins in this process: each creates rows, and uses engines."""
SESSIONS_BY_OPERATOR = Rate(burst=3_000, per_second=50)
"""The same for the owner, whose programs may begin many."""
HELD_BY_USER = Rate(burst=600, per_second=1)
"""Seconds of sound that clients of a user may have held for sessions that nobody knows any more.

Ten minutes, which clients hold at least, and no more in the long run than somebody speaks.
"""
MESSAGE = "This came too fast and was not taken; go on in {seconds} s."

BEGUN_TOO_OFTEN = "You begin sessions too often; come back in {seconds} s."

_typed_by_user = Buckets(TYPED_BY_USER)
_commands_by_user = Buckets(COMMANDS_BY_USER)
_rows_by_user = Buckets(ROWS_BY_USER)
_held_by_user = Buckets(HELD_BY_USER)
_begun_by_user = Buckets(SESSIONS_BY_USER)
_begun_by_operator = Buckets(SESSIONS_BY_OPERATOR)


def reset_allowances() -> None:
    """Forget what all users have used up."""
    for buckets in (
        _typed_by_user,
        _commands_by_user,
        _rows_by_user,
        _held_by_user,
        _begun_by_user,
        _begun_by_operator,
    ):
        buckets.clear()


def count_new_session(user_id: int, *, is_operator: bool) -> None:
    """Count a session that a user begins.

    Raises:
        RefusedError: ``too_fast``: over the rate limit.
    """
    begun = _begun_by_operator if is_operator else _begun_by_user
    if wait := begun.of(user_id).take():
        message = BEGUN_TOO_OFTEN.format(seconds=math.ceil(wait))
        raise RefusedError(message, code="too_fast", close_code=CloseCode.FULL)


def owed_by_unknown(user_id: int) -> float:
    """Return how many seconds of sound a client may hold whose ticket is unknown."""
    return _held_by_user.of(user_id).take_all()


class CommandRates:
    """The rate limits of one connection."""

    def __init__(self, user_id: int) -> None:
        self._user_id = user_id
        self._typed = Bucket(TYPED)
        self._commands = Bucket(COMMANDS)
        self._rows = Bucket(ROWS)

    def check(self, command: protocol.ClientCommand) -> None:
        """Count ``command``.

        Raises:
            TooFastError: over the rate limit; nothing has changed.
        """
        if isinstance(command, protocol.Ping):
            return  # needs no more than the limit on messages
        if isinstance(command, protocol.TextInput):
            cost = 1 + len(command.text) // CHARACTERS
            _take(cost, self._typed, _typed_by_user.of(self._user_id))
        elif command.writes:
            _take(1, self._rows, _rows_by_user.of(self._user_id))
        else:
            _take(1, self._commands, _commands_by_user.of(self._user_id))


def _take(cost: float, *buckets: Bucket) -> None:
    wait = max(bucket.wait_seconds(cost) for bucket in buckets)
    if wait > 0:
        seconds = math.ceil(wait * 10) / 10
        raise TooFastError(MESSAGE.format(seconds=f"{seconds:g}"), retry_after_seconds=seconds)
    for bucket in buckets:
        bucket.take(cost)
