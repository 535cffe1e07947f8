"""`/metrics` for Prometheus. Gauges are read from the registry when it is requested."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sessions_app.live.registry import Registry, live

__all__ = ["CONTENT_TYPE_LATEST", "exposition"]


class RegistryCollector(Collector):
    """Gauges of what a registry holds at this moment."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        """Return the number of sessions by state, and the engines that serve."""
        sessions = GaugeMetricFamily("habla_sessions", "Live sessions.", labels=["state"])
        states = Counter(str(s.state) for s in list(self._registry.sessions.values()))
        for state, count in states.items():
            sessions.add_metric([state], count)
        yield sessions
        reasons = self._registry.readiness()
        yield GaugeMetricFamily("habla_ready", "Whether a session would produce text.", not reasons)
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
        """Return nothing, so that registering this does not collect."""
        return []


REGISTRY.register(RegistryCollector(live))


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
