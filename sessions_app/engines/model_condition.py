"""The condition of a model that another program holds, and how to wait for a change of it."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ModelState(StrEnum):
    """The state of such a model."""

    LOADING = "loading"
    """It is being loaded: others answer meanwhile, or sentences wait."""
    READY = "ready"
    DOWN = "down"
    """Nothing answers there, or nothing usable."""


@dataclass(frozen=True, slots=True)
class ModelCondition:
    """The condition of a model, for people."""

    state: ModelState
    message: str = ""
    """Which model is loading, or why there is none; empty if it is ready."""


READY = ModelCondition(ModelState.READY)


class Board:
    """Holds the latest condition, and wakes whoever waits for the next one."""

    def __init__(self) -> None:
        self.condition = READY
        self._changed = asyncio.Event()

    def post(self, condition: ModelCondition) -> None:
        """Set ``condition``."""
        if condition != self.condition:
            self.condition = condition
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    async def after(self, told: ModelCondition) -> ModelCondition:
        """Return the condition as soon as it differs from ``told``."""
        while self.condition == told:
            await self._changed.wait()
        return self.condition


class RemoteModel(Protocol):
    """A model that another program holds, and may have to load first."""

    @property
    def board(self) -> Board:
        """Return the board with its condition."""
        ...

    @property
    def is_loading(self) -> bool:
        """Whether it is being loaded."""
        ...

    @property
    def why(self) -> str | None:
        """Return what people should know about it at the moment; None: nothing."""
        ...

    @property
    def hindrance(self) -> str:
        """Return why nothing can be translated at the moment; empty: it can, perhaps by another."""
        ...

    def warm_up(self) -> None:
        """Begin to load it, unless it answered lately or has just failed."""
        ...

    async def loaded(self) -> None:
        """Wait until loading has ended, whether or not the model can be used."""
        ...


async def wait_for_model(model: RemoteModel | None) -> bool:
    """Wait while ``model`` is being loaded; return whether it was."""
    if model is None or not model.is_loading:
        return False
    await model.loaded()
    return True
