"""A real archive of Debian packages, and a configuration of apt that knows only this one."""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

CONTROL = """\
Package: {name}
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: made by a test
"""
INDEX = """\
{control}Filename: ./{file}
Size: {size}
SHA256: {digest}

"""
CONFIGURATION = """\
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Post-Invoke;
APT::Sandbox::User "";
Dir::Etc::SourceList "{directory}/sources.list";
Dir::Etc::SourceParts "/nowhere";
Dir::State::Lists "{directory}/lists";
"""


class Archive:
    """Packages in ``directory``, of which this machine's apt has no lists yet."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def hold(self, name: str, files: Mapping[str, str]) -> None:
        """Add a package of these ``files``, by their paths below /."""
        tree = self._directory / "tree"
        control = CONTROL.format(name=name)
        for path, text in {**files, "DEBIAN/control": control}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
        tree.chmod(0o755)
        (tree / "DEBIAN").chmod(0o755)
        deb = self._directory / f"{name}_1.0_all.deb"
        subprocess.run(["dpkg-deb", "-b", str(tree), str(deb)], check=True, capture_output=True)
        content = deb.read_bytes()
        index = INDEX.format(
            control=control,
            file=deb.name,
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
        )
        (self._directory / "Packages").write_text(index)

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make apt know this archive only."""
        source = f"deb [trusted=yes] copy:{self._directory} ./\n"
        (self._directory / "sources.list").write_text(source)
        (self._directory / "lists" / "partial").mkdir(parents=True)
        configuration = self._directory / "apt.conf"
        configuration.write_text(CONFIGURATION.format(directory=self._directory))
        monkeypatch.setenv("APT_CONFIG", str(configuration))
