"""Nothing that an app registers replaces anything else."""

import pytest

from sessions_app.extensions import CommandHandler, Extension, Extensions
from sessions_app.protocol import Ping, StopListening


async def tell(session: object, command: object) -> None:
    """Do nothing."""


PINGING = Extension("one", commands={"ping": CommandHandler(Ping, tell)})


def test_what_apps_bring_is_kept_in_the_order_of_the_apps() -> None:
    plugged_in = Extensions()
    plugged_in.register(PINGING)
    stopping = CommandHandler(StopListening, tell)
    plugged_in.register(Extension("two", commands={"stop_listening": stopping}))
    assert list(plugged_in.commands.items()) == [
        ("ping", CommandHandler(Ping, tell)),
        ("stop_listening", stopping),
    ]


def test_an_extension_that_would_answer_another_ones_command_is_refused_as_a_whole() -> None:
    plugged_in = Extensions()
    plugged_in.register(PINGING)
    other = Extension("two", commands=PINGING.commands, status={"pings": len})
    with pytest.raises(ValueError, match="two: 'ping' is among the commands already"):
        plugged_in.register(other)
    assert plugged_in.status == {}


def test_the_same_name_may_stand_for_things_of_different_kinds() -> None:
    plugged_in = Extensions()
    plugged_in.register(PINGING)
    plugged_in.register(Extension("two", status={"ping": len}))
    assert (list(plugged_in.commands), list(plugged_in.status)) == (["ping"], ["ping"])
