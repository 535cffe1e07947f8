"""The machine around Habla: its data directory, secret key, database and switches.

Nothing here raises for a wrong setting: settings must load so that `manage.py check` can name the
mistake (see sessions_app/checks.py). What could not be made is left for the check to find.
"""

import contextlib
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.db.utils import load_backend
from django.utils.crypto import salted_hmac

from sessions_app.config.secret_file import kept_secret
from sessions_app.store.database.guarded_connection import GuardedConnection

SQLITE_OPTIONS = {
    "timeout": 5,
    "transaction_mode": "IMMEDIATE",
    "factory": GuardedConnection,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
"""Measured: no lock error with fifty sessions, where Django's defaults give hundreds."""
POSTGRESQL_OPTIONS = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""Seconds, but for tcp_user_timeout in ms: a network that is cut and says nothing is noticed within
about ten, where the kernel's own limits are a quarter of an hour, and two for who only waits."""
NO_DIRECTORY = Path(os.devnull) / "habla"
"""In place of a data directory whose name no system can have: nothing can be there."""
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def data_directory(named: str, base: Path) -> Path:
    """Return the directory of everything written at run time, made if it could be made."""
    try:
        directory = Path(named).expanduser().resolve() if named.strip() else base / "data"
        directory.lstat()
    except FileNotFoundError:
        with contextlib.suppress(OSError):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (NotADirectoryError, PermissionError):
        return directory
    except (OSError, RuntimeError, ValueError):  # a name that is too long, the home of nobody
        return NO_DIRECTORY
    return directory


def secret_key(directory: Path, *, may_write: bool = True) -> str:
    """Return this installation's own key, made at the first start and kept in ``directory``."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        path = directory / "secret_key"
        if may_write:
            return kept_secret(path, get_random_secret_key)
        return path.read_text(encoding="ascii").strip() or get_random_secret_key()
    return get_random_secret_key()


def installation(key: str) -> str:
    """Return a short name of the installation that has this secret key, which tells nothing of it.

    All processes of one installation share the key, and no two installations do.
    """
    return salted_hmac("habla.installation", "", secret=key).hexdigest()[:8]


class Lenient:
    """Reads what would keep Django from starting, the safe way where it is wrong.

    ``mistakes`` say for whom it may concern what was wrong, and what would be right.
    """

    def __init__(self, env: environ.Env) -> None:
        self._env = env
        self.mistakes: list[str] = []

    def switch(self, name: str, *, safe: bool) -> bool:
        """Return whether ``name`` is on: off if unset, ``safe`` if it is neither."""
        word = self._env.str(name, default="").strip().lower()
        if word in ("", "off", "false", "no", "0"):
            return False
        if word in ("on", "true", "yes", "1"):
            return True
        self.mistakes.append(f"{name} is {word!r}; 'on' or 'off' would be right.")
        return safe

    def log_level(self, name: str) -> str:
        """Return the level that ``name`` says; INFO if it is unset or wrong."""
        word = self._env.str(name, default="").strip().upper() or "INFO"
        if word in LOG_LEVELS:
            return word
        self.mistakes.append(f"{name} is {word!r}; one of {', '.join(LOG_LEVELS)} would be right.")
        return "INFO"

    def one_of(self, name: str, words: Sequence[str]) -> str:
        """Return which of ``words`` ``name`` is; the first if it is unset or wrong."""
        word = self._env.str(name, default="").strip().lower() or words[0]
        if word in words:
            return word
        self.mistakes.append(f"{name} is {word!r}; one of {', '.join(words)} would be right.")
        return words[0]

    def names(self, name: str, *, default: Sequence[str]) -> list[str]:
        """Return what stands between the commas of ``name``; ``default`` if there is nothing."""
        text = self._env.str(name, default="")
        found = [word.strip() for word in text.split(",") if word.strip()]
        if text.strip() and not found:
            self.mistakes.append(f"{name} is {text!r}; names with commas between would be right.")
        return found or list(default)

    def secret(self, name: str) -> str:
        """Return what ``name`` holds, which is not repeated; empty if it is unset or blank."""
        text: str = self._env.str(name, default="")
        if text and not text.strip():
            self.mistakes.append(
                f"{name} is blank, which anybody can guess; a long text of chance "
                "would be right, or none at all: then one is made."
            )
            return ""
        return text


def database(env: environ.Env, directory: Path) -> dict[str, Any]:
    """Return Django's settings of the database that DATABASE_URL names; SQLite without it."""
    url = env.str("DATABASE_URL", default="")
    if not url:
        return _sqlite({"NAME": str(directory / "habla.sqlite3")})
    with (
        contextlib.suppress(ImproperlyConfigured, ImportError, ValueError, KeyError, UserWarning),
        warnings.catch_warnings(),
    ):
        # what the reader only warns of, it has not understood
        warnings.simplefilter("error", UserWarning)
        config: dict[str, Any] = env.db_url_config(url)
        load_backend(config["ENGINE"])
        if config["ENGINE"].endswith("sqlite3"):
            return _sqlite(config) if _is_file(config["NAME"]) else {}
        is_postgresql = config["ENGINE"].endswith(("postgresql", "postgis"))
        return _postgresql(config) if is_postgresql else config
    return {}


def _is_file(name: str) -> bool:
    """Return whether a file could have this name; what is in memory alone is no database of ours.

    Each thread would have another.
    """
    return name != ":memory:" and not Path(name).is_dir()


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    options = SQLITE_OPTIONS | config.get("OPTIONS", {})
    engine = "django.db.backends.sqlite3"
    # a file for the tests too: Django's database in memory knows no WAL, and its lock does not wait
    test = {"NAME": f"{config['NAME']}.test"}
    return config | {"ENGINE": engine, "OPTIONS": options, "TEST": test}


def _postgresql(config: dict[str, Any]) -> dict[str, Any]:
    return config | {"OPTIONS": POSTGRESQL_OPTIONS | config.get("OPTIONS", {})}
