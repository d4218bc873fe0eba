"""Figures as text: one way for each kind of them."""

from __future__ import annotations

NOTHING = "–"
UNITS = ("B", "kB", "MB", "GB")


def size(count: float | None) -> str:
    """Bytes in the unit that suits them, in three digits."""
    if count is None:
        return NOTHING
    number = round(count)
    power = min(len(UNITS) - 1, (len(str(number)) - 1) // 3)
    digits = f"{number / 1000**power:#.3g}".rstrip(".") if power else str(number)
    return f"{digits} {UNITS[power]}"


def three_digits(value: float | None) -> str:
    """A positive number in about three digits: a time, a rate or a ratio."""
    if value is None:
        return NOTHING
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def fraction(value: float | None) -> str:
    """A fraction in [0, 1]."""
    return NOTHING if value is None else f"{value:.3f}"


def text(value: object) -> str:
    """Anything, or a dash for None."""
    return NOTHING if value is None else str(value)
