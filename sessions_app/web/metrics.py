"""`/metrics`: what Prometheus reads. Who is live is asked of the registry when it is read."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sessions_app.live.registry import Registry, live

__all__ = ["CONTENT_TYPE_LATEST", "exposition"]


class Gauges(Collector):
    """What a registry holds at this moment."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        """Return how many sessions there are, by state, and which engines serve."""
        sessions = GaugeMetricFamily("habla_sessions", "Live sessions.", labels=["state"])
        states = Counter(str(s.state) for s in list(self._registry.sessions.values()))
        for state, count in states.items():
            sessions.add_metric([state], count)
        yield sessions
        reasons = self._registry.readiness()
        yield GaugeMetricFamily("habla_ready", "Whether words would come out.", not reasons)
        yield from self._engines()

    def _engines(self) -> Iterable[Metric]:
        generations = self._registry.generations
        generation = generations.current if generations else None
        engines = GaugeMetricFamily(
            "habla_engine", "The engines that serve.", labels=["kind", "name", "generation"]
        )
        if generation is not None:
            for kind, info in generation.engines.infos.items():
                engines.add_metric([kind, info.name, str(generation.number)], 1)
            backlog = generation.scheduler.backlog if generation.scheduler else 0
            yield GaugeMetricFamily("habla_backlog", "Utterances that wait.", backlog)
        yield engines

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is changes, and nothing is asked before it is read."""
        return []


REGISTRY.register(Gauges(live))


def exposition() -> bytes:
    """Return all of it in Prometheus' text format."""
    return generate_latest(REGISTRY)
