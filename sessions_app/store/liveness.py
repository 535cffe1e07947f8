"""Which serving processes have died: those that give no heartbeat, whatever clocks say.

A sign of life is a row whose ``seen_at`` changes. This process counts on its own monotonic clock,
while it looks, how long a row has not changed: so no clock that was set, no process that was
frozen and no outage of the database makes a server count as dead.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import timedelta
from operator import ne
from time import monotonic
from typing import Any

from django.db.models import Max, QuerySet
from django.db.models.functions import Now

BEAT_SECONDS = 5.0
"""How often a server and its sessions give a sign of life."""
SILENT_SERVER_SECONDS = 15.0
"""How long a server may give no sign of life before it counts as dead."""
LAG_SECONDS = 1.0
"""How much later than it was given a sign may be seen: so much of the silence is over by then."""
GAP_SECONDS = 5.0
"""So much of the time between two looks counts at most: who did not look has seen no silence."""


class SilenceObserver:
    """Tells what has shown no sign of life for ``seconds``, as it was seen.

    ``differ`` returns whether two signs of the same, one after the other, show that it lives.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = monotonic,
        differ: Callable[[Any, Any], bool] = ne,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._differ = differ
        self._looked_at: float | None = None
        self._shown: dict[Hashable, object] = {}
        self._silent_for: dict[Hashable, float] = {}

    def silent(
        self, signs: Mapping[Any, object], stale: Collection[Hashable] = ()
    ) -> set[Hashable]:
        """Note what each shows now; return those that have shown the same for too long.

        ``stale`` are those that were silent for too long before this observer first saw them.
        """
        now = self._clock()
        passed = 0.0 if self._looked_at is None else min(now - self._looked_at, GAP_SECONDS)
        self._looked_at = now
        silent_for: dict[Hashable, float] = {}
        for key, sign in signs.items():
            if key not in self._shown:
                silent_for[key] = self._seconds if key in stale else 0.0
            elif self._differ(self._shown[key], sign):
                silent_for[key] = 0.0
            else:
                silent_for[key] = self._silent_for[key] + passed
        self._shown, self._silent_for = dict(signs), silent_for
        return {key for key, seconds in silent_for.items() if seconds >= self._seconds}

    def changed(self, signs: Mapping[Any, object]) -> set[Hashable]:
        """Return those that show a sign of life, compared to when they were last seen."""
        shown = self._shown.items()
        return {key for key, was in shown if key in signs and self._differ(was, signs[key])}

    def unknown(self, signs: Mapping[Any, object]) -> set[Hashable]:
        """Return those that the last look did not show."""
        return signs.keys() - self._shown.keys()


class ProcessWatch:
    """What one process sees of the others. Used on the database thread alone."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._looks_since: float | None = None
        self._looked_at = 0.0
        self._observers: dict[object, SilenceObserver] = {}
        self.seen_alive: set[Hashable] = set()
        """The processes of which a sign was seen to change."""

    def look(self) -> float:
        """Note that this process looks; return for how many seconds it has done so without a gap.

        In a gap it was frozen, or the database was away: nobody could be served.
        """
        now = self._clock()
        if self._looks_since is None or now - self._looked_at > GAP_SECONDS:
            self._looks_since = now
        self._looked_at = now
        return now - self._looks_since

    def of(self, what: object) -> SilenceObserver:
        """Return the observer of one kind of row."""
        return self._observers.setdefault(what, self._observer(ne))

    def _observer(self, differ: Callable[[Any, Any], bool]) -> SilenceObserver:
        return SilenceObserver(SILENT_SERVER_SECONDS - LAG_SECONDS, self._clock, differ)

    def dead(self, others: QuerySet[Any]) -> set[Hashable]:
        """Return the processes that were silent for too long, by rows of theirs."""
        signs: dict[Hashable, dict[Hashable, object]] = defaultdict(dict)
        for boot, pk, seen_at in others.order_by().values_list("boot", "pk", "seen_at"):
            signs[boot][pk] = seen_at
        observer = self._observers.setdefault(others.model, self._observer(_is_any_changed))
        self.seen_alive |= observer.changed(signs)
        unknown = observer.unknown(signs) - self.seen_alive
        return observer.silent(signs, _stale(others, unknown) if unknown else ())

    def still(self, rows: QuerySet[Any]) -> set[Hashable]:
        """Return which of these rows themselves show no sign of life, whoever has them."""
        signs = dict(rows.order_by().values_list("pk", "seen_at"))
        return self.of((rows.model, "pk")).silent(signs)


def _is_any_changed(was: Mapping[Any, object], now: Mapping[Any, object]) -> bool:
    """Return whether a row shows something else; one that came or went was changed by others.

    Whoever goes on with a session of a dead process takes its row, or gives it back.
    """
    return any(was[key] != sign for key, sign in now.items() if key in was)


def _stale(rows: QuerySet[Any], boots: Collection[Hashable]) -> set[Hashable]:
    """Return who is silent by the clock of the database: all there is to go by at first sight."""
    long_ago = Now() - timedelta(seconds=SILENT_SERVER_SECONDS)
    known = rows.filter(boot__in=boots).order_by().values_list("boot")
    last = known.annotate(last=Max("seen_at")).filter(last__lt=long_ago)
    return set(last.values_list("boot", flat=True))


_watches: dict[str, ProcessWatch] = {}
"""By the process that looks: as a rule there is one."""


def process_watch(boot: str) -> ProcessWatch:
    """Return what the process ``boot`` sees of the others."""
    return _watches.setdefault(boot, ProcessWatch())


def stop_watching(boot: str) -> None:
    """Forget it: the process looks no more."""
    _watches.pop(boot, None)


def directory_of(boot: str) -> str:
    """Return the beginning that all runs on one data directory share."""
    return boot.partition("-")[0] + "-"


def of_dead_processes(rows: QuerySet[Any], boot: str) -> QuerySet[Any]:
    """Return those of ``rows`` whose process is gone, as ``boot`` sees it; never its own.

    Rows have a ``boot`` and a ``seen_at``. An earlier process on the data directory of ``boot`` is
    gone, since ``boot`` has its lock, unless it is seen to live: then it serves a copy of that
    directory. One elsewhere is when it was silent for SILENT_SERVER_SECONDS. Blocks.
    """
    others = rows.exclude(boot=boot)
    watch = process_watch(boot)
    dead = watch.dead(others)
    earlier = others.filter(boot__startswith=directory_of(boot)).exclude(boot__in=watch.seen_alive)
    return earlier | others.filter(boot__in=dead)


def of_silent_processes(rows: QuerySet[Any], boot: str) -> QuerySet[Any]:
    """Return those of ``rows`` of which ``boot`` saw no sign of life for SILENT_SERVER_SECONDS.

    For its own, which it knows to be alive itself: those that it has forgotten. Blocks.
    """
    return rows.filter(pk__in=process_watch(boot).still(rows))
