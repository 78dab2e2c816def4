"""Units of measurement: what they measure and how large they are, exactly.

A word the table does not know ("apples") is a label: a dimension of its own, so that 5 apples are not 5 pears.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from . import unit_table

Dimensions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A product of powers of base dimensions, `factor` base units large."""

    dimensions: Dimensions = ()
    factor: Fraction = field(default=Fraction(1))

    def __mul__(self, other: Unit) -> Unit:
        powers = dict(self.dimensions)
        for name, power in other.dimensions:
            powers[name] = powers.get(name, 0) + power
        kept = tuple(sorted((name, power) for name, power in powers.items() if power))
        return Unit(kept, self.factor * other.factor)

    def __pow__(self, power: int) -> Unit:
        if abs(power) > 9:
            raise ValueError("no unit has such a power")
        return Unit(tuple((name, p * power) for name, p in self.dimensions if p * power), self.factor**power)


def _table() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for dimension, sizes in unit_table.BASE.items():
        for names, size in sizes.items():
            unit = Unit(((dimension, 1),), Fraction(size)) if size != "0" else Unit(((f"{names}", 1),))
            units.update(dict.fromkeys(names.split(), unit))
    units["cm"] = Unit((("length", 1),), Fraction(1, 100))
    for names, formula in unit_table.DERIVED.items():
        units.update(dict.fromkeys(names.split(), _compound(formula, units)))
    for name, plain, factor in unit_table.prefixed():
        units.setdefault(name, Unit(units[plain].dimensions, units[plain].factor * factor))
    return units


def _compound(formula: str, units: Mapping[str, Unit]) -> Unit:
    """`1000g*m/s^2`: products and quotients of units and whole numbers."""
    unit = Unit()
    for place, part in enumerate(formula.split("/")):
        sign = -1 if place else 1
        for piece in filter(None, part.split("*")):
            digits = piece[: len(piece) - len(piece.lstrip("0123456789"))]
            name, _, power = piece[len(digits) :].partition("^")
            unit = Unit(unit.dimensions, unit.factor * Fraction(int(digits or 1)) ** sign)
            if name:
                unit = unit * (units[name] ** (sign * int(power or 1)))
    return unit


_UNITS = _table()
_ANY_CASE = frozenset(("km", "cm", "mm", "kg", "mg"))
_CASE_MATTERS = frozenset({name for name, _, _ in unit_table.prefixed() if len(name) < 4} - _ANY_CASE | {"cd", "ev"})


@cache
def lookup(word: str) -> Unit | None:
    """The unit a word names, in singular or plural; None for a word that names none."""
    lowered = word.lower()
    for name in (word, word.rstrip("."), lowered, lowered.removesuffix("s"), lowered.removesuffix("es")):
        if name in _UNITS and (name in word or name not in _CASE_MATTERS):
            return _UNITS[name]
    return None


def is_unit(word: str) -> bool:
    """Whether the word names a unit of the table or modifies one."""
    return lookup(word) is not None or word.lower() in ("square", "cubic", "sq", "degrees", "percent", "pct")


def divides(larger: Unit, smaller: Unit) -> bool:
    """Whether both measure the same and the second is the finer one, as minutes after hours."""
    return bool(larger.dimensions) and larger.dimensions == smaller.dimensions and larger.factor > smaller.factor


def label(word: str) -> Unit:
    """The unit of counted things: `apple` and `apples` are the same."""
    stem = word.lower()
    for ending, singular in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("s", "")):
        if stem.endswith(ending) and not stem.endswith("ss"):
            stem = stem.removesuffix(ending) + singular
            break
    return Unit(((f"label {stem}", 1),))


DEGREE, RADIAN = _UNITS["degree"], _UNITS["radian"]
TEMPERATURES = {"C": _UNITS["celsius"], "F": _UNITS["fahrenheit"]}
POUND, STERLING = _UNITS["pound"], _UNITS["GBP"]
YEN_OR_YUAN = Unit((("label yen", 1), ("label yuan", 1)))  # what a yen sign stands for
CURRENCIES = {**{sign: _UNITS[name] for sign, name in unit_table.SIGNS.items()}, r"\yen": YEN_OR_YUAN}
