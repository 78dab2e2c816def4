"""Text to cleaned LaTeX to a normal form that two spellings of one answer share.

`clean` removes what never carries meaning (typography, spacing, sizing); `normal_form` goes on to drop text
wrappers and blanks, so that equal strings mean equal answers without any evaluation.
"""

from __future__ import annotations

import re
import unicodedata

from .decoration import undecorated
from .escapes import restored
from .money import with_signs
from .rows import whole_rows
from .unit_text import plain_units

_SYMBOLS = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "×": r"\times ", "✕": r"\times ", "·": r"\cdot ",
    "⋅": r"\cdot ", "∙": r"\cdot ", "•": r"\cdot ", "÷": r"\div ", "∕": "/", "⁄": "/", "∗": "*", "±": r"\pm ",
    "∓": r"\mp ", "≤": r"\le ", "⩽": r"\le ", "≦": r"\le ", "≥": r"\ge ", "⩾": r"\ge ", "≧": r"\ge ", "≠": r"\ne ",
    "≈": r"\approx ", "≃": r"\approx ", "≅": r"\approx ", "≡": r"\equiv ", "∪": r"\cup ", "∩": r"\cap ",
    "∖": r"\setminus ", "∅": r"\emptyset ", "Ø": r"\emptyset ", "∈": r"\in ", "∉": r"\notin ", "⊂": r"\subset ",
    "⊆": r"\subseteq ", "∞": r"\infty ", "√": r"\sqrt ", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]", "∑": r"\sum ",
    "∏": r"\prod ", "∫": r"\int ", "°": r"^\circ ", "º": r"^\circ ", "′": "'", "″": "''", "…": r"\ldots ",
    "⋯": r"\ldots ", "→": r"\to ", "⇒": r"\Rightarrow ", "∴": r"\therefore ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}",
    "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}", "⟨": r"\langle ", "⟩": r"\rangle ", "∠": r"\angle ",
    "△": r"\triangle ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ", "∣": "|", "∥": r"\| ",
    "，": ",", "、": ", ", "；": ";", "：": ":", "。": ".", "．": ".", "∶": ":", "’": "'", "‘": "'", "“": '"', "”": '"',
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\epsilon ", "ζ": r"\zeta ",
    "η": r"\eta ", "θ": r"\theta ", "κ": r"\kappa ", "λ": r"\lambda ", "μ": r"\mu ", "ν": r"\nu ", "ξ": r"\xi ",
    "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ", "τ": r"\tau ", "φ": r"\phi ", "ϕ": r"\phi ", "χ": r"\chi ",
    "ψ": r"\psi ", "ω": r"\omega ", "Γ": r"\Gamma ", "Δ": r"\Delta ", "Θ": r"\Theta ", "Λ": r"\Lambda ",
    "Σ": r"\Sigma ", "Φ": r"\Phi ", "Ψ": r"\Psi ", "Ω": r"\Omega ", "ℯ": "e", "ⅈ": "i", "𝑖": "i", "𝑒": "e",
    "€": r"\euro ", "¢": r"\text{ cents}", "£": r"\pounds ", "¥": r"\yen ", "￥": r"\yen ", "₹": r"\rupee ",
    "₩": r"\won ", "₽": r"\ruble ", "₪": r"\shekel ", "₫": r"\dong ", "₱": r"\peso ", "฿": r"\baht ",
    "₦": r"\naira ", "₺": r"\lira ", "₴": r"\hryvnia ", "µ": r"\mu ", "ℓ": "l", "☐": "", "℃": r"^\circ C",
    "℉": r"^\circ F", "Å": " angstrom",
}  # fmt: skip
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱ", "0123456789+-()ni", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₙ", "0123456789+-()n", strict=True))
_SUPERSCRIPT_RUN = re.compile("[" + "".join(_SUPERSCRIPTS) + "]+")
_SUBSCRIPT_RUN = re.compile("[" + "".join(_SUBSCRIPTS) + "]+")


class _Ascii(dict[int, str]):
    """Translation table that works out each character the first time it is met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        found = char if code < 128 and (code >= 32 or char in "\n\t") else _plain(char)
        self[code] = found
        return found


def _plain(char: str) -> str:
    if char in _SYMBOLS:
        return _SYMBOLS[char]
    category = unicodedata.category(char)
    if category in ("Cf", "Cc", "Co", "Cs", "Cn"):
        return " " if char in "\r\v\f" else ""
    if category in ("Zs", "Zl", "Zp"):
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(char))
    compatible = unicodedata.normalize("NFKC", char)
    if compatible in _SYMBOLS:  # the ohm sign is an omega
        return _SYMBOLS[compatible]
    if "⁄" in compatible:  # a vulgar fraction
        top, _, bottom = compatible.partition("⁄")
        return rf"\frac{{{top}}}{{{bottom}}}"
    return compatible


_ASCII = _Ascii()


def to_ascii(text: str) -> str:
    """Write typographic characters (fullwidth digits, ½, −, √, ², zero-width …) as plain LaTeX."""
    if not text.isascii():
        text = _SUPERSCRIPT_RUN.sub(lambda run: "^{" + "".join(map(_SUPERSCRIPTS.__getitem__, run[0])) + "}", text)
        text = _SUBSCRIPT_RUN.sub(lambda run: "_{" + "".join(map(_SUBSCRIPTS.__getitem__, run[0])) + "}", text)
    return text.translate(_ASCII)


_DOUBLED = re.compile(r"\\\\(?=[a-zA-Z{}()\[\]%$])")
_SIZING = re.compile(
    r"\\(?:left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits|mathstrut|strut"
    r"|boldmath|bf|rm|it|normalsize|large|Large|small|displaylimits)(?![a-zA-Z])\.?"
)
_GROUPED = re.compile(r"(?<=\d)(?:\{,\}|,\\!\s*|\\[,;: ]|~)(?=\d{3}(?!\d))")
# Here a look behind a backslash stands after it: a search can then skip from backslash to backslash.
_GAPS = re.compile(
    r"\\q?quad|\\(?<!\\\\)[,;:> ]|~|\\hspace\*?\{[^{}]*\}|\\(?:hfill|newline|nobreak|allowbreak)(?![a-zA-Z])"
)
_NEGATIVE_GAP = re.compile(
    r"\\(?<!\\\\)!|\\phantom\{[^{}]*\}|\\label\{[^{}]*\}"
    r"|\\(?:text)?color\{[^{}]*\}|\\text\{[\s.,]*\}|\\(?:checkmark|blacksquare|square|qed)(?![a-zA-Z])"
)
_COMMA_IN_TEXT = re.compile(r"\\text ?\{\s*,\s*\}")
_AND = re.compile(r"(?<=[\d}$) ])\s*\\?&\s*(?=[\d\\$(-])")
_EASTERN_LEAD = re.compile(r"(?:大约|约为|约|一共|总共|共有|共|等于|为|是|答案是|答)+(?=[\d\\$-])")
_ROMAN = re.compile(r"\{\\(?:rm|bf|it) ([^{}]{0,80})\}")
_DELIMITERS = re.compile(r"\\(?<!\\\\)[()\[\]]")
_ROW_GAP = re.compile(r"\\\\\[[0-9.]{1,5} ?(?:pt|em|ex|mm|cm)\]")
_SPACED_DIGITS = re.compile(r"(?<![\d.,/^_] )(?<![\d.,/^_])\d{1,3}(?: \d{3})+(?![\d/]| \d)")
_HALF_DAY = re.compile(r"(?<=[\d ])([ap])\. ?m\b\.?")
_TIMES = re.compile(r"(?<=\d) ?[xX] ?(?=10 ?(?:\^|\*\*))|(?<=\d) [xX] (?=\d)")  # 3 x 10^8, 6 x 4
_SAME_COMMAND = re.compile(
    r"\\(?:[dtc]frac|[dt]binom|leqslant|leqq|leq|geqslant|geqq|geq|neq|varnothing|lbrace|rbrace|lbrack|rbrack"
    r"|lvert|rvert|vert|mid|gt|lt|dots[bcmoi]?|cdots|ldots|longrightarrow|rightarrow|implies|thinspace"
    r"|varphi|varepsilon|vartheta|colon|dotsc|wedge|land|lor|vee)(?![a-zA-Z])"
)
_SAME = {
    "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac", "dbinom": r"\binom", "tbinom": r"\binom",
    "leqslant": r"\le", "leqq": r"\le", "leq": r"\le", "geqslant": r"\ge", "geqq": r"\ge", "geq": r"\ge",
    "neq": r"\ne", "varnothing": r"\emptyset", "lbrace": r"\{", "rbrace": r"\}", "lbrack": "[", "rbrack": "]",
    "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "gt": ">", "lt": "<", "dots": r"\ldots", "cdots": r"\ldots",
    "dotsc": r"\ldots", "dotsb": r"\ldots", "dotsm": r"\ldots", "dotso": r"\ldots", "dotsi": r"\ldots",
    "longrightarrow": r"\to", "rightarrow": r"\to", "implies": r"\Rightarrow", "thinspace": " ",
    "varphi": r"\phi", "varepsilon": r"\epsilon", "vartheta": r"\theta", "colon": ":", "land": r"\text{ and }",
    "wedge": r"\text{ and }", "lor": r"\text{ or }", "vee": r"\text{ or }",
}  # fmt: skip


def clean(text: str) -> str:
    """LaTeX without typography, sizing and spacing; thousands joined; one blank at most between things."""
    text = whole_rows(with_signs(undecorated(to_ascii(restored(text)).replace("{:}", ":"))))
    if "\\" in text:
        if "\\\\" in text and r"\begin" not in text:
            text = _DOUBLED.sub(r"\\", text)
        text = _GROUPED.sub("", _ROW_GAP.sub(r"\\\\", text))
        text = _NEGATIVE_GAP.sub("", _COMMA_IN_TEXT.sub(", ", text))
        text = _SAME_COMMAND.sub(lambda found: _SAME.get(found[0][1:], found[0]), text)
        text = _SIZING.sub("", _ROMAN.sub(r"\\text{\1}", text))
        text = _GAPS.sub(" ", text)
        text = _DELIMITERS.sub(" ", text)
    elif "{,}" in text or "~" in text:
        text = _GROUPED.sub("", text).replace("~", " ")
    text = " ".join(_drop_dollars(text).split())
    if ".m" in text or ". m" in text:
        text = _HALF_DAY.sub(r"\1m", text)
    if "x" in text or "X" in text:
        text = _TIMES.sub(r"\\times ", text)
    if "&" in text and r"\begin" not in text:
        text = _AND.sub(r" \\text{and} ", text)
    if not text.isascii():
        text = _EASTERN_LEAD.sub("", text, count=1) if _EASTERN_LEAD.match(text) else text
    text = plain_units(text)
    if " " in text:
        text = _SPACED_DIGITS.sub(lambda run: run[0].replace(" ", ""), text)
    return text.strip("*_ ").rstrip(".,;:? ")


def _drop_dollars(text: str) -> str:
    """Remove dollar signs that delimit formulas; `\\$` and a lone leading `$5` are currency."""
    if "$" not in text:
        return text
    bare = text.replace(r"\$", "\0")
    if bare.count("$") == 1 and re.match(r"\s*-?\s*\$\s*\d", bare):
        bare = bare.replace("$", "\0")
    return bare.replace("$", " ").replace("\0", r"\$")


TEXT_COMMANDS = r"(?:text(?:bf|it|rm|sf|tt|normal|up|sc)?|mbox|hbox|mathrm|rm|operatorname\*?|emph)"
_WRAPPED_TEXT = re.compile(r"\\" + TEXT_COMMANDS + r"\s*\{([^{}]*)\}")
_STYLE = re.compile(r"\\(?:math(?:bf|it|sf|tt|cal|frak|bb|scr|rm)|boldsymbol|bm|underline|ensuremath)(?![a-zA-Z])")
_ONE_GROUP = re.compile(r"\{([^{}\\]|\\[a-zA-Z]+)\}")
_LOOSE_SPACE = re.compile(r" (?![0-9A-Za-z])|(?<![0-9A-Za-z]) ")


def normal_form(cleaned: str) -> str:
    r"""Cleaned LaTeX as one string that common spellings share: `\text{Yes}` is `Yes`, `x^{2}` is `x^2`."""
    text = cleaned
    if "\\" in text:
        text = _STYLE.sub("", _WRAPPED_TEXT.sub(r" \1 ", text))
    if "{" in text:
        text = _ONE_GROUP.sub(r"\1", text)
    return _LOOSE_SPACE.sub("", " ".join(text.split())).strip()
