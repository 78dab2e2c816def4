"""The units by name: how large each is in base units, those of the SI with their prefixes, and the currencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from .vocabulary import words

# Names and symbols of one unit, and how many base units of its dimension it is.
BASE: Mapping[str, Mapping[str, str]] = {
    "length": {
        "m meter metre 米 公尺": "1", "inch inches in 英寸": "254/10000", "ft foot feet 英尺": "3048/10000",
        "yd yard": "9144/10000", "mi mile 英里": "1609344/1000", "angstrom ångström": "1/10000000000",
        "里": "500", "公里 千米": "1000", "厘米 公分": "1/100", "毫米": "1/1000", "分米": "1/10",
    },
    "mass": {
        "g gram gramme 克": "1/1000", "kilo 千克 公斤": "1", "ton tonne 吨": "1000", "斤": "1/2",
        "lb lbs pound": "45359237/100000000", "oz ounce": "45359237/1600000000",
    },
    "time": {
        "s sec secs second 秒 초": "1", "min mins minute 分钟 分鐘 분": "60",
        "h hr hrs hour 小时 小時 時間 时 시간": "3600",
        "day 天 日 일": "86400", "week 周 星期": "604800", "year yr yrs 年": "31557600", "month 月 个月": "2629800",
    },
    "angle": {"deg degree 度": "1", "rad radian": "0"},  # a radian is no rational number of degrees
    "temperature": {"celsius centigrade": "1"}, "temperature difference": {"fahrenheit": "1"},
    "absolute temperature": {"K kelvin": "1"},
    "current": {"A ampere amp": "1"}, "substance": {"mol mole": "1"}, "luminosity": {"cd candela": "1"},
    "data": {"B byte": "8", "bit": "1"}, "level": {"dB decibel": "1"},
    "dollar": {"dollar usd USD AUD CAD HKD SGD NZD buck 美元": "1", "cent ¢": "1/100"},
    "euro": {"euro eur EUR 欧元": "1"}, "pound sterling": {"GBP gbp": "1"}, "rupee": {"rupee Rs rs INR": "1"},
    "won": {"won KRW 원": "1"}, "ruble": {"ruble rouble RUB": "1"}, "franc": {"franc CHF": "1"},
    "peso": {"peso MXN": "1"}, "lira": {"lira TRY": "1"}, "shekel": {"shekel ILS": "1"}, "baht": {"baht THB": "1"},
    "dong": {"dong VND": "1"}, "naira": {"naira NGN": "1"}, "hryvnia": {"hryvnia UAH": "1"},
    "zloty": {"zloty PLN": "1"},
    "label yen": {"yen JPY 円 日元": "1"}, "label yuan": {"yuan RMB CNY 元 块 人民币": "1"},
}  # fmt: skip
DERIVED: Mapping[str, str] = {  # a formula in units above
    "N newton": "1000g*m/s^2", "J joule": "1000g*m^2/s^2", "W watt": "1000g*m^2/s^3", "Hz hertz": "/s",
    "Pa pascal": "1000g/m/s^2", "C coulomb": "A*s", "V volt": "1000g*m^2/s^3/A", "F farad": "A^2*s^4/1000g/m^2",
    "ohm Omega 欧姆": "1000g*m^2/s^3/A^2", "S siemens": "A^2*s^3/1000g/m^2", "Wb weber": "1000g*m^2/s^2/A",
    "T tesla": "1000g/s^2/A", "H henry henries": "1000g*m^2/s^2/A^2", "Bq becquerel": "/s", "Gy gray": "m^2/s^2",
    "Sv sievert": "m^2/s^2", "L l liter litre 升": "1000cm^3", "M molar": "mol/1000cm^3",
    "cal calorie": "J*4184/1000", "eV electronvolt": "J*1602176634/10000000000000000000000000000",
    "ha hectare 公顷": "10000m^2", "acre": "m^2*40468564224/10000000", "gallon gal": "cm^3*3785411784/1000000",
    "mph": "mi/h", "kph kmh kmph": "1000m/h", "cc": "cm^3", "Wh": "J*3600", "atm atmosphere": "101325Pa",
    "mmHg torr": "Pa*133322387415/1000000000", "毫升": "cm^3", "平方米": "m^2", "平方厘米": "cm^2", "立方米": "m^3",
    "立方厘米": "cm^3", "平方千米 平方公里": "1000000m^2", "平方分米": "100cm^2", "立方分米": "1000cm^3",
}  # fmt: skip
_PREFIXES = {
    "f": ("femto", -15), "p": ("pico", -12), "n": ("nano", -9), "u": ("micro", -6), "m": ("milli", -3),
    "c": ("centi", -2), "d": ("deci", -1), "k": ("kilo", 3), "M": ("mega", 6), "G": ("giga", 9), "T": ("tera", 12),
}  # fmt: skip
_PREFIXED = words(
    "m g s A mol J N W V Pa Hz C F ohm S Wb T H Bq Gy Sv L l M cal eV B bit Wh "
    "meter metre gram gramme second ampere amp mole joule newton watt volt pascal hertz coulomb farad siemens weber "
    "tesla henry henries liter litre molar calorie electronvolt byte hour"
)
_NO_UNIT = frozenset(("pm", "fm", "fs", "mM", "Mm", "Ms", "ds", "Tm"))  # times of day, other meanings
SIGNS: Mapping[str, str] = {  # of currencies, as commands
    r"\$": "dollar", r"\euro": "euro", r"\pounds": "GBP", r"\rupee": "rupee", r"\won": "won", r"\ruble": "ruble",
    r"\shekel": "shekel", r"\dong": "dong", r"\peso": "peso", r"\baht": "baht", r"\naira": "naira", r"\lira": "lira",
    r"\hryvnia": "hryvnia", r"\franc": "franc",
}  # fmt: skip


def prefixed() -> Iterator[tuple[str, str, Fraction]]:
    """A name with a prefix, the name without it, and the factor."""
    for plain in sorted(_PREFIXED):
        for sign, (name, power) in _PREFIXES.items():
            short = plain == "bit" or not plain.islower() or len(plain) < 2 or plain in ("mol", "ohm", "cal")
            new = (sign if short else name) + plain
            if new not in _NO_UNIT:
                yield new, plain, Fraction(10) ** power
        if plain in ("ohm", "bit", "cal", "mol"):
            yield from ((name + plain, plain, Fraction(10) ** power) for name, power in _PREFIXES.values())
