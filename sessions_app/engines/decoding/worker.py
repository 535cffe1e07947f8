"""The process in which libav decodes untrusted sound: one stream, or one file, and then it ends.

Its arguments are the process that started it and what it decodes: libav's name of a container, or
``file`` and, where one was chosen, the number of its track. A message is a letter, a length (4
bytes, big-endian), and that many bytes. A stream comes on standard input as ``D`` (the next chunk)
and ``E`` (its end); a file is standard input itself. Answers go to standard output: ``P`` is PCM
with more to follow, ``S`` silence that is only counted (8 bytes, in samples), with more to follow,
``L`` the last PCM for this question, ``T`` what a file says about itself, as JSON, and ``X`` why it
cannot be decoded, after which the process ends. It may take memory in proportion to what it was
sent, and ends with the process that started it.
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

PR_SET_PDEATHSIG = 1
NICENESS = 5
"""The server goes first, also while a decoder starts; decoders share what is left."""


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when ``parent`` is gone, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before this was set
        os._exit(1)


def give_way() -> None:
    """Lower this process's priority, and make it the first to be killed if memory is short."""
    os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":  # before libav is loaded, which takes a while
    end_with_parent(int(sys.argv[1]))
    give_way()

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE  # noqa: E402 -- see above
from sessions_app.core.errors import DecodeError  # noqa: E402 -- see above
from sessions_app.engines.decoding.expansion import silence_of_file  # noqa: E402 -- see above
from sessions_app.engines.decoding.pyav import decode_opened, read_facts_with_libav  # noqa: E402 -- see above
from sessions_app.engines.decoding.pyav_stream import PyAVDecoder  # noqa: E402 -- see above

HEADER = struct.Struct(">cI")
PART_BYTES = 2 * SAMPLE_RATE * SAMPLE_BYTES
"""PCM of one answer: what the detector processes in one call."""
FREE_BYTES = 96 * 1024 * 1024
"""Memory that any stream may take beyond libav's own ..."""
MOST_BYTES = 1024 * 1024 * 1024
"""... and at most, whatever its size; in between, half as much more as it has bytes.

A live stream of AAC has some 30 bytes of index for each 100 to 400 of sound, a file likewise.
"""
FILE = "file"


class ExpansionAllowance:
    """The memory that this process may take, which grows with what it is sent."""

    def __init__(self) -> None:
        self._taken = _address_space()
        self._received = 0
        # neither files nor a core dump of what was sent
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    def receive(self, size: int) -> None:
        """Allow the memory that ``size`` more bytes may need."""
        self._received += size
        most = self._taken + min(FREE_BYTES + self._received // 2, MOST_BYTES)
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def main() -> None:
    """Decode what comes until nothing more comes."""
    answers = _take_answers()
    allowance = ExpansionAllowance()
    try:
        if sys.argv[2] == FILE:
            track = int(sys.argv[3]) if len(sys.argv) > 3 else None
            _decode_file(sys.stdin.buffer, track, answers, allowance)
        else:
            _decode_stream(sys.argv[2], sys.stdin.buffer, answers, allowance)
    except DecodeError as error:
        if not isinstance(error.__cause__, MemoryError):  # else the owner finds it gone
            _say(answers, b"X", str(error).encode())
    except BrokenPipeError:
        pass  # the owner is gone


def _decode_stream(
    container: str, questions: BinaryIO, answers: BinaryIO, allowance: ExpansionAllowance
) -> None:
    decoder = PyAVDecoder(container)
    for kind, chunk in _messages(questions):
        allowance.receive(len(chunk))
        pcm = decoder.decode(chunk) if kind == b"D" else decoder.flush()
        while decoder.has_more:
            _say_parts(answers, pcm)
            if decoder.silence_samples:
                _say(answers, b"S", decoder.silence_samples.to_bytes(8, "big"))
            pcm = decoder.decode(b"")
        last = (len(pcm) - 1) // PART_BYTES * PART_BYTES if pcm else 0
        _say_parts(answers, pcm[:last])
        _say(answers, b"L", pcm[last:])


def _say_parts(answers: BinaryIO, pcm: bytes) -> None:
    for first in range(0, len(pcm), PART_BYTES):
        _say(answers, b"P", pcm[first : first + PART_BYTES])


def _decode_file(
    file: BinaryIO, track: int | None, answers: BinaryIO, allowance: ExpansionAllowance
) -> None:
    size = os.fstat(file.fileno()).st_size
    allowance.receive(size)
    _say(answers, b"T", json.dumps(asdict(read_facts_with_libav(file, track=track))).encode())
    file.seek(0)
    silence = silence_of_file(size)
    for block in decode_opened(file, track=track, silence=silence, tells_cut_off=True):
        _say(answers, b"P", block)
    _say(answers, b"L", b"")


def _take_answers() -> BinaryIO:
    """Return the channel of answers; what a library prints goes to standard error from now on."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _messages(questions: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(header := questions.read(HEADER.size)) == HEADER.size:
        kind, length = HEADER.unpack(header)
        message = questions.read(length)
        if len(message) < length:
            return
        yield kind, message


def _say(answers: BinaryIO, kind: bytes, content: bytes) -> None:
    answers.write(HEADER.pack(kind, len(content)) + content)
    answers.flush()


def _address_space() -> int:
    """Return how much address space this process takes."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return MOST_BYTES


if __name__ == "__main__":
    main()
    os._exit(0)  # a thread of libav's may still be running
