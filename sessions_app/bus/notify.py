"""Hints between processes that rows have changed: a process that gets one looks at once."""

import asyncio
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from sessions_app.bus.broker import RENEW_SECONDS, broker_errors, subscribed

logger = logging.getLogger(__name__)

GROUP = "habla.hints"
LOOK_SECONDS = 1.0
"""How often rows are read, whether or not a hint says that one changed."""
SEND_SECONDS = 0.5
"""How long the broker may take to pass on a hint, or to unsubscribe this process."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
"""The limits of the pause before the next attempt to reconnect, doubled after each failure."""

_heard: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
"""The events that ``rows_changed`` sets in this process, each with its event loop."""


def rows_changed() -> None:
    """Send all serving processes the hint that rows have changed.

    Where a hint is lost, they still look within a second. Never raises; blocks for SEND_SECONDS
    at most. Not to be called on an event loop.
    """
    for loop, news in tuple(_heard):
        with suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(news.set)
    layer = _layer_to_others()
    if layer is not None:
        asyncio.run(_send(layer))


def notify_when_logins_end() -> None:
    """Send a hint whenever, in this process, somebody logs out or an account is changed."""
    user_logged_out.connect(_notify_on_commit)
    post_save.connect(_notify_on_change, sender=get_user_model())
    post_delete.connect(_notify_on_commit, sender=get_user_model())


def notify_when_names_change() -> None:
    """Send a hint whenever, in this process, a speaker is renamed."""
    post_save.connect(_notify_on_commit, sender="sessions_app.Speaker")


def _notify_on_commit(**_: Any) -> None:
    transaction.on_commit(rows_changed)


def _notify_on_change(update_fields: Collection[str] | None = None, **_: Any) -> None:
    # each login saves the account with only this field
    if update_fields is None or set(update_fields) - {"last_login"}:
        transaction.on_commit(rows_changed)


async def _send(layer: Any) -> None:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await layer.group_send(GROUP, {"type": "hint"})
    except broker_errors() as error:
        logger.debug("no hint was sent to other processes: %s", type(error).__name__)


@contextmanager
def row_changes() -> Iterator[asyncio.Event]:
    """Give an event of the running loop that is set by each ``rows_changed`` in this process."""
    news = asyncio.Event()
    mine = asyncio.get_running_loop(), news
    _heard.add(mine)
    try:
        yield news
    finally:
        _heard.discard(mine)


async def listen_to_other_processes(news: asyncio.Event) -> None:
    """Set ``news`` at each hint from another process, until cancelled.

    Reconnects to a broker that fails, with ever longer pauses. Returns at once without a broker.
    """
    layer = _layer_to_others()
    pause = FIRST_PAUSE_SECONDS
    loop, outage = asyncio.get_running_loop(), _Outage()
    while layer is not None:
        began = loop.time()
        try:
            await _listen(layer, news, outage)
        except broker_errors() as error:
            if loop.time() - began < RENEW_SECONDS:  # else it was time to renew it
                outage.failed(error)
        has_lasted = loop.time() - began > LONGEST_PAUSE_SECONDS
        pause = FIRST_PAUSE_SECONDS if has_lasted else min(pause * 2, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)


class _Outage:
    """An outage of the broker: its beginning and its end are logged, not each retry."""

    def __init__(self) -> None:
        self._is_on = False

    def failed(self, error: Exception) -> None:
        if not self._is_on:
            kind = type(error).__name__
            logger.warning(
                "no hints come from other processes, rows are looked at each second: %s", kind
            )
        self._is_on = True

    def ended(self) -> None:
        if self._is_on:
            logger.info("hints come from other processes again")
        self._is_on = False


async def _listen(layer: Any, news: asyncio.Event, outage: _Outage) -> NoReturn:
    async with subscribed(layer, GROUP, leave_seconds=SEND_SECONDS) as channel:
        outage.ended()
        while True:
            await layer.receive(channel)
            news.set()


def _layer_to_others() -> Any:
    """Return the channel layer if it reaches other processes, else None."""
    layer = get_channel_layer()
    return None if isinstance(layer, InMemoryChannelLayer) else layer
