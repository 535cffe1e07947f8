"""Models that the owner is offered: what is lacking, and what this machine could carry."""

from dataclasses import dataclass

from sessions_app.engines.base import Measurable
from sessions_app.engines.choices import AUTO
from sessions_app.engines.loading import wanted_downloads
from sessions_app.engines.models.catalogue import MODELS, is_on_disk
from sessions_app.engines.whisper_speed import Speed
from sessions_app.live.registry import Registry

OPUS_MT = ("opus-mt-es-en", "opus-mt-en-es")
"""Fetched together, as `opus-mt`."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Models that would be better than what there is."""

    name: str
    """What it is asked for by."""
    models: tuple[str, ...]
    seconds: float | None = None
    """Of a Whisper: how long after a sentence its words would come; None: not measured."""
    is_fit: bool = True
    """Whether this machine can carry it."""

    @property
    def megabytes(self) -> int:
        """Return about how much is fetched."""
        return sum(MODELS[model].megabytes for model in self.models)


def speed_of(registry: Registry) -> Speed | None:
    """Return how fast the engine that listens is here; None: not known (yet)."""
    generation = registry.generations.current if registry.generations else None
    transcriber: object = generation.engines.transcriber if generation else None
    return transcriber.speed if isinstance(transcriber, Measurable) else None


def offers(registry: Registry) -> list[Offer]:
    """Return what would be better here and is not on the disk. Blocks for some looks at it."""
    if registry.conf is None:
        return []
    engines = registry.conf.engines
    lacking = wanted_downloads(engines)
    found = [Offer(name, (name,)) for name in lacking if name not in OPUS_MT]
    if opus := tuple(name for name in lacking if name in OPUS_MT):
        found.append(Offer("opus-mt", opus))
    speed = speed_of(registry)
    if speed is None or engines.transcriber.backend != AUTO:
        return found
    fit = speed.offered()
    return found + [
        Offer(name, (name,), speed.behind_seconds(name), name in fit)
        for name in speed.better()
        if not is_on_disk(name, engines.models_dir)
    ]


def demand(registry: Registry, offer: Offer) -> None:
    """Let what is offered be fetched in the background. On the loop that serves."""
    if registry.generations is not None:
        registry.generations.demands.put_nowait(offer.models)
