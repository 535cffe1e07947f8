"""Counters and timings of live sessions, for `/metrics`. They contain nothing that people said."""

from prometheus_client import Counter, Gauge, Histogram

_QUICK = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Histogram buckets in seconds, from unnoticeable to unbearable."""

RECEIVED = Counter("habla_received_seconds", "Sound that arrived and was decoded, in seconds.")
DROPPED = Counter(
    "habla_dropped_seconds", "Sound that was not listened to, in seconds.", ["reason"]
)
UTTERANCES = Counter("habla_utterances", "Utterances by what became of them.", ["outcome"])
ENDED = Counter("habla_sessions_ended", "Sessions that ended, by reason.", ["reason"])
FINAL = Histogram(
    "habla_final_seconds", "From the end of an utterance to its words.", buckets=_QUICK
)
TRANSLATION = Histogram(
    "habla_translation_seconds", "From the words to their translation.", buckets=_QUICK
)
QUEUE = Histogram(
    "habla_queue_seconds", "How long work waited for the transcriber.", ["kind"], buckets=_QUICK
)
ENGINE = Histogram(
    "habla_engine_seconds", "How long the transcriber itself took.", ["kind"], buckets=_QUICK
)
TRANSLATIONS = Counter(
    "habla_translations", "Translations by engine and outcome.", ["engine", "outcome"]
)
UNWRITTEN = Gauge("habla_unwritten", "What waits to be written to the database.")
LOST = Counter("habla_lost", "What was not kept, since too much waited for the database.")
TOKENS = Counter(
    "habla_translator_tokens", "Tokens that language models counted.", ["engine", "kind"]
)


def count_tokens(engine: str, *, read: int, written: int) -> None:
    """Count the tokens of a translation by ``engine``, if its model counts any."""
    for kind, tokens in (("read", read), ("written", written)):
        if tokens:
            TOKENS.labels(engine, kind).inc(tokens)
