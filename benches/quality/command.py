"""The command line: which parts are measured, what they are compared with, the exit code."""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from benches.quality import (
    accuracy,
    cuts,
    figures,
    inventions,
    languages,
    live,
    peer,
    short,
    voices,
    whole_files,
)
from benches.quality.cache import UnavailableError
from benches.quality.figures import Measured
from benches.quality.tools import CLIPS, Tools, tools
from benches.quality.transcribing import transcribing
from benches.quality.weights import weights
from benches.report import machine, print_table, say

LONG = "long"
PARTS: dict[str, tuple[str, Callable[[Tools], Awaitable[list[Measured]]]]] = {
    "accuracy": ("Wrong words, clip by clip", accuracy.measure),
    "languages": ("Spanish or English", languages.measure),
    "inventions": ("Words where nobody speaks", inventions.measure),
    "cuts": ("Monologues", cuts.measure),
    "live": ("Live, at the pace of speech", live.measure),
    "files": ("Thirty minutes of a two-hour file", whole_files.measure),
}
VOICES = "voices"
"""The part that needs no words, and so no Whisper."""
PEER = "peer"
ALL = (*PARTS, VOICES)
LIMIT_SECONDS = 3_600.0
"""The time limit of each part."""
WORSE, UNAVAILABLE = 1, 2


def run(arguments: Sequence[str]) -> int:
    """Measure; return 0, 1 if something is worse than it was, 2 if it cannot be measured here."""
    parser = argparse.ArgumentParser(prog="python -m benches.quality", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(ALL))
    parser.add_argument("--short", action="store_true", help="forty clips, no latencies")
    parser.add_argument("--peer", action="store_true", help="WhisperLiveKit too")
    parser.add_argument("--keep", action="store_true", help="let this be the baseline")
    parser.add_argument("--table", action="store_true", help="the baselines, for docs/quality.md")
    parser.add_argument("--clips", type=int, default=CLIPS, help="sentences of each language")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(ALL):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(ALL)}")
    if options.table:
        say(figures.table())
        return 0
    say(machine())
    try:
        return asyncio.run(_short(keep=options.keep) if options.short else _long(options))
    except UnavailableError as error:
        say(f"Not measured: {error}")
        return UNAVAILABLE


async def _short(*, keep: bool) -> int:
    was_quiet = figures.is_quiet()
    began_at = time.monotonic()
    async with transcribing(await weights()) as habla:
        found = await short.measure(habla)
    return tell(short.FORM, "Forty clips", found, began_at, was_quiet=was_quiet, keep=keep)


async def _long(options: argparse.Namespace) -> int:
    worst = 0
    wanted = options.parts or ALL
    if VOICES in wanted:
        worst |= await _tell_voices_apart(keep=options.keep)
    if not (set(wanted) - {VOICES} or options.peer):
        return worst
    async with tools(options.clips) as measuring:
        for name in (name for name in wanted if name in PARTS):
            title, measure = PARTS[name]
            was_quiet, began_at = figures.is_quiet(), time.monotonic()
            async with asyncio.timeout(LIMIT_SECONDS):
                found = await measure(measuring)
            worst |= tell(LONG, title, found, began_at, was_quiet=was_quiet, keep=options.keep)
        if options.peer:
            await _peer(measuring)
    return worst


async def _tell_voices_apart(*, keep: bool) -> int:
    was_quiet, began_at = figures.is_quiet(), time.monotonic()
    async with asyncio.timeout(LIMIT_SECONDS):
        found = await voices.measure()
    title = "Voices told apart"
    return tell(voices.FORM, title, found, began_at, was_quiet=was_quiet, keep=keep)


async def _peer(measuring: Tools) -> None:
    """Print how Habla compares with another server, whose figures are no baseline."""
    try:
        found = await peer.measure(measuring)
    except UnavailableError as error:
        say(f"\nNot compared with WhisperLiveKit: {error}")
        return
    print_table("Beside WhisperLiveKit", figures.judged(PEER, found, was_quiet=False))


def tell(
    form: str,
    title: str,
    found: Sequence[Measured],
    began_at: float,
    *,
    was_quiet: bool,
    keep: bool,
) -> int:
    """Print the figures beside their baselines; return 0, or WORSE."""
    if keep:
        figures.keep(form, found, was_quiet=was_quiet)
    compared = figures.judged(form, found, was_quiet=was_quiet)
    print_table(f"{title} ({time.monotonic() - began_at:.0f} s)", compared)
    if not was_quiet and any(one.needs_quiet for one in found):
        say("  The machine was busy: how quick it was is told, and neither judged nor kept.")
    return 0 if all(one.is_reached for one in compared) else WORSE
