"""Money as integers: amounts in nano-dollars, prices in pico-dollars a token.

A dollar per million tokens is exactly 1,000,000 pico-dollars a token, so every published price is an integer, and a
product of price and tokens is exact until it is rounded up to nano-dollars, once, at the end.
"""

from decimal import Decimal, InvalidOperation

NANO_PER_USD = 1_000_000_000
PICO_PER_NANO = 1_000
PICO_PER_USD_PER_MTOK = 1_000_000
AMOUNT_MAX = 2**53
"""Largest amount or cap: what JSON numbers and Lua doubles hold exactly (about nine million dollars)."""


def usd_to_nano(usd: str | int | Decimal) -> int:
    """Parse dollars (`"0.10"`, Decimal, whole int) into nano-dollars, exactly.

    Floats are refused by type; ValueError for text that is no finite number, below zero, finer than a nano-dollar or
    above `AMOUNT_MAX`.
    """
    return _exact(usd, NANO_PER_USD, "nano-dollars")


def usd_per_mtok_to_pico(usd: str | int | Decimal) -> int:
    """Parse a price in dollars per million tokens into pico-dollars a token, exactly; errors as `usd_to_nano`."""
    return _exact(usd, PICO_PER_USD_PER_MTOK, "pico-dollars a token")


def nano_to_usd(nano: int) -> str:
    """Write nano-dollars as decimal dollars without trailing zeros but at least two places: `0.10`, `0.000000001`."""
    sign = "-" if nano < 0 else ""
    whole, part = divmod(abs(nano), NANO_PER_USD)
    return f"{sign}{whole}.{f'{part:09d}'.rstrip('0').ljust(2, '0')}"


def pico_to_nano(pico: int) -> int:
    """Round pico-dollars up to nano-dollars; the only rounding a price goes through."""
    return -(-pico // PICO_PER_NANO)


def _exact(usd: str | int | Decimal, scale: int, unit: str) -> int:
    if isinstance(usd, bool) or not isinstance(usd, str | int | Decimal):
        raise TypeError(f"dollars are written as text, Decimal or whole int, not {type(usd).__name__}")
    try:
        amount = Decimal(usd)
    except InvalidOperation:
        raise ValueError(f"not a number of dollars: {usd!r}") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"dollars must be finite and not below zero: {usd}")
    if amount > AMOUNT_MAX:
        raise ValueError(f"too many dollars: {usd}")
    _, digits, exponent = (amount * scale).normalize().as_tuple()
    if not isinstance(exponent, int) or exponent < 0:
        raise ValueError(f"{usd} dollars is finer than {unit} can say")
    whole: int = int("".join(map(str, digits))) * 10**exponent
    if whole > AMOUNT_MAX:
        raise ValueError(f"too many dollars: {usd}")
    return whole
