"""Probabilities as log odds, in which independent evidence adds up."""

from math import exp, log

LEAST_DOUBT = 0.01
"""No probability is taken for more certain than 99 %."""


def log_odds(probability: float) -> float:
    """Return the log odds of ``probability``; 0 for even odds."""
    probability = min(max(probability, LEAST_DOUBT), 1 - LEAST_DOUBT)
    return log(probability / (1 - probability))


def probability_of(odds: float) -> float:
    """Return the probability that has these log odds."""
    return 1 / (1 + exp(-odds))
