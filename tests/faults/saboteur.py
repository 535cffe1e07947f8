"""A saboteur: cancels, or fails, a session's tasks at their k-th await."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from enum import Enum, auto
from typing import Any


class Sabotage(Enum):
    """What is done at the k-th await."""

    CANCEL = auto()
    """The task is cancelled, as the server or anything else might do."""
    FAIL = auto()
    """The awaited object raises."""


class SabotageError(Exception):
    """The error that a sabotaged await raises."""


class Saboteur:
    """Counts the awaits of all coroutines whose name is in ``targets``, and acts at the k-th."""

    def __init__(self, kind: Sabotage, at: int, targets: frozenset[str]) -> None:
        self._kind = kind
        self._at = at
        self._targets = targets
        self._count = 0

    @property
    def has_acted(self) -> bool:
        """Whether there was a k-th await."""
        return self._count >= self._at

    @contextlib.contextmanager
    def at_work(self, *, is_on: bool = True) -> Iterator[None]:
        """Sabotage the tasks that are created inside."""
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._make_task if is_on else None)
        try:
            yield
        finally:
            loop.set_task_factory(None)

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any
    ) -> "asyncio.Task[Any]":
        if getattr(work, "__qualname__", "") in self._targets:
            work = _Watched(work, self)
        return asyncio.Task(work, loop=loop, **options)

    def step(self, inner: Coroutine[Any, Any, Any], value: Any) -> Any:
        """Let ``inner`` go on after an await, unless it is the k-th."""
        self._count += 1
        if self._count == self._at:
            if self._kind is Sabotage.FAIL:
                return inner.throw(SabotageError())
            task = asyncio.current_task()
            if task is not None:
                task.cancel()
        return inner.send(value)


class _Watched(Coroutine[Any, Any, Any]):
    """A coroutine whose awaits are counted; its first step starts it and does not count."""

    def __init__(self, inner: Coroutine[Any, Any, Any], saboteur: Saboteur) -> None:
        self._inner = inner
        self._saboteur = saboteur
        self._has_begun = False
        self.__qualname__ = getattr(inner, "__qualname__", "watched")

    def send(self, value: Any) -> Any:
        if self._has_begun:
            return self._saboteur.step(self._inner, value)
        self._has_begun = True
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Any:
        return self._inner.__await__()
