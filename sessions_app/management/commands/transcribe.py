"""`manage.py transcribe`: what is said in a file, and what it means."""

import asyncio
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from sessions_app import conf, terminal
from sessions_app.engines.media_facts import Facts
from sessions_app.engines.media_files import read_facts
from sessions_app.errors import HablaError
from sessions_app.events import Direction, Exchange, Mode
from sessions_app.exports import ExportFormat, Line, export
from sessions_app.hearing import Findings, hear_file, opened, warning
from sessions_app.pipeline.utterance import Manner
from sessions_app.printable import printable

FORMATS = {
    "text": ExportFormat.TXT,
    "json": ExportFormat.JSON,
    "srt": ExportFormat.SRT,
    "vtt": ExportFormat.VTT,
}


class Command(terminal.Command):
    """Run one file through the pipeline, in this process; no server is needed."""

    help = "Prints what is said in FILE (any media that has sound) and its translation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say which file, from which language, and how to print it."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--direction",
            choices=[direction.value for direction in Direction],
            default=Direction.AUTO.value,
            help="from which language into which (default: found by itself)",
        )
        parser.add_argument("--format", choices=list(FORMATS), default="text")
        parser.add_argument(
            "--track",
            type=int,
            metavar="N",
            help="which track of sound, from 1 (default: the one that players take)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was found, and say if it was nothing; exit 1 where no sound could be heard."""
        if not options["file"].is_file():
            raise CommandError(f"There is no file {printable(str(options['file']))}.")
        manner = Manner(Direction(options["direction"]), Mode.CONVERSATION)
        file_format = FORMATS[options["format"]]
        # a console's Ctrl+C cancels the run, so that engines and their processes are let go
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            findings = asyncio.run(
                self._run(options["file"], options["track"], manner, file_format)
            )
        except HablaError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted.", returncode=130) from error
        if file_format is not ExportFormat.TXT:
            self.stdout.write_export(export(map(Line, findings.exchanges), file_format))
        for failure in findings.failures:
            self.stderr.write(f"Utterance {failure.about}: {failure.message}")
        if not findings.exchanges:
            self.stderr.write("Nothing was heard in this file.")

    async def _run(
        self, path: Path, track: int | None, manner: Manner, file_format: ExportFormat
    ) -> Findings:
        facts = await asyncio.to_thread(read_facts, path, track)
        with tqdm(total=facts.seconds or 0.0, bar_format=_BAR, disable=None, delay=0.2) as bar:
            async with opened(conf.read().engines, lambda step, _: bar.set_description(step)) as it:
                if self.stderr.isatty():  # whoever reads this may choose
                    self._warn(_choice(facts, track))
                self._warn(warning(it, manner))
                bar.set_description(printable(path.name))
                return await hear_file(
                    path,
                    it,
                    manner,
                    told=self._tell if file_format is ExportFormat.TXT else _say_nothing,
                    heard=lambda seconds: _move(bar, seconds),
                    track=track,
                )

    def _warn(self, message: str) -> None:
        if message:
            with tqdm.external_write_mode():
                self.stderr.write(message)

    def _tell(self, exchange: Exchange) -> None:
        with tqdm.external_write_mode():
            self.stdout.write_export(export([Line(exchange)], ExportFormat.TXT))
            self.stdout.flush()


def _choice(facts: Facts, track: int | None) -> str:
    """Return which of several tracks is heard, where nobody chose it; empty: there is one."""
    if track is not None or len(facts.tracks) == 1:
        return ""
    names = [" ".join(filter(None, (one.language, one.title))) for one in facts.tracks]
    listed = ", ".join(f"{n} ({name})" if name else str(n) for n, name in enumerate(names, 1))
    return printable(
        f"There are {len(names)} tracks of sound: {listed}. Track {facts.track} is heard; "
        "--track chooses another."
    )


_BAR = "{desc}{percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s [{elapsed}<{remaining}]"


def _move(bar: "tqdm[Any]", seconds: float) -> None:
    # a header may promise less than the file holds
    bar.total = max(bar.total or 0, seconds)
    bar.update(seconds - bar.n)


def _say_nothing(exchange: Exchange) -> None:
    pass
