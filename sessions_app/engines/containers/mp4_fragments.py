"""What a fragment of a live MP4 may claim: samples that the sound after it can contain."""

from sessions_app.engines.containers.mp4_boxes import Box, Grammar, misfit, read_int, walk

MAX_SAMPLES = 16_384
"""Samples of one fragment: five minutes of AAC at 48 kHz."""

Defaults = dict[int, int]
"""How large a sample of each track is by default."""

GRAMMAR: Grammar = {
    b"moof": frozenset((b"mfhd", b"traf")),
    b"traf": frozenset((b"tfhd", b"tfdt", b"trun")),
}
# flags of tfhd, and the bytes that each adds
_HEAD_FIELDS = ((0x01, 8), (0x02, 4), (0x08, 4))
_DEFAULT_SIZE = 0x10
# flags of trun
_RUN_FIELDS = (0x01, 0x04)
_SAMPLE_FIELDS = (0x100, 0x200, 0x400, 0x800)
_SIZES = 0x200


def check_fragment(data: bytearray, moof: Box, defaults: Defaults) -> int:
    """Return how many bytes of sound a fragment claims; blank what libav does not need.

    Raises:
        DecodeError: it claims more samples than it lists, or does not fit together.
    """
    samples = size_of_all = 0
    default: int | None = None
    for box in walk(data, moof, GRAMMAR):
        if box.kind == b"traf":
            default = None
        elif box.kind == b"tfhd":
            default = _default_size(data, box, defaults)
        elif box.kind == b"trun":
            if default is None:  # the track that the samples belong to comes first
                raise misfit()
            count, size = _measure(data, box, default)
            samples += count
            size_of_all += max(size, count)
        if samples > MAX_SAMPLES:
            raise misfit()
    return size_of_all


def _default_size(data: bytearray, head: Box, defaults: Defaults) -> int:
    flags = read_int(data, head.start + 1, head, 3)
    track = read_int(data, head.start + 4, head)
    if track not in defaults:
        raise misfit()
    if not flags & _DEFAULT_SIZE:
        return defaults[track]
    position = head.start + 8 + sum(size for flag, size in _HEAD_FIELDS if flags & flag)
    return read_int(data, position, head)


def _measure(data: bytearray, run: Box, default: int) -> tuple[int, int]:
    """Return how many samples a run has, and how many bytes they claim together."""
    flags = read_int(data, run.start + 1, run, 3)
    count = read_int(data, run.start + 4, run)
    first = run.start + 8 + 4 * sum(bool(flags & flag) for flag in _RUN_FIELDS)
    step = 4 * sum(bool(flags & flag) for flag in _SAMPLE_FIELDS)
    if count > MAX_SAMPLES or first + count * step > run.end:
        raise misfit()
    if not flags & _SIZES:
        return count, count * default
    at = first + 4 * bool(flags & 0x100)
    return count, sum(read_int(data, at + n * step, run) for n in range(count))
