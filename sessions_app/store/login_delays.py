"""The delay after failed logins, for a name and for an address: longer with each failure.

Three counts, kept in the database, so that all processes share them. For a name from one address:
it slows down one attacker. For a name from anywhere: it slows down many together. For an address,
whatever the name: many people may share one, so more failures are free. Each count decays with
time, by a steady clock, so that setting the system clock changes no delay. Where a name has logged
in before, only the first count applies: nobody elsewhere, and no neighbour behind the same
address, can lock the user out.

A library that locks out (django-axes, django-defender) would lock out the real user, too.
"""

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_network

from django.db import transaction
from django.utils.crypto import salted_hmac

from sessions_app.core.caller import parse_address
from sessions_app.core.errors import LoginDelayedError
from sessions_app.core.steady_clock import SteadyClock, clock
from sessions_app.models import LoginDelay

even_clock = SteadyClock()
"""Never adjusted while this process lives, unlike the clock of sessions."""
MOST_ROWS = 20_000
"""As many rows are kept, the newest."""
KEEP_DAYS = 1
KEEP_KNOWN_DAYS = 90


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """How many failures are free, and how long the delay is then."""

    free: int
    """So many failures cause no delay; the next causes 1 s, and each after it doubles that."""
    longest_seconds: float
    forgets_seconds: float
    """After so long, one failure is forgotten."""

    def delay(self, failures: float) -> float:
        """Return how many seconds must pass after ``failures``."""
        # failures decay, so the count is seldom a whole number
        beyond = round(failures) - self.free
        return min(self.longest_seconds, 2.0**beyond) if beyond >= 0 else 0.0

    def left_of(self, failures: float, seconds: float) -> float:
        """Return how many of ``failures`` are not forgotten after ``seconds``."""
        return max(0.0, failures - seconds / self.forgets_seconds)

    def with_one_more(self, failures: float) -> float:
        """Return ``failures`` and one; no more than the longest delay needs."""
        return min(failures + 1, self.free + 1 + math.log2(self.longest_seconds))


PAIR = FailureLimit(free=3, longest_seconds=120, forgets_seconds=300)
NAME = FailureLimit(free=10, longest_seconds=60, forgets_seconds=60)
"""It forgets faster than one address can fail: to slow a name down everywhere takes many."""
ADDRESS = FailureLimit(free=50, longest_seconds=60, forgets_seconds=10)
"""A class of forty, each of whom mistypes once, is not delayed."""


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """A login that is being tried. It counts as failed until it is known how it went."""

    pair: str
    name: str
    address: str

    def failed(self) -> float:
        """Count it; return how many seconds the same must wait now."""
        with transaction.atomic():
            counts = _counts(self)
            _add(counts[self.address], ADDRESS, 1)
            # it waits from now on, and not from when its turn to be hashed was asked for
            _add(counts[self.pair], PAIR, 0)
            _add(counts[self.name], NAME, 0)
        _tidy()
        return max(PAIR.delay(counts[self.pair].failures), NAME.delay(counts[self.name].failures))

    def succeeded(self) -> None:
        """Forget what this name failed from here, and remember that it is at home here."""
        with transaction.atomic():
            counts = _counts(self)
            counts[self.pair].is_known = True
            _add(counts[self.pair], PAIR, -math.inf)
            _add(counts[self.name], NAME, -1)
            _add(counts[self.address], ADDRESS, -1)

    def withdrawn(self) -> None:
        """Count it as never tried: nobody looked at the password."""
        with transaction.atomic():
            counts = _counts(self)
            for key, limit in ((self.pair, PAIR), (self.name, NAME)):
                _add(counts[key], limit, -1)
                _end_delay(counts[key], limit)


def begin_attempt(name: str, address: str) -> LoginAttempt:
    """Return a login of ``name`` from ``address`` that may be tried now.

    Raises:
        LoginDelayedError: not now; it says in how many seconds.
    """
    who, where = _folded(name), _network(address)
    attempt = LoginAttempt(
        _key("pair", f"{where} {who}"), _key("name", who), _key("address", where)
    )
    with transaction.atomic():
        counts = _counts(attempt)
        limits = {attempt.pair: PAIR}
        if not counts[attempt.pair].is_known:
            limits |= {attempt.name: NAME, attempt.address: ADDRESS}
        seconds = max(_wait(counts[key], limit) for key, limit in limits.items())
        if seconds <= 0:
            # now, and not when it has failed: many could be tried at once meanwhile
            _add(counts[attempt.pair], PAIR, 1)
            _add(counts[attempt.name], NAME, 1)
    if seconds > 0:
        message = "Too many logins failed."
        raise LoginDelayedError(message, code="too_many_logins", seconds=math.ceil(seconds))
    return attempt


def _counts(attempt: LoginAttempt) -> Mapping[str, LoginDelay]:
    """Return the three rows, made where they are not there, for this transaction alone."""
    keys = sorted((attempt.pair, attempt.name, attempt.address))
    now = even_clock.now()
    fresh = [LoginDelay(key=key, failed_at=now) for key in keys]
    LoginDelay.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = LoginDelay.objects.select_for_update().order_by("key").filter(key__in=keys)
    counts = {row.key: row for row in rows}
    for row in counts.values():
        # another process's clock, or one before it, was ahead: nobody waits until it is there
        if row.failed_at > now:
            row.failed_at = now
            row.save(update_fields=["failed_at"])
    return counts


def _wait(count: LoginDelay, limit: FailureLimit) -> float:
    due = count.failed_at + timedelta(seconds=limit.delay(count.failures))
    return (due - even_clock.now()).total_seconds()


def _add(count: LoginDelay, limit: FailureLimit, failures: float) -> None:
    now = even_clock.now()
    left = limit.left_of(count.failures, (now - count.failed_at).total_seconds())
    count.failures = limit.with_one_more(left) if failures > 0 else max(0.0, left + failures)
    count.failed_at = now
    count.save()


def _end_delay(count: LoginDelay, limit: FailureLimit) -> None:
    """End the delay of a login that has waited for it already."""
    count.failed_at -= timedelta(seconds=limit.delay(count.failures))
    count.save(update_fields=["failed_at"])


def _tidy() -> None:
    """Let go of what is forgotten; of the rest, what is oldest beyond MOST_ROWS."""
    LoginDelay.objects.filter(failed_at__lt=_days_ago(KEEP_DAYS), is_known=False).delete()
    LoginDelay.objects.filter(failed_at__lt=_days_ago(KEEP_KNOWN_DAYS)).delete()
    newest = LoginDelay.objects.order_by("-failed_at").values_list("failed_at", flat=True)
    for oldest in newest[MOST_ROWS : MOST_ROWS + 1]:
        LoginDelay.objects.filter(failed_at__lte=oldest).delete()


def _days_ago(days: int) -> datetime:
    return clock.earliest() - timedelta(days=days)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _network(address: str) -> str:
    """Return what one customer has: an IPv4 address, or 64 bits of an IPv6 one."""
    found = parse_address(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), 64), strict=False))
    return str(found)


def _key(kind: str, value: str) -> str:
    return salted_hmac(f"habla.login.{kind}", value, algorithm="sha256").hexdigest()
