"""Walk through what must work: `python -m tests.smoke [URL]`, or `make smoke URL=...`.

Without a URL a server of its own is started on an empty data directory, and its end is looked at:
its exit code, its log, and what of its processes is left. Exit codes: 0, or 1 if a step failed.
"""

import argparse
import asyncio
import os
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from websockets.exceptions import WebSocketException

from tests.server.running import ROOT, Running, environment, manage, running
from tests.smoke.place import NotTriedError, Place, SmokeError
from tests.smoke.walk import STEPS, Seen

PASSWORD = "HABLA_SMOKE_PASSWORD"
FAILURES = (SmokeError, OSError, WebSocketException, TimeoutError, KeyError)
"""What says that a step failed; KeyError: an answer lacks what the protocol promises."""


async def walk(place: Place) -> bool:
    """Take all steps, a line each; return whether all of them worked."""
    seen, are_good = Seen(), True
    for step in STEPS:
        began_at = monotonic()
        try:
            said, mark = await step(place, seen), "ok"
        except NotTriedError as error:
            said, mark = f"not tried: {error}", "-"
        except FAILURES as error:
            said, mark, are_good = f"{type(error).__name__}: {error}", "FAILED", False
        what = step.__name__.replace("_", " ")
        _say(mark, what, monotonic() - began_at, said)
    return are_good


async def walk_own() -> bool:
    """Take all steps at a server of its own, and look at how it ends."""
    with tempfile.TemporaryDirectory(prefix="habla-smoke-") as directory:
        data_dir = Path(directory)
        async with _own(data_dir) as server:
            command = (sys.executable, "manage.py")
            place = Place(
                server.address,
                server.key,
                command,
                env=environment(data_dir),
                directory=str(ROOT),
            )
            are_good = await walk(place)
            await place.http.aclose()
            return await _quit(server) and are_good


@asynccontextmanager
async def _own(data_dir: Path) -> AsyncIterator[Running]:
    code, told = await manage("migrate", "--verbosity=0", env=environment(data_dir))
    if code:
        raise SmokeError(f"`migrate` ended with {code}: {told}")
    async with running(data_dir) as server:
        yield server


async def _quit(server: Running) -> bool:
    began_at = monotonic()
    family = _descendants(server.pid)
    server.signal()
    code = await server.ended()
    left = [pid for pid in family if _is_alive(pid)]
    bad = [line for line in server.log.splitlines() if "ERROR" in line or "Traceback" in line]
    problems = [
        *([f"its exit code is {code}"] if code else []),
        *([f"it left processes: {left}"] if left else []),
        *([f"it logged {bad[:3]}"] if bad else []),
    ]
    good = f"exit code 0, no error in the log, none of its {len(family)} processes is left"
    _say(
        "FAILED" if problems else "ok",
        "quitting",
        monotonic() - began_at,
        "; ".join(problems or [good]),
    )
    return not problems


def _descendants(pid: int) -> list[int]:
    """Return a process and all that it has started, by the process table."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _say(mark: str, what: str, seconds: float, said: str) -> None:
    sys.stdout.write(f"{mark:6} {what:20} {seconds:5.1f} s  {said}\n")
    sys.stdout.flush()


async def _main(arguments: argparse.Namespace) -> int:
    if not arguments.url:
        return 0 if await walk_own() else 1
    command = shlex.split(arguments.manage)
    place = Place(arguments.url, arguments.key, command, is_trusted=arguments.insecure)
    try:
        if arguments.user:
            await place.log_in(arguments.user, os.environ.get(PASSWORD, ""))
        return 0 if await walk(place) else 1
    except SmokeError as error:
        sys.stdout.write(f"FAILED {error}\n")
        return 1
    finally:
        await place.http.aclose()


def parse(arguments: Iterable[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.smoke",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", nargs="?", help="the page of a server that runs: http://host:8000/")
    parser.add_argument("--key", default="", help="the owner's key, as `status` prints it")
    parser.add_argument("--user", default="", help=f"who logs in; the password is in {PASSWORD}")
    parser.add_argument("--manage", default="", help="how commands are run there: 'habla'")
    parser.add_argument("--insecure", action="store_true", help="take any certificate")
    return parser.parse_args(list(arguments) if arguments is not None else None)


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(parse())))
