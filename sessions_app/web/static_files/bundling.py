"""What esbuild does: it bundles the ES modules of pages, and minifies what stands alone.

A bundle is one minified file, with all that the module imports.
"""

import json
import posixpath
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessions_app.core.errors import HablaError

PROGRAM = "esbuild"
OPTIONS = ("--charset=utf8", "--log-level=error", "--outbase=.", "--outdir=out")
OF_BUNDLES = (
    "--bundle",
    "--format=esm",
    "--minify",
    "--metafile=meta.json",
    "--entry-names=[dir]/[name].[hash]",
)
OF_KINDS = {".js": "--minify", ".css": "--minify-whitespace"}
"""How files are minified; styles cautiously."""
BUNDLING_SECONDS = 60.0
"""How long it may take; usually a tenth of a second."""
BESIDE = re.compile(r'new URL\("(\./[^"]+)", import\.meta\.url\)')
"""How a module names a file that is loaded later by its address, such as a worklet."""


class BundlingError(HablaError):
    """The modules could not be bundled; they can be served as they are."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Modules, bundled."""

    names: Mapping[str, str]
    """The bundled file's name of each entry, with the hash of all that it is made of."""
    files: Mapping[str, bytes]
    """The bundled files by their names."""

    def __or__(self, other: "Bundle") -> "Bundle":
        """Return both as one."""
        return Bundle({**self.names, **other.names}, {**self.files, **other.files})


def is_bundler_installed() -> bool:
    """Return whether modules can be bundled on this machine."""
    return shutil.which(PROGRAM) is not None


def bundle_modules(
    sources: Mapping[str, bytes], entries: Iterable[str], url_of: Callable[[str], str]
) -> Bundle:
    """Return the modules ``entries`` of ``sources`` with all that they import, bundled.

    ``url_of`` gives the address of a file that is not bundled.

    Raises:
        BundlingError: esbuild is not installed, or reports an error.
        OSError: it cannot be started just now, as when too many files are open.
    """
    addressed = {name: _with_addresses(name, content, url_of) for name, content in sources.items()}
    with _written(addressed) as directory:
        _run([*entries, *OF_BUNDLES], directory)
        return _read(directory)


def minify_files(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return scripts that import nothing, and styles, by their names, minified each alone.

    Raises:
        BundlingError: esbuild is not installed, or reports an error.
        OSError: it cannot be started just now.
    """
    with _written(sources) as directory:
        for kind, option in OF_KINDS.items():
            if names := [name for name in sources if name.endswith(kind)]:
                _run([*names, option], directory)
        return {name: (directory / "out" / name).read_bytes() for name in sources}


@contextmanager
def _written(sources: Mapping[str, bytes]) -> Iterator[Path]:
    """Give a directory that has the files in it."""
    if not is_bundler_installed():
        raise BundlingError("esbuild is not installed.")
    with tempfile.TemporaryDirectory(prefix="habla-bundle-") as made:
        directory = Path(made)
        for name, content in sources.items():
            file = directory / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield directory


def _with_addresses(name: str, content: bytes, url_of: Callable[[str], str]) -> bytes:
    """Return a module that names what it loads by the addresses for ever."""

    def addressed(found: re.Match[str]) -> str:
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1]))
        return f'new URL("{url_of(beside)}", import.meta.url)'

    return BESIDE.sub(addressed, content.decode()).encode()


def _run(arguments: Sequence[str], directory: Path) -> None:
    try:
        done = subprocess.run(
            [PROGRAM, *arguments, *OPTIONS],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUNDLING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BundlingError("esbuild took too long.") from error
    if done.returncode != 0:
        raise BundlingError(f"esbuild failed: {done.stderr.strip()}")


def _read(directory: Path) -> Bundle:
    outputs: dict[str, Any] = json.loads((directory / "meta.json").read_text())["outputs"]
    names = {path: path.removeprefix("out/") for path in outputs}
    return Bundle(
        names={output["entryPoint"]: names[path] for path, output in outputs.items()},
        files={name: (directory / path).read_bytes() for path, name in names.items()},
    )
