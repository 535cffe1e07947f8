"""The extension of sessions_app itself: what it plugs into sessions and the serving process."""

from sessions_app.extensions import Extension
from sessions_app.live.catching_up.catcher import Catcher
from sessions_app.live.commands import COMMANDS
from sessions_app.recording import deletions
from sessions_app.server.owner_idioms import read_at_start, reload_idioms
from sessions_app.server.renaming import follow_renamed_speakers
from sessions_app.store.database.thread import database_thread

EXTENSION = Extension(
    name="sessions_app",
    commands=COMMANDS,
    background={
        "publisher": lambda registry: registry.publisher.run(),
        "deletions": lambda registry: deletions.keep_deleting(registry.record_in),
        "names": follow_renamed_speakers,
        "idioms": read_at_start,
        "catching up": lambda registry: Catcher(registry).run(),
    },
    troubles={"database": database_thread.troubles},
    reloads={"idioms": reload_idioms},
)
