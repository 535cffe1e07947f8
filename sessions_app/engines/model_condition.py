"""How a model is that another program holds, and who waits to hear of it."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


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


@runtime_checkable
class HasModel(Protocol):
    """What a translator offers in addition if another program may have to load its model first."""

    @property
    def board(self) -> Board:
        """Return where the model's condition stands."""
        ...

    @property
    def is_loading(self) -> bool:
        """Whether the model is being loaded."""
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
        """Begin to have the model loaded, unless it answered lately or failed just now."""
        ...

    async def loaded(self) -> None:
        """Wait until the model is not being loaded any more, whether or not it can be used."""
        ...


def model_of(translator: object) -> HasModel | None:
    """Return ``translator``, or who is behind it, if its model may have to be loaded; else None."""
    while translator is not None and not isinstance(translator, HasModel):
        translator = getattr(translator, "behind", None)
    return translator


async def wait_for_model(translator: object) -> bool:
    """Wait while the model of ``translator`` is being loaded; return whether it was."""
    model = model_of(translator)
    if model is None or not model.is_loading:
        return False
    await model.loaded()
    return True
