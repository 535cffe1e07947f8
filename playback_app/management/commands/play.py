"""`manage.py play`: plays a recording, scores the result, and compares it with a baseline."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from playback_app import scoring
from playback_app.admission import PlaybackRequest
from playback_app.models import Playback, PlaybackState
from playback_app.offline import OfflinePlayback, play_offline
from sessions_app.core.events import Direction
from sessions_app.core.printable import printable
from sessions_app.management import terminal
from sessions_app.management.printing import (
    FORMATS,
    ExchangePrinter,
    missing_utterances,
    move_bar,
    progress_bar,
)
from sessions_app.models import Recording

NO_SUCH_RECORDING = 2


class Command(terminal.HablaCommand):
    """Play one recording through a session of its own, in this process; no server is needed."""

    help = "Plays RECORDING through Habla and prints what is heard, and how well."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options: which recording, how to play and print it, the baseline."""
        parser.add_argument("recording", metavar="RECORDING")
        parser.add_argument("--mode", choices=["full", "segments"], default="full")
        parser.add_argument("--speed", type=float, default=0.0, help="0: as fast as it goes")
        parser.add_argument(
            "--direction",
            choices=[direction.value for direction in Direction],
            help="from which language into which (default: as it was recorded)",
        )
        parser.add_argument("--format", choices=list(FORMATS), default="text")
        parser.add_argument("--baseline", type=UUID, metavar="ID", help="an earlier playback of it")
        parser.add_argument(
            "--tolerance",
            type=float,
            default=0.0,
            help="by how much the word error rate may rise over the baseline's",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was heard; exit 1 if it failed or got worse, 2 if there is no recording."""
        recording = _recording(options["recording"])
        baseline = _baseline(recording, options["baseline"])
        request = PlaybackRequest(
            recording.user_id, recording.pk, None, options["mode"], options["speed"]
        )
        printer = ExchangePrinter(self.stdout, options["format"])
        result = OfflinePlayback(told=printer.add)
        try:
            playback = printer.run(self._run(recording, request, options["direction"], result))
        finally:
            for failure in result.failures:
                self.stderr.write(f"{failure.about}: {failure.message}")
        self._judge(playback, baseline, options["tolerance"])
        if missing := missing_utterances(result.failures):
            raise CommandError(missing)

    async def _run(
        self,
        recording: Recording,
        request: PlaybackRequest,
        direction: str | None,
        result: OfflinePlayback,
    ) -> Playback:
        with progress_bar(recording.duration_seconds) as bar:
            return await play_offline(
                request, direction, result, heard=lambda seconds: move_bar(bar, seconds)
            )

    def _judge(self, playback: Playback, baseline: Playback | None, tolerance: float) -> None:
        if playback.state != PlaybackState.FINISHED:
            raise CommandError(f"The playback {playback.state}: {playback.reason}.")
        self.stderr.write(f"Playback {playback.pk}")
        if playback.word_error_rate is not None:
            self.stderr.write(f"Word error rate {playback.word_error_rate:.3f}")
        if playback.chrf is not None:
            self.stderr.write(f"chrF of the translation {playback.chrf:.1f}")
        if baseline is not None:
            self._compare(playback, baseline, tolerance)

    def _compare(self, playback: Playback, baseline: Playback, tolerance: float) -> None:
        for line in scoring.compared(playback.recording_id, baseline.pk, playback.pk):
            mark = "+" if line.is_better else "-"
            self.stdout.write(
                f"{mark} {line.word}: {line.was or '(nothing)'} → {line.now or '(nothing)'}"
            )
        now, was = playback.word_error_rate, scoring.rate_of(baseline)
        if now is None or was is None:
            raise CommandError("There is no ground truth to compare by.")
        self.stdout.write(f"Word error rate {was:.3f} → {now:.3f}")
        if now > was + tolerance:
            raise CommandError(f"It rose by {now - was:.3f}, more than {tolerance:g}.")


def _recording(named: str) -> Recording:
    try:
        recording = Recording.objects.filter(pk=UUID(named)).first()
    except ValueError:
        recording = None
    if recording is None:
        raise CommandError(
            f"There is no recording {printable(named)}.", returncode=NO_SUCH_RECORDING
        )
    return recording


def _baseline(recording: Recording, playback_id: UUID | None) -> Playback | None:
    if playback_id is None:
        return None
    row = Playback.objects.filter(pk=playback_id, recording=recording).first()
    if row is None:
        raise CommandError(f"There is no playback {playback_id} of this recording.")
    return row
