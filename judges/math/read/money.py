r"""Currencies named before an amount, as signs: `USD 50`, `Rs. 50`, `\text{US}\$50`."""

from __future__ import annotations

import re

_CODES = {
    "USD": r"\$", "EUR": r"\euro", "GBP": r"\pounds", "JPY": r"\yen", "CNY": r"\yen", "RMB": r"\yen", "INR": r"\rupee",
    "Rs": r"\rupee", "RS": r"\rupee", "KRW": r"\won", "RUB": r"\ruble", "MXN": r"\peso", "TRY": r"\lira",
    "THB": r"\baht", "ILS": r"\shekel", "VND": r"\dong", "NGN": r"\naira", "CAD": r"\$", "AUD": r"\$", "HKD": r"\$",
    "SGD": r"\$", "NZD": r"\$", "CHF": r"\franc",
}  # fmt: skip
_WRAP = r"(?:\\(?:text|mathrm|mbox|textrm) ?\{ ?)?"
_CODE_BEFORE = re.compile(
    rf"(?<![A-Za-z\\]){_WRAP}(?P<code>{'|'.join(_CODES)})\.? ?\}}?(?: |~|\\[,;: ])*(?=-? ?(?:\\?\$ ?)?[\d.])(?:\\?\$)?"
)
_COUNTRY_BEFORE = re.compile(rf"(?<![A-Za-z\\$]){_WRAP}(?:US|AU|CA|NZ|HK|SG|[ACS]) ?\}}? ?\\?\$ ?\}}?(?=-?[\d.])")
_WRAPPED_SIGN = re.compile(r"\\(?:text|mathrm|mbox|textrm) ?\{ ?(\\\$|\$|\\[a-z]{3,7}) ?\}(?= ?-?[\d.])")
_NAMED_SIGN = re.compile(r"\\(?:textdollar|textdollarsign|dollar)(?![a-zA-Z])")


def with_signs(text: str) -> str:
    """The text with currency signs in place of codes and countries."""
    if "$" in text:
        text = _COUNTRY_BEFORE.sub(r"\\$", text)
    if "\\" in text:
        text = _WRAPPED_SIGN.sub(lambda found: "\\$" if "$" in found[1] else found[1] + " ", text)
        text = _NAMED_SIGN.sub(r"\\$", text)
    if text == text.lower():  # every code has capitals
        return text
    return _CODE_BEFORE.sub(lambda found: _CODES[found["code"]] + " ", text)
