"""The cost of tokens: prices by model, from the settings."""

from collections.abc import Mapping
from typing import Any

MILLION = 1_000_000
ANY_MODEL = "*"
"""The name for the price of every model without one of its own."""

Prices = Mapping[str, tuple[float, float]]
"""By model: the cost of a million tokens, read and written."""


def checked_prices(prices: Any) -> Prices:
    """Return ``prices`` if they map names of models to two numbers from 0 to a million.

    Raises:
        ValueError: they do not; or TypeError.
    """
    if not isinstance(prices, Mapping):
        raise TypeError("prices give two numbers by model")
    checked: dict[str, tuple[float, float]] = {}
    for model, pair in prices.items():
        read, written = (float(price) for price in pair)
        if not (0 <= read < MILLION and 0 <= written < MILLION):
            raise ValueError("prices are numbers from 0 to a million")
        checked[str(model)] = (read, written)
    return checked


def cost_of(prices: Prices, model: str, read: int, written: int) -> float:
    """Return the cost of ``read`` and ``written`` tokens of ``model``; 0 if it has no price."""
    a_read, a_written = prices.get(model) or prices.get(ANY_MODEL, (0.0, 0.0))
    return (a_read * read + a_written * written) / MILLION
