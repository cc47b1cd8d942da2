"""Nano-dollars as text, exactly."""

from decimal import Decimal

from gwctl.pricing.prices import NANO_PER_USD


def usd(nano: int) -> Decimal:
    """Dollars."""
    return Decimal(nano) / NANO_PER_USD


def plain(nano: int) -> str:
    """Dollars with all the decimals that there are, for programs: `0.00002`, `12.5`, `0`."""
    return f"{usd(nano).normalize():f}"


def shown(nano: int) -> str:
    """Dollars for people, with two decimals or more: `$12.50`, `$0.00002`."""
    value = usd(nano)
    exponent = value.normalize().as_tuple().exponent
    decimals = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{'-' if value < 0 else ''}${abs(value):,.{decimals}f}"
