"""`manage.py fetch_models`: downloads and verifies models, and says where they are."""

import asyncio
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from sessions_app.config import conf
from sessions_app.core.errors import HablaError
from sessions_app.engines.loading import EngineSettings
from sessions_app.engines.models.catalogue import MODELS, RECOMMENDED, find_model, is_on_disk
from sessions_app.engines.models.downloads import download
from sessions_app.engines.models.model import Model
from sessions_app.management import terminal

COLUMN = 24
"""Width of the column of names, in characters."""
BAR = "{desc:<40} {percentage:3.0f} % |{bar}| {elapsed}"


class Command(terminal.HablaCommand):
    """Downloads models by name, one after another."""

    help = "Download models with a progress bar, verify them and say where they are."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the names of models; without any, those that a laptop needs."""
        recommended = " ".join(RECOMMENDED)
        parser.add_argument(
            "names", nargs="*", metavar="NAME", help=f"see --list; without any: {recommended}"
        )
        parser.add_argument("--list", action="store_true", help="list the models, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Download them; exit 1 with an explanation if one cannot be downloaded."""
        try:
            engines = conf.read().engines
            models = [find_model(name) for name in options["names"] or RECOMMENDED]
        except HablaError as error:
            raise CommandError(str(error)) from error
        if options["list"]:
            self._list(engines.models_dir)
            return
        failed = [model.name for model in models if not self._fetch(model, engines)]
        if failed:
            raise CommandError(f"Not fetched: {', '.join(failed)}.")

    def _list(self, models_dir: Path) -> None:
        for model in MODELS.values():
            there = "here" if is_on_disk(model.name, models_dir) else f"{model.megabytes} MB"
            star = "*" if model.name in RECOMMENDED else " "
            self.stdout.write(f"{star} {model.name:<{COLUMN}}{there:>8}  {model.about}")
        self.stdout.write(
            "* fetched when no name is given. Any other Whisper: owner/repository, of the hub, "
            "whose files cannot be verified."
        )

    def _fetch(self, model: Model, engines: EngineSettings) -> bool:
        name = model.name if model.is_pinned else model.repo
        try:
            with _bar(model.name) as bar:
                directory = asyncio.run(
                    download(
                        *(name, engines.models_dir, _BarProgress(bar)),
                        models_from=engines.models_from,
                    )
                )
        except HablaError as error:
            return self._report_failure(model, engines.models_dir, str(error))
        except KeyboardInterrupt as error:
            stopped = "Stopped. The files that came whole are kept."
            raise CommandError(stopped, returncode=terminal.INTERRUPTED) from error
        doubt = "" if model.is_pinned else " (not verified: Habla knows no digests of it)"
        self.stdout.write(f"✓ {model.name:<{COLUMN}}{directory}{doubt}", self.style.SUCCESS)
        return True

    def _report_failure(self, model: Model, models_dir: Path, reason: str) -> bool:
        """Print why a model was not downloaded; return whether it is on the disk all the same."""
        directory = None if model.is_pinned else is_on_disk(model.repo, models_dir)
        if directory is None:
            self.stderr.write(f"✗ {model.name:<{COLUMN}}{reason}", self.style.ERROR)
            return False
        self.stdout.write(f"! {model.name:<{COLUMN}}{directory} (not compared with the hub)")
        return True


def _bar(name: str) -> "tqdm[Any]":
    # without a terminal there is no bar
    return tqdm(total=1.0, desc=name, bar_format=BAR, disable=None, leave=False)


class _BarProgress:
    """A Progress that is shown on a bar."""

    def __init__(self, bar: "tqdm[Any]") -> None:
        self._bar = bar

    def __call__(self, step: str, fraction: float | None) -> None:
        self._bar.set_description(step, refresh=False)
        if fraction is not None:
            self._bar.update(fraction - self._bar.n)
        self._bar.refresh()
