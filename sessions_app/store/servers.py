"""The serving processes of one database: their heartbeats and what each of them reports."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from sessions_app.models import Server, SessionState, TranslationSession
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.liveness import of_dead_processes, stop_watching

TRIAL = "trial-"
"""How the name of a row begins that is there only within a transaction."""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """What a serving process tells of itself."""

    boot: str
    host: str
    pid: int
    address: str
    run_dir: str
    directory: str
    """The id of its directory of recordings."""
    state: str
    live: int
    viewers: Mapping[str, int] = field(default_factory=dict)
    """How many read along through it, by the conversation's id and the ticket's."""


@on_database_thread
def record_heartbeat(process: ServerProcess) -> list[str]:
    """Record a heartbeat; return the boots of servers found to have died.

    Each is returned to one process only.

    Raises:
        StoreError: the database failed.
    """
    facts = asdict(process)
    boot = facts.pop("boot")
    Server.objects.update_or_create(boot=boot, defaults={**facts, "seen_at": Now()})
    dead = of_dead_processes(Server.objects.all(), boot)
    found = list(dead.values_list("boot", flat=True))
    return [each for each in found if dead.filter(pk=each).delete()[0]]


@on_database_thread
def remove_server(boot: str) -> None:
    """Say that a process serves no more.

    Raises:
        StoreError: the database failed.
    """
    stop_watching(boot)
    Server.objects.filter(pk=boot).delete()


@on_database_thread
def viewers_elsewhere(boot: str) -> Counter[str]:
    """Return how many read along through other processes, by the conversation's id.

    A process that died counts until another notices that.

    Raises:
        StoreError: the database does not say.
    """
    found: Counter[str] = Counter()
    for viewers in Server.objects.exclude(boot=boot).values_list("viewers", flat=True):
        found.update(viewers)
    return found


def viewers_by_ticket() -> Counter[str]:
    """Return how many read along through all processes, by the ticket's id. Blocks."""
    found: Counter[str] = Counter()
    for viewers in Server.objects.values_list("viewers", flat=True):
        found.update(viewers)
    return found


def write_probe() -> None:
    """Write to the database, and leave nothing behind. Blocks.

    Raises:
        django.db.Error: it takes nothing.
    """
    with transaction.atomic():
        Server.objects.create(boot=f"{TRIAL}{uuid.uuid4().hex[:16]}", pid=0)
        Server.objects.filter(boot__startswith=TRIAL).delete()


probe_writing = on_database_thread(write_probe)
"""The same for a server. Raises StoreError: it takes nothing."""


def list_servers(first: str, user_id: int | None = None) -> list[dict[str, Any]]:
    """Return all serving processes, the one of boot ``first`` at the front, with their sessions.

    With a ``user_id`` only that user's sessions are listed, and where processes run is not told.
    Blocks.
    """
    live = TranslationSession.objects.filter(state=SessionState.OPEN)
    if user_id is not None:
        live = live.filter(conversation__user=user_id)
    sessions = defaultdict(list)
    for row in live:
        told = {"id": str(row.pk), "direction": row.direction, "is_listening": row.is_listening}
        sessions[row.boot].append(told)
    rows = sorted(Server.objects.all(), key=lambda row: row.boot != first)
    return [{**_told(row, user_id), "sessions": sessions[row.boot]} for row in rows]


def _told(row: Server, user_id: int | None) -> dict[str, Any]:
    where = {"host": row.host, "pid": row.pid, "address": row.address} if user_id is None else {}
    return {
        "boot": row.boot,
        **where,
        "state": row.state,
        "live": row.live,
        "started_at": row.started_at.isoformat(),
        "seen_at": row.seen_at.isoformat(),
    }


def run_dirs_on(host: str) -> list[str]:
    """Return the run directories of all that serve on a machine. Blocks."""
    return list(Server.objects.filter(host=host).values_list("run_dir", flat=True))
