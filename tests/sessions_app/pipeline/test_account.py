"""The account: every sample is in exactly one place."""

from collections import Counter

from sessions_app.pipeline.account import Account


def test_what_is_not_accounted_for_otherwise_is_unfinished() -> None:
    account = Account(
        received=100,
        transcribed=30,
        silence=20,
        discarded=Counter(too_short=5, engine_failed=7),
        dropped=Counter(overrun=8),
    )
    assert (account.speech, account.unfinished) == (42, 30)


def test_an_empty_account_has_nothing_unfinished() -> None:
    assert Account().unfinished == 0


def test_a_copy_stays_as_it_was() -> None:
    account = Account(received=1, discarded=Counter(too_short=1), dropped=Counter(overrun=1))
    before = account.copy()
    account.received += 1
    account.discarded["too_short"] += 1
    account.dropped["overrun"] += 1
    assert before == Account(received=1, discarded=Counter(too_short=1), dropped=Counter(overrun=1))


def test_what_was_added_since_is_the_difference() -> None:
    account = Account(received=10, silence=4, discarded=Counter(too_short=3), utterances=1)
    before = account.copy()
    account.received += 5
    account.transcribed += 2
    account.discarded["no_speech"] += 1
    account.utterances += 2
    assert account.since(before) == Account(
        received=5, transcribed=2, discarded=Counter(no_speech=1), utterances=2
    )
