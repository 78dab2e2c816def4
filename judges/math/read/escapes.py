r"""LaTeX commands whose backslash was lost when JSON or Python read `\f`, `\t`, `\b`, `\n` … as a control character."""

from __future__ import annotations

import re

_REST_OF_COMMAND = {  # by the control character that swallowed the first letter: what was left of the names
    "\x07": "lpha|pprox|ngle|ln|st|rcsin|rccos|rctan|rray",
    "\b": "oxed|eta|inom|egin|ar|igcup|igcap|igl|igr|ig|f|ackslash|oldsymbol|mod|m|ullet",
    "\t": r"imes|heta|ext(?:bf|it|rm)?|frac|riangle|herefore|au(?![a-z])|anh?(?=\s*[\\({^\d]|\s+[a-z]\b)"
    r"|o(?=\s*[-+\\\d])|op(?![a-z])|binom|ilde",
    "\n": r"abla|eq(?![a-z])|otin|eg(?![a-z])|exists|parallel|mid(?![a-z])|e(?=\s+[-\\\d])",
    "\v": "ec|ee|arphi|arepsilon|artheta|arnothing|ert|dots",
    "\f": "rac|lat|orall|box|rown",
    "\r": "ight(?:arrow)?|ho|angle|floor|ceil|brace|vert|m|Rightarrow",
}
_LOST = {
    control: re.compile(rf"{re.escape(control)}(?=(?:{rest}))" if control in "\t\n" else f"{control}(?={rest})")
    for control, rest in _REST_OF_COMMAND.items()
}
_LETTER = {"\x07": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r"}
_BLANKS = "\t\n\r"  # stand in texts for themselves as well
_SURELY_LOST = [(control, pattern) for control, pattern in _LOST.items() if control not in _BLANKS]
_DROPPED = re.compile(r"(?<![a-zA-Z\\])(?:(rac)(?=\{)|(oxed)(?=\{)|(ext)(?=\{)|(egin)(?=\{)|(imes)\b|(heta)\b)")
_REST = re.compile(r"rac\{|oxed\{|ext\{|egin\{|imes|heta")  # without a look behind every character: fast
_FIRST = ("f", "b", "t", "b", "t", "t")


def restored(text: str) -> str:
    r"""An answer with its commands whole again: form feed + `rac{1}{2}` and `rac{1}{2}` are `\frac{1}{2}`."""
    for control, pattern in _LOST.items():
        if control in text:
            text = pattern.sub(r"\\" + _LETTER[control], text)
    return _DROPPED.sub(_with_first_letter, text) if _REST.search(text) else text


def restored_boxes(text: str) -> str:
    """A whole completion, where only a control character that is no blank is a sign of a lost backslash."""
    for control, pattern in _SURELY_LOST:
        if control in text:
            text = pattern.sub(r"\\" + _LETTER[control], text)
    # Completions are long and their box is near the end: it is looked for from there.
    return text if text.rfind("\\boxed") >= 0 else text.replace("\noxed{", "\n\\boxed{").replace(" oxed{", " \\boxed{")


def _with_first_letter(found: re.Match[str]) -> str:
    assert found.lastindex is not None
    return "\\" + _FIRST[found.lastindex - 1] + found[0]
