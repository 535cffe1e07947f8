"""Models that the owner may download: missing ones, and better ones that this machine can run."""

from dataclasses import dataclass

from sessions_app.engines.choices import AUTO
from sessions_app.engines.loading import wanted_downloads
from sessions_app.engines.models.catalogue import MODELS, is_on_disk
from sessions_app.engines.speech.whisper_speed import MeasuredTranscriber, Speed
from sessions_app.live.registry import Registry

OPUS_MT = ("opus-mt-es-en", "opus-mt-en-es")
"""Downloaded together, as `opus-mt`."""


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """Models that would be better than those in use."""

    name: str
    """The name by which it is requested."""
    models: tuple[str, ...]
    seconds: float | None = None
    """How long after a sentence this Whisper would have its words; None: not measured."""
    is_fit: bool = True
    """Whether this machine is fast enough for it."""

    @property
    def megabytes(self) -> int:
        """Return roughly how much is downloaded."""
        return sum(MODELS[model].megabytes for model in self.models)


def speed_of(registry: Registry) -> Speed | None:
    """Return how fast the transcriber is on this machine; None: not known (yet)."""
    generation = registry.generations.current if registry.generations else None
    transcriber = generation.engines.transcriber if generation else None
    return transcriber.measured_speed if isinstance(transcriber, MeasuredTranscriber) else None


def offers(registry: Registry) -> list[ModelOffer]:
    """Return better models that are not on the disk. Blocks for a few file system calls."""
    if registry.conf is None:
        return []
    engines = registry.conf.engines
    lacking = wanted_downloads(engines)
    found = [ModelOffer(name, (name,)) for name in lacking if name not in OPUS_MT]
    if opus := tuple(name for name in lacking if name in OPUS_MT):
        found.append(ModelOffer("opus-mt", opus))
    speed = speed_of(registry)
    if speed is None or engines.transcriber.backend != AUTO:
        return found
    fit = speed.offered()
    return found + [
        ModelOffer(name, (name,), speed.behind_seconds(name), name in fit)
        for name in speed.better()
        if not is_on_disk(name, engines.models_dir)
    ]


def request_download(registry: Registry, offer: ModelOffer) -> None:
    """Have the models downloaded in the background. To be called in the server's event loop."""
    if registry.generations is not None:
        registry.generations.demands.put_nowait(offer.models)
