"""Definite integrals by the double-exponential rule: smooth integrands, also with singular ends."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import lru_cache

from .decimals import Complex
from .expr import Undecidable, Undefined

DIGITS = 34  # carried; a good integrand gives 20 of them
ACCURATE = Decimal(10) ** -18
_HALF_WIDTH = 4  # of the transformed axis


@lru_cache(maxsize=4)
def _nodes(level: int) -> tuple[tuple[Decimal, Decimal], ...]:
    """Abscissas in (0, 1), counted from the nearer end, with weights; negative ones mirror."""
    with localcontext() as context:
        context.prec = DIGITS + 10
        step = Decimal(1) / 2**level
        half_pi = Decimal("1.5707963267948966192313216916397514420985846996876")
        nodes = []
        for k in range(_HALF_WIDTH * 2**level + 1):
            t = k * step
            grow, shrink = t.exp(), (-t).exp()
            outer = (half_pi * (grow - shrink)).exp()  # exp(2u), u = pi/2 sinh t
            distance = 1 / (1 + outer)  # of the abscissa from the end at 1
            weight = half_pi * (grow + shrink) / 2 * 4 / (outer + 2 + 1 / outer) / 2 * step
            nodes.append((distance, weight))
        return tuple(nodes)


def integrate(function: Callable[[Decimal], Complex], low: Decimal, high: Decimal) -> Complex:
    """The integral, accurate to about eighteen digits.

    Raises:
        Undecidable: two refinements do not agree, as for jumps and oscillations.
    """
    with localcontext() as context:
        context.prec = DIGITS
        coarse = _rule(function, low, high, 3)
        for level in (4, 5):
            fine = _rule(function, low, high, level)
            if abs(coarse - fine) <= ACCURATE * max(abs(fine), Decimal(10) ** -6):
                return fine
            coarse = fine
        raise Undecidable("an integral that does not settle")


def _rule(function: Callable[[Decimal], Complex], low: Decimal, high: Decimal, level: int) -> Complex:
    width, total = high - low, Complex(Decimal(0))
    for k, (distance, weight) in enumerate(_nodes(level)):
        ends = (high - width * distance,) if k == 0 else (high - width * distance, low + width * distance)
        for x in ends:
            if x in (low, high):
                continue
            try:
                value = function(x)
            except Undefined:
                raise Undecidable("an integrand with a pole inside") from None
            total = total + value * Complex(weight * width)
    return total
