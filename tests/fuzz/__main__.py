"""A hundred thousand mutated headers a container: `make fuzz-decoders`, with COUNT= for fewer."""

import sys

from sessions_app.audio import Encoding
from tests.fuzz.running import check, fuzz

COUNT = 100_000

if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:] else COUNT
    for encoding in (Encoding.MP4_AAC, Encoding.OGG_OPUS, Encoding.WEBM_OPUS):
        outcome = fuzz(encoding, count)
        sys.stdout.write(f"{encoding}: {outcome}\n")
        sys.stdout.flush()
        check(outcome, count)
