"""What the settings need of this machine: the data directory, the secret key, the database.

Nothing here raises for a wrong setting: the settings must load, so that `manage.py check` can name
the mistake (see sessions_app/checks.py). What could not be made is left for the checks to find.
"""

import contextlib
import warnings
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.db.utils import load_backend
from django.utils.crypto import salted_hmac

from sessions_app.config.data_directory import NO_DIRECTORY
from sessions_app.config.secret_file import kept_secret
from sessions_app.store.database.guarded_connection import GuardedConnection

SQLITE_OPTIONS = {
    "timeout": 5,
    "transaction_mode": "IMMEDIATE",
    "factory": GuardedConnection,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
"""Measured with fifty sessions: no lock error, where Django's defaults give hundreds."""
POSTGRESQL_OPTIONS = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""In seconds; tcp_user_timeout in ms. A network that silently drops packets is noticed within
about ten seconds; with the kernel's defaults that takes a quarter of an hour, and two hours on
an idle connection."""


def data_directory(named: str, base: Path) -> Path:
    """Return the directory of everything written at run time; it is created if possible."""
    try:
        directory = Path(named).expanduser().resolve() if named.strip() else base / "data"
        directory.lstat()
    except FileNotFoundError:
        with contextlib.suppress(OSError):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (NotADirectoryError, PermissionError):
        return directory
    except (
        OSError,
        RuntimeError,
        ValueError,
    ):  # the name is too long, or names an unknown user's home
        return NO_DIRECTORY
    return directory


def secret_key(directory: Path, *, may_write: bool = True) -> str:
    """Return this installation's own key, generated at the first start, kept in ``directory``."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        path = directory / "secret_key"
        if may_write:
            return kept_secret(path, get_random_secret_key)
        return path.read_text(encoding="ascii").strip() or get_random_secret_key()
    return get_random_secret_key()


def installation(key: str) -> str:
    """Return a short name for the installation with this secret key, which does not reveal it.

    All processes of one installation share the key; two installations have different ones.
    """
    return salted_hmac("habla.installation", "", secret=key).hexdigest()[:8]


def database(url: str, directory: Path) -> dict[str, Any]:
    """Return Django's settings for the database at ``url``; empty: ``url`` is not valid.

    Without a ``url`` it is SQLite in ``directory``.
    """
    if not url:
        return _sqlite({"NAME": str(directory / "habla.sqlite3")})
    with (
        contextlib.suppress(ImproperlyConfigured, ImportError, ValueError, KeyError, UserWarning),
        warnings.catch_warnings(),
    ):
        # it only warns about a URL that it does not understand
        warnings.simplefilter("error", UserWarning)
        config: dict[str, Any] = environ.Env.db_url_config(url)
        load_backend(config["ENGINE"])
        if config["ENGINE"].endswith("sqlite3"):
            return _sqlite(config) if _is_file(config["NAME"]) else {}
        is_postgresql = config["ENGINE"].endswith(("postgresql", "postgis"))
        return _postgresql(config) if is_postgresql else config
    return {}


def _is_file(name: str) -> bool:
    """Return whether this can be a file; a database in memory cannot be used.

    Each thread would get one of its own.
    """
    return name != ":memory:" and not Path(name).is_dir()


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    options = SQLITE_OPTIONS | config.get("OPTIONS", {})
    engine = "django.db.backends.sqlite3"
    # tests use a file too: in memory SQLite has no WAL, and does not wait for a lock
    test = {"NAME": f"{config['NAME']}.test"}
    return config | {"ENGINE": engine, "OPTIONS": options, "TEST": test}


def _postgresql(config: dict[str, Any]) -> dict[str, Any]:
    return config | {"OPTIONS": POSTGRESQL_OPTIONS | config.get("OPTIONS", {})}
