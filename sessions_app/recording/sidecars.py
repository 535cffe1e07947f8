"""Sidecar files: what the row of a recording will say, on the disk until that row is written.

    recordings/unwritten/3f0c...e1.json

While the database is late, the sound is on the disk before its row is in the database. If the
process dies then, the next one learns from the sidecar whose sound it is (recovery.py).
"""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sessions_app.config import conf
from sessions_app.core.events import Direction, Manner, Mode
from sessions_app.recording import files
from sessions_app.recording.files import PART
from sessions_app.store.recording_facts import NewRecording


def write_sidecar(new: NewRecording) -> None:
    """Write the sidecar of a recording durably (fsync). Blocks.

    Raises:
        OSError: it was not written.
    """
    path = files.sidecar_path(new.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    with part.open("w", encoding="utf-8") as file:
        json.dump(asdict(new), file, default=str)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def read_sidecars() -> list[NewRecording]:
    """Return the content of all sidecars in the recordings directory. Blocks."""
    found = conf.recordings_dir().glob(f"{files.UNWRITTEN}/*.json")
    return [new for path in found if (new := _read(path)) is not None]


def delete_sidecars(recording_ids: Iterable[UUID]) -> None:
    """Delete the sidecars of recordings that have a row. One that stays does no harm. Blocks."""
    for recording_id in recording_ids:
        with suppress(OSError):
            files.sidecar_path(recording_id).unlink(missing_ok=True)


def _read(path: Path) -> NewRecording | None:
    with suppress(OSError, ValueError, KeyError, TypeError):  # deleted meanwhile, or not ours
        new = _new_recording(json.loads(path.read_text(encoding="utf-8")))
        return new if path == files.sidecar_path(new.id) else None
    return None


def _new_recording(fields: dict[str, Any]) -> NewRecording:
    manner = fields["manner"]
    return NewRecording(
        id=UUID(fields["id"]),
        user_id=int(fields["user_id"]),
        session_id=UUID(fields["session_id"]),
        encoding=str(fields["encoding"]),
        sample_rate=int(fields["sample_rate"]),
        manner=Manner(Direction(manner["direction"]), Mode(manner["mode"])),
        directory=str(fields["directory"]),
        conversation_id=_id_or_none(fields.get("conversation_id")),
        offset_samples=fields.get("offset_samples"),
        started_at=datetime.fromisoformat(fields["started_at"]),
    )


def _id_or_none(stored: str | None) -> UUID | None:
    return UUID(stored) if stored else None
