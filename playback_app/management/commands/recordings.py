"""`manage.py recordings`: lists, prunes, imports and deletes recordings."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from playback_app import library, pruning
from sessions_app.access.authentication import owner
from sessions_app.config import conf
from sessions_app.core.errors import HablaError
from sessions_app.core.printable import printable
from sessions_app.core.steady_clock import STATE_NAME, clock
from sessions_app.management import terminal
from sessions_app.models import Recording
from sessions_app.recording import deletions

NO_SUCH_RECORDING = 2
"""The exit code where there is no recording of this id."""


class Command(terminal.HablaCommand):
    """Lists recordings, or prunes, imports or deletes; works beside a serving process."""

    help = "Lists recordings, newest first; imports, deletes and prunes them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options: what to do, if not to list."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--prune", action="store_true", help="delete what the settings let go")
        what.add_argument(
            "--import", nargs="+", type=Path, metavar="FILE", dest="files", help="any media"
        )
        what.add_argument("--delete", type=UUID, metavar="ID", help="with its sound")
        parser.add_argument("--dry-run", action="store_true", help="only show what would be pruned")
        parser.add_argument(
            "--track",
            type=int,
            metavar="N",
            help="which track of sound of the imported files, from 1 "
            "(default: the one that players take)",
        )
        parser.add_argument("--user", help="whose the imported files are (default: the owner's)")
        parser.add_argument("--limit", type=int, default=100, help="how many to list; 0: all")
        parser.add_argument("--json", action="store_true", help="as JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command; exit 1 if it failed, 2 if there is no such recording."""
        if options["files"]:
            self._import(options)
        elif options["delete"]:
            self._delete(options["delete"])
        elif options["prune"]:
            self._prune(is_dry=options["dry_run"], is_json=options["json"])
        else:
            self._list(options["limit"], is_json=options["json"])

    def _list(self, limit: int, *, is_json: bool) -> None:
        rows = library.all_recordings()
        shown = list(rows[:limit] if limit > 0 else rows)
        self._print(shown, is_json=is_json)
        more = rows.count() - len(shown)
        if more > 0:
            self.stderr.write(f"{more} older ones are not listed; --limit 0 lists all.")

    def _prune(self, *, is_dry: bool, is_json: bool) -> None:
        clock.restore(conf.read().run_dir / STATE_NAME)
        going = library.plan_pruning(pruning.limits())
        gone = going if is_dry else library.prune(going)
        self._print(gone, is_json=is_json)
        freed = sum(recording.bytes for recording in gone) / library.GIGABYTE
        verb = "would go" if is_dry else "are deleted"
        self.stderr.write(f"{len(gone)} recordings {verb}, {freed:.3f} GB.")
        self._tell_what_waits([] if is_dry else [recording.pk for recording in gone])

    def _import(self, options: Mapping[str, Any]) -> None:
        user = _user(options["user"])
        max_bytes = conf.read().import_gb * library.GIGABYTE
        is_json, track = options["json"], options["track"]
        imported: list[Recording] = []
        failed = 0
        try:
            for path in options["files"]:
                recording, is_whole = self._import_one(path, user, max_bytes, track)
                failed += not is_whole
                if recording is not None:
                    imported.append(recording)
                    if not is_json:
                        self._print([recording], is_json=False)
        finally:  # also if it is interrupted: what was imported stays
            if is_json:
                self._print(imported, is_json=True)
        if failed:
            raise CommandError(f"{failed} of the files were not imported, or not to their end.")

    def _import_one(
        self, path: Path, user: User, max_bytes: float, track: int | None
    ) -> tuple[Recording | None, bool]:
        """Import a file; return the recording, if any, and whether it is all of the file."""
        try:
            return library.import_file(path, user, max_bytes=max_bytes, track=track), True
        except library.BrokenOffError as error:
            self.stderr.write(f"{printable(str(path))}: {error}")
            return error.recording, False
        except (HablaError, OSError) as error:
            why = str(error) if isinstance(error, HablaError) else f"{error.strerror}."
            self.stderr.write(f"{printable(str(path))}: {why}")
            return None, False

    def _delete(self, recording_id: UUID) -> None:
        try:
            library.delete_with_files(recording_id)
        except HablaError as error:
            is_unknown = error.code == "unknown_recording"
            raise CommandError(
                str(error), returncode=NO_SUCH_RECORDING if is_unknown else 1
            ) from error
        self.stdout.write(f"{recording_id} is deleted.")
        self._tell_what_waits([recording_id])

    def _tell_what_waits(self, deleted: list[UUID]) -> None:
        if not deletions.are_deleted(deleted):
            count = deletions.pending_deletions(deleted).count()
            self.stderr.write(
                f"The files of {count} of them do not lie here. The server where they lie deletes "
                "them as soon as it runs."
            )

    def _print(self, recordings: list[Recording], *, is_json: bool) -> None:
        if is_json:
            self.stdout.write(json.dumps([_facts(one) for one in recordings], indent=2))
            return
        for one in recordings:
            minutes, seconds = divmod(round(one.duration_seconds), 60)
            marks = "*" if one.is_bookmarked else " "
            self.stdout.write(
                f"{one.pk} {marks} {one.started_at:%Y-%m-%d %H:%M} UTC {minutes:4d}:{seconds:02d} "
                f"{one.bytes / 1e6:9.2f} MB {one.state:9} {one.user.get_username()} "
                f"{printable(one.title)}"
            )


def _user(username: str | None) -> User:
    user = owner() if username is None else _users().filter(username=username).first()
    if user is None:
        raise CommandError("There is no such user; --user names whose the files are.")
    return user


def _users() -> Any:
    return get_user_model().objects


def _facts(recording: Recording) -> dict[str, Any]:
    return {
        "id": str(recording.pk),
        "user": recording.user.get_username(),
        "title": recording.title,
        "session": None if recording.session_id is None else str(recording.session_id),
        "started_at": recording.started_at.isoformat(),
        "state": recording.state,
        "encoding": recording.encoding,
        "duration_seconds": recording.duration_seconds,
        "bytes": recording.bytes,
        "has_sound": recording.has_sound,
        "is_bookmarked": recording.is_bookmarked,
    }
