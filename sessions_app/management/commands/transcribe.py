"""`manage.py transcribe`: what is said in a media file, and its translation."""

import asyncio
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from sessions_app.config import conf
from sessions_app.core.audio import to_seconds
from sessions_app.core.events import Direction, Failure, Manner, Mode
from sessions_app.core.printable import printable
from sessions_app.engines.decoding.media_facts import Facts
from sessions_app.engines.decoding.media_files import read_facts
from sessions_app.live.offline import OfflineResult, engine_warning, hear_file, opened
from sessions_app.management import terminal
from sessions_app.management.printing import (
    FORMATS,
    ExchangePrinter,
    missing_utterances,
    move_bar,
    progress_bar,
)


class Command(terminal.HablaCommand):
    """Runs a file through the pipeline in this process; no server is needed."""

    help = "Prints what is said in FILE (any media that has sound) and its translation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file, the direction, and the output format."""
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
            help="which track of sound, from 1 (default: the one that is marked as default)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was said, or that nothing was; exit 1 if it is incomplete."""
        if not options["file"].is_file():
            raise CommandError(f"There is no file {printable(str(options['file']))}.")
        manner = Manner(Direction(options["direction"]), Mode.CONVERSATION)
        printer = ExchangePrinter(self.stdout, options["format"])
        result = OfflineResult(told=printer.add)
        try:
            printer.run(self._run(options["file"], options["track"], manner, result))
        finally:
            for failure in result.failures:
                where = _where(failure, result)
                self.stderr.write(f"Utterance {failure.about}{where}: {failure.message}")
        if missing := _missing(result):
            raise CommandError(missing)
        if not result.exchanges:
            self.stderr.write("Nothing was heard in this file.")

    async def _run(
        self, path: Path, track: int | None, manner: Manner, result: OfflineResult
    ) -> None:
        facts = await asyncio.to_thread(read_facts, path, track)
        with progress_bar(facts.seconds or 0.0) as bar:
            async with opened(conf.read().engines, lambda step, _: bar.set_description(step)) as it:
                if self.stderr.isatty():  # somebody can read this, and choose
                    self._warn(_choice(facts, track))
                self._warn(engine_warning(it, manner))
                bar.set_description(printable(path.name))
                await hear_file(
                    path,
                    it,
                    manner,
                    result,
                    heard=lambda seconds: move_bar(bar, seconds),
                    track=track,
                )

    def _warn(self, message: str) -> None:
        if message:
            with tqdm.external_write_mode():
                self.stderr.write(message)


def _missing(result: OfflineResult) -> str:
    """Return what is missing in the output; empty: nothing."""
    problem = ""
    if result.problem is not None:
        heard = _clock(to_seconds(result.account.received))
        problem = f"It was heard up to {heard} only. {result.problem}"
    return " ".join(filter(None, (problem, missing_utterances(result.failures))))


def _choice(facts: Facts, track: int | None) -> str:
    """Return which of several tracks is used by default; empty: there is one, or it was chosen."""
    if track is not None or len(facts.tracks) == 1:
        return ""
    names = [" ".join(filter(None, (one.language, one.title))) for one in facts.tracks]
    listed = ", ".join(f"{n} ({name})" if name else str(n) for n, name in enumerate(names, 1))
    return printable(
        f"There are {len(names)} tracks of sound: {listed}. Track {facts.track} is heard; "
        "--track chooses another."
    )


def _where(failure: Failure, result: OfflineResult) -> str:
    if not isinstance(failure.about, int) or failure.about not in result.begins:
        return ""
    begin = result.begins[failure.about]
    return f", {_clock(begin)} to {_clock(result.ends.get(failure.about, begin))}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes) // 60:02}:{int(minutes) % 60:02}:{rest:04.1f}"
