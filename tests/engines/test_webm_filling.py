"""The recording of a source that stalled is as long as its clock says, in any player."""

import pytest

from sessions_app.core.audio import Encoding, to_seconds
from sessions_app.engines.decoding.libopus import load_libopus
from sessions_app.engines.decoding.webm_filling import fill_gaps_of_webm, find_gaps
from tests.engines.files import played_seconds
from tests.engines.hearing import SECONDS, SOUND, STREAMS, hear, likeness, pieces
from tests.engines.hearing import WAYS as DECODERS
from tests.engines.streams import clusters, encode, opus_packets, stalled, webm_header

if load_libopus() is None:
    pytest.skip("without libopus nothing is filled", allow_module_level=True)


def test_a_stream_without_gaps_stays_as_it_is() -> None:
    assert find_gaps(STREAMS[Encoding.WEBM_OPUS]) == []


@pytest.mark.parametrize("seconds", [0.2, 3.0, 100.0])
@pytest.mark.parametrize("options", [{}, {"live": "0"}])
def test_gaps_are_filled_with_silence(seconds: float, options: dict[str, str]) -> None:
    stream = encode(SOUND, Encoding.WEBM_OPUS, late=stalled(1.6, seconds), options=options)
    assert played_seconds(stream) == pytest.approx(SECONDS, abs=0.1)
    whole = b"".join(fill_gaps_of_webm(stream, find_gaps(stream)))
    assert played_seconds(whole) == pytest.approx(SECONDS + seconds, abs=0.1)
    assert find_gaps(whole) == []
    heard = hear(DECODERS["webm"][1](), pieces(whole, 700))
    assert to_seconds(len(heard) // 2) == pytest.approx(SECONDS + seconds, abs=0.1)
    assert likeness(heard[: 2 * 24_000], SOUND[: 2 * 24_000]) > 0.95
    end = 2 * 16_000
    assert likeness(heard[-end - 2 * 320 : -2 * 320], SOUND[-end - 2 * 320 : -2 * 320]) > 0.5


def test_a_clock_that_leaps_by_hours_is_left_alone() -> None:
    packets = opus_packets(SOUND)
    stream = webm_header() + clusters(
        (20 * n + (10_000_000 if n > 50 else 0), packet) for n, packet in enumerate(packets)
    )
    assert find_gaps(stream) == []


def test_what_is_broken_off_is_filled_as_far_as_it_goes() -> None:
    stream = encode(SOUND, Encoding.WEBM_OPUS, late=stalled(1.0, 2.0))[:-30]
    whole = b"".join(fill_gaps_of_webm(stream, find_gaps(stream)))
    assert played_seconds(whole) > 4.5
    assert find_gaps(b"") == find_gaps(b"no WebM at all") == []
