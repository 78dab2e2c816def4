"""Units of measurement: what they measure and how large they are, exactly.

A word the table does not know ("apples") is a label: a dimension of its own, so that 5 apples are not 5 pears.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

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


_BASE: Mapping[str, Mapping[str, str]] = {
    "length": {
        "m meter metre": "1", "km kilometer kilometre": "1000", "cm centimeter centimetre": "1/100",
        "dm decimeter decimetre": "1/10", "mm millimeter millimetre": "1/1000", "nm nanometer": "1/1000000000",
        "inch inches in": "254/10000", "ft foot feet": "3048/10000", "yd yard": "9144/10000",
        "mi mile": "1609344/1000",
    },
    "mass": {
        "kg kilogram kilo": "1", "g gram gramme": "1/1000", "mg milligram": "1/1000000", "ton tonne": "1000",
        "lb lbs pound": "45359237/100000000", "oz ounce": "45359237/1600000000",
    },
    "time": {
        "s sec secs second": "1", "ms millisecond": "1/1000", "min mins minute": "60", "h hr hrs hour": "3600",
        "day": "86400", "week": "604800", "year yr yrs": "31557600", "month": "2629800",
    },
    "angle": {"deg degree": "1", "rad radian": "0"},  # a radian is no rational number of degrees
    "dollar": {"dollar usd USD": "1", "cent ¢": "1/100"},
    "euro": {"euro eur EUR": "1"},
    "pound sterling": {"GBP gbp": "1"},
    "temperature": {"celsius": "1"},
    "current": {"ampere amp A": "1"},
    "substance": {"mol mole": "1"},
}  # fmt: skip
_DERIVED = {
    "L l liter litre": ("length", 3, "1/1000"), "mL ml milliliter millilitre": ("length", 3, "1/1000000"),
    "ha hectare": ("length", 2, "10000"), "acre": ("length", 2, "40468564224/10000000"),
    "gallon gal": ("length", 3, "3785411784/1000000000000"),
}  # fmt: skip
_COMPOUND = {
    "mph": "mi/h", "kph": "km/h", "kmh": "km/h", "N": "kg*m/s^2", "newton": "kg*m/s^2", "J": "kg*m^2/s^2",
    "joule": "kg*m^2/s^2", "W": "kg*m^2/s^3", "watt": "kg*m^2/s^3", "Hz": "/s", "hertz": "/s", "Pa": "kg/m/s^2",
    "kJ": "1000J", "MJ": "1000000J", "kW": "1000W", "MW": "1000000W", "kWh": "1000W*h", "kPa": "1000Pa",
    "MPa": "1000000Pa", "kN": "1000N", "kHz": "1000Hz", "MHz": "1000000Hz", "GHz": "1000000000Hz",
    "V": "kg*m^2/s^3/A", "volt": "kg*m^2/s^3/A", "cc": "cm^3",
}  # fmt: skip


def _table() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for dimension, sizes in _BASE.items():
        for names, size in sizes.items():
            unit = Unit(((dimension, 1),), Fraction(size)) if size != "0" else Unit(((f"{names}", 1),))
            units.update(dict.fromkeys(names.split(), unit))
    for names, (dimension, power, size) in _DERIVED.items():
        units.update(dict.fromkeys(names.split(), Unit(((dimension, power),), Fraction(size))))
    for name, formula in _COMPOUND.items():
        units[name] = _compound(formula, units)
    return units


def _compound(formula: str, units: Mapping[str, Unit]) -> Unit:
    unit, sign = Unit(), 1
    for ratio, part in enumerate(formula.split("/")):
        sign = -1 if ratio else 1
        for piece in filter(None, part.split("*")):
            name, _, power = piece.partition("^")
            digits = name.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
            unit = unit * (units[name[len(digits) :]] ** (sign * int(power or 1)))
            unit = Unit(unit.dimensions, unit.factor * int(digits or 1))
    return unit


_UNITS = _table()


@cache
def lookup(word: str) -> Unit | None:
    """The unit a word names, in singular or plural; None for a word that names none."""
    for name in (word, word.rstrip("."), word.lower(), word.lower().removesuffix("s"), word.lower().removesuffix("es")):
        if name in _UNITS:
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
DOLLAR, EURO, STERLING = _UNITS["dollar"], _UNITS["euro"], _UNITS["GBP"]
