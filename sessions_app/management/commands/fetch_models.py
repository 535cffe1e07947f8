"""The command `fetch_models`: brings models from the hub, checks them, says where they are."""

import asyncio
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from sessions_app import conf, terminal
from sessions_app.engines import hub
from sessions_app.errors import HablaError

COLUMN = 24
"""Characters of the widest model's name, and a gap."""
BAR = "{desc:<40} {percentage:3.0f} % |{bar}| {elapsed}"


class Command(terminal.Command):
    """Fetches models by name, one after the other."""

    help = "Download models with a progress bar, verify them and say where they are."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names of models; none: those that a laptop needs."""
        recommended = " ".join(hub.RECOMMENDED)
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help=f"see --list; without any: {recommended}"
        )
        parser.add_argument("--list", action="store_true", help="say what there is, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fetch them; exit 1 with plain words when one cannot be had."""
        try:
            models_dir = conf.read().engines.models_dir
            names = [hub.find(name).name for name in options["names"] or hub.RECOMMENDED]
        except HablaError as error:
            raise CommandError(str(error)) from error
        if options["list"]:
            self._list(models_dir)
        elif hub.reachable():
            self._fetch_all(names, models_dir)
        else:
            self._do_without(names, models_dir)

    def _list(self, models_dir: Path) -> None:
        for model in hub.MODELS.values():
            there = "here" if hub.is_on_disk(model.name, models_dir) else f"{model.megabytes} MB"
            star = "*" if model.name in hub.RECOMMENDED else " "
            self.stdout.write(f"{star} {model.name:<{COLUMN}}{there:>8}  {model.about}")
        self.stdout.write("* fetched when no name is given. Any other Whisper: owner/repository.")

    def _fetch_all(self, names: list[str], models_dir: Path) -> None:
        failed = [name for name in names if not self._fetch(name, models_dir)]
        if failed:
            raise CommandError(f"Not fetched: {', '.join(failed)}.")

    def _fetch(self, name: str, models_dir: Path) -> bool:
        try:
            with _bar(name) as bar:
                directory = asyncio.run(hub.download(name, models_dir, _Teller(bar)))
        except HablaError as error:
            self.stderr.write(f"✗ {name:<{COLUMN}}{error}", self.style.ERROR)
            return False
        except KeyboardInterrupt as error:
            raise CommandError("Stopped. The files that came whole are kept.") from error
        self.stdout.write(f"✓ {name:<{COLUMN}}{directory}", self.style.SUCCESS)
        return True

    def _do_without(self, names: list[str], models_dir: Path) -> None:
        lacking = []
        for name in names:
            if directory := hub.is_on_disk(name, models_dir):
                self.stdout.write(f"! {name:<{COLUMN}}{directory} (not compared with the hub)")
            else:
                lacking.append(name)
        if lacking:
            raise CommandError(
                f"Not fetched: {', '.join(lacking)}. {hub.silence_explained()} "
                "HF_ENDPOINT names another hub; HTTPS_PROXY names a proxy."
            )


def _bar(name: str) -> "tqdm[Any]":
    # without a terminal there is no bar
    return tqdm(total=1.0, desc=name, bar_format=BAR, disable=None, leave=False)


class _Teller:
    """Shows on a bar what a Progress is told."""

    def __init__(self, bar: "tqdm[Any]") -> None:
        self._bar = bar

    def __call__(self, step: str, fraction: float | None) -> None:
        self._bar.set_description(step, refresh=False)
        if fraction is not None:
            self._bar.update(fraction - self._bar.n)
        self._bar.refresh()
