"""How a model is that another program holds, and who waits to hear of it."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ModelState(StrEnum):
    """How such a model is."""

    LOADING = "loading"
    """It is being loaded: others answer meanwhile, or what is said waits."""
    READY = "ready"
    DOWN = "down"
    """Nothing answers there, or nothing that can be used."""


@dataclass(frozen=True, slots=True)
class ModelCondition:
    """How a model is, for people."""

    state: ModelState
    message: str = ""
    """Which model loads, or why there is none; empty where it is ready."""


READY = ModelCondition(ModelState.READY)


class Board:
    """Holds the newest condition; whoever waits is told of the next one."""

    def __init__(self) -> None:
        self.condition = READY
        self._changed = asyncio.Event()

    def post(self, condition: ModelCondition) -> None:
        """Hold ``condition`` from now on."""
        if condition != self.condition:
            self.condition = condition
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    async def after(self, told: ModelCondition) -> ModelCondition:
        """Return the condition as soon as it is not ``told`` any more."""
        while self.condition == told:
            await self._changed.wait()
        return self.condition


class RemoteModel(Protocol):
    """A model that another program holds, and may have to load first."""

    @property
    def board(self) -> Board:
        """Return where its condition stands."""
        ...

    @property
    def is_loading(self) -> bool:
        """Whether it is being loaded."""
        ...

    @property
    def why(self) -> str | None:
        """Return what people should know of it just now; None: nothing."""
        ...

    @property
    def hindrance(self) -> str:
        """Return why nothing can be translated just now; empty: it can, if by another model."""
        ...

    def warm_up(self) -> None:
        """Begin to have it loaded, unless it answered lately or failed just now."""
        ...

    async def loaded(self) -> None:
        """Wait until it is not being loaded any more, whether or not it can be used."""
        ...


async def wait_for_model(model: RemoteModel | None) -> bool:
    """Wait while ``model`` is being loaded; return whether it was."""
    if model is None or not model.is_loading:
        return False
    await model.loaded()
    return True
