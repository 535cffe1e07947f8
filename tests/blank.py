"""A migrated database that nobody serves, made once in a process: each server gets a copy of it."""

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.server.running import ROOT, environment

DATABASE = "habla.sqlite3"


@cache
def migrated() -> Path:
    """Return a data directory with nothing but such a database."""
    made = Path(tempfile.mkdtemp(prefix="habla-migrating-"))
    blank = Path(tempfile.mkdtemp(prefix="habla-migrated-"))
    for directory in (made, blank):
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=environment(made), check=True)
    shutil.copy2(made / DATABASE, blank / DATABASE)
    return blank
